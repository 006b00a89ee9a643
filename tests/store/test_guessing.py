"""How many PINs an attacker can try who makes 10,000 calls an hour, with three entries each, from one number or many."""

from __future__ import annotations

import math
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from attempts import judge

from vipgate_fs.gate.lockout import Attempt, Judgement, Lockout, Tally
from vipgate_fs.gate.memory import InMemory

DOCUMENT = Path(__file__).parents[2] / "docs" / "lockout-and-records.md"
CALLS = 10_000
"""In an hour."""
ENTRIES = 3
"""In a call."""
HOUR, DAY, YEAR, BEGIN = 3600.0, 86_400.0, 365 * 86_400.0, 1e9
PAUSE = HOUR / CALLS
ATTACKERS = {
    "1 number": (1, None),
    "10,000 numbers": (10_000, None),
    "and a PIN of their own": (10_000, "their own"),
    "or numbers that are known": (10_000, "known"),
}
"""How many numbers each forges, and what the right PIN comes from all of them for, before guessing begins."""
FORGERS = pytest.mark.parametrize("attacker", ATTACKERS)
SETTINGS = {
    "the defaults": Lockout(),
    "`gate_failures: 20`": Lockout(gate_failures=20),
    "`forgive: 24h, gate_forgive: 12h`": Lockout(forgive=DAY, gate_forgive=DAY / 2),
}


class Attack:
    """Calls, one after the other from so many numbers.

    Attributes:
        at: when PINs were really compared, in seconds since the beginning.
    """

    def __init__(self, lockout, attacker, said, customer=None, open_store=None):
        self.at = []
        self._numbers, self._proved = ATTACKERS[attacker]
        self._lockout, self._customer = lockout, customer
        self._now = BEGIN
        self._memory = open_store(clock=lambda: self._now) if open_store else InMemory(said, lambda: self._now)
        self._asked = {}

    def last(self, seconds, leaps=True):
        """Make all calls of so many seconds; with `leaps` without those that are in vain whoever makes them."""
        number = 0
        while (passed := number * PAUSE) < seconds:
            self._now = BEGIN + passed
            caller = f"+4917{number % self._numbers:07}"
            self._prove(caller)
            attempt = Attempt("g", self._lockout, caller, self._customer)
            for _ in range(ENTRIES):
                if judge(self._memory, attempt) is not Judgement.WRONG:
                    break  # nor is what they enter in the same moment
                self.at.append(passed)
            number = max(number + 1, math.floor((self._free(attempt) - BEGIN) / PAUSE) if leaps else 0)
        return self

    def _prove(self, caller):
        """The right PIN comes from a number: their own whenever they like, that of the one they guess at once a month."""
        if self._proved == "their own":
            judge(self._memory, Attempt("g", self._lockout, caller, "their own"), right=True)
        elif self._proved and self._now - self._asked.get(caller, 0.0) > 30 * DAY:
            self._asked[caller] = self._now
            proof = Attempt("g", self._lockout, caller, self._customer).proof
            self._tallies.keep({proof: Tally(right_at=self._now)})
            if self._tallies is not self._memory:
                self._tallies._limits[proof] = self._lockout
                self._tallies._unsaved.add(proof)

    @property
    def _tallies(self):
        """What this process remembers of them."""
        return getattr(self._memory, "_meanwhile", self._memory)

    def _free(self, attempt):
        """When the lockouts end that hold all callers, for they have one number, or these are not their own."""
        memory, nothing = self._tallies._tallies, Tally()
        ends = [
            min(memory.get(each, nothing).locked_until for each in pair[: 1 + (self._proved == "known")])
            for pair in attempt.shared
        ]
        own = [memory[attempt.own].locked_until] if self._numbers == 1 else []
        return max(*ends, *own, 0.0)

    def tried(self, seconds):
        return sum(at < seconds for at in self.at)


def table(said):
    spans = {"in a day": DAY, "in a year": YEAR}
    lines = [["setting", *(f"{attacker}: {span}" for span in spans for attacker in ATTACKERS)]]
    lines.append(["---"] + ["--:"] * len(spans) * len(ATTACKERS))
    cases = [(name, lockout, None) for name, lockout in SETTINGS.items()]
    cases.append(("the defaults, one customer's PIN (`entered_id`)", Lockout(), "10027"))
    for name, lockout, customer in cases:
        attacks = [Attack(lockout, attacker, said, customer).last(YEAR) for attacker in ATTACKERS]
        lines.append([name, *(str(attack.tried(time)) for time in spans.values() for attack in attacks)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def test_the_table_of_the_document_is_what_an_attack_gives(said):
    shown = DOCUMENT.read_text().partition("<!-- guessing -->\n")[2].partition("<!-- /guessing -->")[0]
    assert shown.strip() == table(said).strip()


def is_bounded(attack, attacker, lockout, customer):
    """Whether there are never more failed attempts within any time than there may be."""
    numbers, proved = ATTACKERS[attacker]
    limit = lockout.each if customer or numbers == 1 else lockout.whole
    return all(
        later - earlier + 1 <= limit.most(attack.at[later] - attack.at[earlier]) * (1 + (proved == "known"))
        for later in range(len(attack.at))
        for earlier in range(later + 1)
    )


@FORGERS
@pytest.mark.parametrize("customer", [None, "10027"])
def test_no_more_pins_are_compared_than_the_limits_allow(said, attacker, customer):
    lockout = Lockout()
    attack = Attack(lockout, attacker, said, customer).last(HOUR, leaps=False)
    assert is_bounded(attack, attacker, lockout, customer)
    assert attack.at == Attack(lockout, attacker, said, customer).last(HOUR).at, (
        "calls that were left out would have been in vain"
    )


@FORGERS
def test_it_is_the_same_with_a_real_store(said, open_store, attacker):
    attack = Attack(Lockout(), attacker, said, "10027", open_store=open_store).last(HOUR)
    assert attack.at == Attack(Lockout(), attacker, said, "10027").last(HOUR).at
    assert not any("store" in event for event in said.events)


def test_sixty_known_numbers_and_parallel_calls_make_no_more_guesses_at_another_customer(open_store):
    """The attack of whoever has customer 1001's PIN, forges sixty numbers, and wants 1002's."""
    lockout = Lockout()
    machines = [open_store() for _ in range(2)]
    numbers = [f"+4917{number:07}" for number in range(60)]

    def call(number):
        store = machines[number % 2]
        own, guess = (Attempt("g", lockout, numbers[number], customer) for customer in ("1001", "1002"))
        return [judge(store, own, right=True), *(judge(store, guess) for _ in range(4))]

    honest = Attempt("g", lockout, "+4930123456", "1002")
    judge(machines[0], honest, right=True)
    with ThreadPoolExecutor(12) as pool:
        judged = Counter(judgement for call in pool.map(call, range(60)) for judgement in call)
    assert judged == {Judgement.RIGHT: 60, Judgement.WRONG: lockout.failures, Judgement.LOCKED: 240 - lockout.failures}
    assert judge(machines[1], honest, right=True) == Judgement.RIGHT


def test_a_known_caller_gets_through_in_the_middle_of_an_attack(said):
    now = [1e9]
    memory, vip = InMemory(said, clock=lambda: now[0]), Attempt("g", Lockout(), "+4930123456")
    assert judge(memory, vip, right=True) == Judgement.RIGHT
    for number in range(1000):
        judge(memory, Attempt("g", Lockout(), f"+4917{number:07}"))
        assert judge(memory, vip, right=True) == Judgement.RIGHT
        now[0] += PAUSE
