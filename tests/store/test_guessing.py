"""How many PINs an attacker can try who makes 10,000 calls an hour, with three entries each, from one number or many."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from vipgate_fs.gate.lockout import Entry, Judgement, Lockout
from vipgate_fs.store.lockouts import Lockouts

DOCUMENT = Path(__file__).parents[2] / "docs" / "lockout-and-records.md"
CALLS = 10_000
"""In an hour."""
ENTRIES = 3
"""In a call."""
HOUR, DAY, BEGIN = 3600.0, 86_400.0, 1e9
PAUSE = HOUR / CALLS
NUMBERS = (1, 100, 10_000)
SETTINGS = {
    "the defaults": Lockout(),
    "`failures: 3`": Lockout(failures=3),
    "`gate_failures: 20`": Lockout(gate_failures=20),
    "`window: 1h, duration: 1h`": Lockout(window=3600.0, duration=3600.0),
    "`longest: 15m` (no doubling)": Lockout(longest=900.0),
}


class Attack:
    """Calls, one after the other from so many numbers.

    Attributes:
        at: when PINs were really compared, in seconds since the beginning.
    """

    def __init__(self, lockout, numbers, said, customer=None, database=None):
        self.at = []
        self._lockout, self._numbers, self._customer = lockout, numbers, customer
        self._now = BEGIN
        self._lockouts = Lockouts(said, database, clock=lambda: self._now)

    def last(self, seconds, leaps=True):
        """Make all calls of so many seconds; with `leaps` without those that are in vain whoever makes them."""
        number = 0
        while (passed := number * PAUSE) < seconds:
            self._now = BEGIN + passed
            entry = Entry("g", self._lockout, f"+4917{number % self._numbers:07}", self._customer)
            for _ in range(ENTRIES):
                if self._lockouts.judge(entry) is not Judgement.WRONG:
                    break  # nor is what he enters in the same moment
                self.at.append(passed)
            number = max(number + 1, math.floor((self._free(entry) - BEGIN) / PAUSE) if leaps else 0)
        return self

    def _free(self, entry):
        """When the lockouts end that hold all callers, for they have one number, or these are not their own."""
        all_callers = [account for account in entry.limits if account.kind != "caller" or self._numbers == 1]
        return max(self._lockouts._memory[account].locked_until for account in all_callers)

    def tried(self, seconds):
        return sum(at < seconds for at in self.at)


def table(said):
    heads = [f"{numbers:,} number{'s'[: numbers - 1]}" for numbers in NUMBERS]
    lines = [["setting", *(f"{head}: in an hour" for head in heads), *(f"{head}: in a day" for head in heads)]]
    lines.append(["---"] + ["--:"] * 6)
    cases = [(name, lockout, None) for name, lockout in SETTINGS.items()]
    cases.append(("the defaults, one customer's PIN (`entered_id`)", Lockout(), "10027"))
    for name, lockout, customer in cases:
        attacks = [Attack(lockout, numbers, said, customer).last(DAY) for numbers in NUMBERS]
        lines.append([name, *(str(attack.tried(time)) for time in (HOUR, DAY) for attack in attacks)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def test_the_table_of_the_document_is_what_an_attack_gives(said):
    shown = DOCUMENT.read_text().partition("<!-- guessing -->\n")[2].partition("<!-- /guessing -->")[0]
    assert shown.strip() == table(said).strip()


@pytest.mark.parametrize("numbers", NUMBERS)
def test_no_more_pins_in_a_window_than_the_gate_allows(said, numbers):
    lockout = Lockout()
    attack = Attack(lockout, numbers, said).last(HOUR, leaps=False)
    most = lockout.failures if numbers == 1 else lockout.gate_failures
    assert len(attack.at) > most
    assert all(later - at >= lockout.window for at, later in zip(attack.at, attack.at[most:], strict=False))
    assert attack.at == Attack(lockout, numbers, said).last(HOUR).at, "calls that were left out would have been in vain"


@pytest.mark.parametrize("numbers", NUMBERS)
def test_it_is_the_same_with_a_real_store(said, database, numbers):
    attack = Attack(Lockout(), numbers, said, database=database).last(HOUR)
    assert attack.at == Attack(Lockout(), numbers, said).last(HOUR).at
    assert not any(event.startswith("the store") for event in said.events)


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
    for number in range(1000):
        lockouts.judge(Entry("g", Lockout(), f"+4917{number:07}"))
        assert lockouts.judge(vip) == Judgement.RIGHT
        now[0] += PAUSE
