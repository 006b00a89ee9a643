"""How many PINs an attacker can try who enters one every 3.6 s (1,000 an hour), from one number or from many."""

from __future__ import annotations

from pathlib import Path

import pytest

from vipgate_fs.gate.lockout import Entry, Judgement, Lockout
from vipgate_fs.store.lockouts import Lockouts

DOCUMENT = Path(__file__).parents[2] / "docs" / "lockout-and-records.md"
PAUSE = 3.6
HOUR, DAY = 1000, 24_000
"""Entries."""
NUMBERS = (1, 100, 1000)
SETTINGS = {
    "the defaults": Lockout(),
    "`failures: 3`": Lockout(failures=3),
    "`gate_failures: 20`": Lockout(gate_failures=20),
    "`window: 1h, duration: 1h`": Lockout(window=3600.0, duration=3600.0),
    "`longest: 15m` (no doubling)": Lockout(longest=900.0),
}


def tried(lockout, numbers, said, customer=None, entries=HOUR):
    """After how many entries of an attack an hour, and a day, have gone: PINs that were really compared."""
    now = [1e9]
    lockouts = Lockouts(said, clock=lambda: now[0])
    compared, after = 0, {}
    for number in range(entries):
        judgement = lockouts.judge(Entry("g", lockout, f"+4917{number % numbers:07}", customer))
        compared += judgement is Judgement.WRONG
        now[0] += PAUSE
        after[number + 1] = compared
    return after


def table(said):
    heads = [f"{numbers:,} number{'s'[: numbers - 1]}" for numbers in NUMBERS]
    lines = [["setting", *(f"{head}: in an hour" for head in heads), *(f"{head}: in a day" for head in heads)]]
    lines.append(["---"] + ["--:"] * 6)
    cases = [(name, lockout, None) for name, lockout in SETTINGS.items()]
    cases.append(("the defaults, one customer's PIN (`entered_id`)", Lockout(), "10027"))
    for name, lockout, customer in cases:
        counts = [tried(lockout, numbers, said, customer, DAY) for numbers in NUMBERS]
        lines.append([name, *(str(after[HOUR]) for after in counts), *(str(after[DAY]) for after in counts)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def test_the_table_of_the_document_is_what_an_attack_gives(said):
    shown = DOCUMENT.read_text().partition("<!-- guessing -->\n")[2].partition("<!-- /guessing -->")[0]
    assert shown.strip() == table(said).strip()


@pytest.mark.parametrize("numbers", NUMBERS)
def test_no_more_pins_in_a_window_than_the_gate_allows(said, numbers):
    lockout = Lockout()
    after = tried(lockout, numbers, said)
    most = lockout.failures if numbers == 1 else lockout.gate_failures
    window = int(lockout.window / PAUSE)
    assert all(after[end] - after[end - window] <= most for end in range(window + 1, HOUR + 1))


@pytest.mark.parametrize("rest", [0, 1, 2, 7])
@pytest.mark.parametrize("lockouts", [1, 3, 5, 7])
def test_whoever_waits_for_better_days_gains_nothing(said, lockouts, rest):
    """An attack of 60 days: so many lockouts, one after the other, then so many days of rest."""
    now, compared = [1e9], 0
    kept = Lockouts(said, clock=lambda: now[0])
    while (days := (now[0] - 1e9) / 86_400) < 60:
        for _ in range(lockouts):
            while kept.judge(Entry("g", Lockout(), "")) is Judgement.WRONG:
                compared += 1
            while kept.is_locked(Entry("g", Lockout(), "")):
                now[0] += 900
        now[0] += rest * 86_400
    first_day, each_day = 35, 5
    assert compared <= first_day + days * each_day


def test_a_known_caller_gets_through_in_the_middle_of_an_attack(said):
    now = [1e9]
    lockouts = Lockouts(said, clock=lambda: now[0])
    vip = Entry("g", Lockout(), "+4930123456", right=True)
    assert lockouts.judge(vip) == Judgement.RIGHT
    for number in range(HOUR):
        lockouts.judge(Entry("g", Lockout(), f"+4917{number:07}"))
        assert lockouts.judge(vip) == Judgement.RIGHT
        now[0] += PAUSE
