"""The chance of whoever guesses, by formula, is what comes of guessing at the real lockout."""

import json

import pytest
from click.testing import CliRunner

from vipgate_fs.cli import main
from vipgate_fs.gate.lockout import Attempt, Judgement, Lockout
from vipgate_fs.gate.memory import InMemory
from vipgate_fs.gate.pins import AnyOf, Pin
from vipgate_fs.preview.guessing import Question, Right, attempts

BEGIN = 1e9
RUNS, STEPS = 101, (1, 40, 27)
"""Points of a lattice in three dimensions, which no run of dice spreads so evenly."""


class Silence:
    def warning(self, event, **values):
        """Nobody listens."""


@pytest.mark.parametrize(
    ("lockout", "length", "right", "seconds", "many", "hasty"),
    [
        (Lockout(), 3, 1, 3 * 3600, False, False),
        (Lockout(), 3, 1, 3600, True, False),
        (Lockout(), 4, 3, 6 * 3600, True, False),
        (Lockout(failures=2, gate_failures=2, longest=900), 3, 1, 86_400, False, True),
        (Lockout(failures=1, gate_failures=1), 2, 1, 7 * 86_400, False, True),
        (Lockout(failures=3, gate_failures=20), 3, 2, 3600, True, False),
        (Lockout(failures=10, window=3600, duration=3600, gate_failures=10), 3, 1, 86_400, False, False),
        (Lockout(failures=5, gate_failures=100, window=7200, duration=7200), 4, 1, 86_400, True, False),
    ],
)
def test_the_formula_is_what_guessing_comes_to(lockout, length, right, seconds, many, hasty):
    """PINs are spread evenly over all there are, so that luck does not need a thousand runs."""
    question = Question(1, "static_pin", (Right(length),) * right)
    hits = 0
    for run in range(RUNS):
        shares = [(run * step % RUNS + 0.5) / RUNS for step in STEPS[:right]]
        expected = AnyOf(tuple(Pin(f"{int(share * 10**length):0{length}}") for share in shares))
        hits += guess(expected, lockout, length, seconds, many=many, hasty=hasty)
    assert hits / RUNS == pytest.approx(question.chance(lockout, seconds, many=many), rel=0.1)


def guess(expected, lockout, length, seconds, *, many, hasty):
    """Try one PIN after the other as fast as the lockout lets one; whether it was one of them."""
    now = [BEGIN]
    memory = InMemory(Silence(), lambda: now[0])
    limit = lockout.gate_failures if many else lockout.failures
    burst = limit if hasty else limit - 1
    number = 0
    while now[0] < BEGIN + seconds:
        for _ in range(burst):
            caller = f"+49176{number if many else 0:08}"
            judged = memory.judge(Attempt("g", lockout, caller), expected, f"{number:0{length}}")
            assert judged.judgement is not Judgement.LOCKED
            number += 1
            if judged.judgement is Judgement.RIGHT:
                return True
        locked = max((tally.locked_until for tally in memory._tallies.values()), default=0.0)
        now[0] = max(now[0] + lockout.window, locked)
    return False


def test_no_guesser_has_more_attempts_than_are_said():
    """Of bursts of every size, none gets more compared."""
    lockout = Lockout(failures=4, window=60, duration=60, longest=600, gate_failures=4)
    for burst in range(1, 6):
        now, compared = [BEGIN], 0
        memory = InMemory(Silence(), lambda: now[0])  # noqa: B023 - called in this round only
        while now[0] < BEGIN + 3600:
            for _ in range(burst):
                judged = memory.judge(Attempt("g", lockout, "1"), Pin("99"), "1")
                compared += judged.judgement is Judgement.WRONG
            now[0] += 60
        assert compared <= attempts(4, lockout, 3600)


def test_audit_has_a_row_for_each_gate(tmp_path):
    file = tmp_path / "vipgate.yaml"
    file.write_text(
        "version: 1\ngates:\n"
        "  g: {protects: {numbers: ['7000']}, identify: [{static_pin: {pin: '471108'}}]}\n"
        "  h: {protects: {numbers: ['7001']}, otherwise: {forward: '1'}}\n"
    )
    run = CliRunner().invoke(main, ["--config", str(file), "audit", "--format", "json"])
    known, unknown = json.loads(run.stdout)
    assert (known["line"], known["right_pins"], known["digits"]) == (3, 1, 6)
    assert known["attempts_from_many"] == [197, 4705, 1_716_961]
    assert (known["chance_from_one"], known["chance_from_many"]) == (pytest.approx(0.140161), 1.0)
    assert (unknown["gate"], unknown["digits"], unknown["chance_from_many"]) == ("h", None, 0.0)
    run = CliRunner().invoke(main, ["--config", str(file), "audit"])
    assert "14 %" in run.output
    assert "471108" not in run.output
