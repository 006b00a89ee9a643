"""Whoever has days, months and years to guess: the total is bounded, and no honest company is locked out by the bound."""

from __future__ import annotations

import random

import pytest
from attempts import attempt_of, judge

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.channel import CallEnded
from vipgate_fs.gate.decision import Decision
from vipgate_fs.gate.dialogue import conduct
from vipgate_fs.gate.gate import Gate, Prompts, Protects
from vipgate_fs.gate.lockout import Account, Attempt, Judgement, Lockout
from vipgate_fs.gate.memory import InMemory
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.verdict import AskForPin
from vipgate_fs.preview.guessing import Question, Right

RIGHT, WRONG, LOCKED = Judgement.RIGHT, Judgement.WRONG, Judgement.LOCKED
BEGIN, HOUR, DAY = 1e9, 3600.0, 86_400.0
SPANS = (DAY, 30 * DAY, 365 * DAY)
RUNS, STEPS = 1009, (1, 400)
"""Points of a lattice, which no run of dice spreads so evenly."""


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("lockout", "length", "right", "days", "many"),
    [
        (Lockout(), 3, 1, 30, False),
        (Lockout(), 3, 1, 1, True),
        (Lockout(), 4, 1, 7, True),
        (Lockout(gate_failures=20, gate_forgive=12 * HOUR), 3, 2, 30, True),
        (Lockout(failures=1, forgive=DAY), 3, 2, 90, False),
        (Lockout(failures=3, forgive=HOUR), 3, 1, 4, False),
        (Lockout(failures=10, forgive=6 * HOUR, duration=10 * HOUR), 3, 1, 14, False),
        (Lockout(gate_failures=100, gate_forgive=2 * HOUR, longest=7 * DAY), 4, 1, 2, True),
    ],
)
def test_the_formula_is_what_guessing_comes_to(lockout, length, right, days, many, open_store, clock):
    """The guesser tries one PIN after the other, as soon as the lockout lets them; PINs are spread evenly over all."""
    tried, store = 0, open_store()
    for _ in range(1000):
        attempt = attempt_of(f"+49176{tried if many else 0:08}", lockout)
        if not store.is_locked(attempt):
            assert judge(store, attempt) is WRONG
            tried += 1
        else:
            clock.now = max(each.locked_until for each in store._meanwhile.tallies(attempt.accounts).values())
        if clock.now >= BEGIN + days * DAY:
            break
    shares = [[(run * step % RUNS + 0.5) / RUNS for step in STEPS[:right]] for run in range(RUNS)]
    hits = sum(any(int(share * 10**length) < tried for share in each) for each in shares)
    chance = Question(1, "static_pin", (Right(length),) * right).chance(lockout, days * DAY, many=many)
    assert hits / RUNS == pytest.approx(chance, rel=0.1)


# A year in few attempts, and two customers beside the attacker, who is one
SLOW = Lockout(
    failures=3,
    forgive=20 * DAY,
    duration=12 * HOUR,
    longest=30 * DAY,
    gate_failures=9,
    gate_forgive=10 * DAY,
)
NUMBERS, VICTIMS, OWN = tuple("abcdefghij"), ("1002", "1003"), "1001"


def attack(dice, workers, clock, known=()):
    """A year of an attacker with many numbers and a PIN of their own, who pauses as they like.

    Returns:
        When a PIN was compared with each customer's, from which number.
    """
    compared = []
    style = [dice.choice((0, 0.0, 60, HOUR)), dice.choice((HOUR, 12 * HOUR, DAY)), dice.choice((10, 20, 40)) * DAY]
    while clock.now < BEGIN + 365 * DAY:
        number, worker = dice.choice((*NUMBERS, *known)), dice.choice(workers)
        mistakes = ()
        for _ in range(dice.randrange(4)):
            customer = dice.choice((*VICTIMS, OWN))
            right = customer == OWN and dice.random() < 0.6
            more = {"mistakes": mistakes} if customer == OWN else {}
            attempt = Attempt("g", SLOW, number, customer, **more)
            judged = worker.judge(attempt, Pin("1"), "1" if right else "2")
            if customer == OWN:
                mistakes += judged.counted
            elif judged.judgement is WRONG:
                compared.append((clock.now, customer, number))
            if judged.judgement is RIGHT:
                break
        clock.now += dice.choice(style)
    return compared


def within(times, limit, factor=1):
    """Whether there are never more within any time than there may be."""
    return all(
        later - earlier + 1 <= factor * limit.most(times[later] - times[earlier])
        for later in range(len(times))
        for earlier in range(later + 1)
    )


def check(compared, known=()):
    """That the bounds hold, in any day, month and year, and in any other time."""
    factor = 2 if known else 1
    assert within([at for at, *_ in compared], SLOW.whole, factor)
    assert len(compared) <= factor * SLOW.whole.most(365 * DAY)
    for what in (*VICTIMS, *NUMBERS, *known):
        times = [at for at, customer, number in compared if what in (customer, number)]
        assert within(times, SLOW.each, factor if what in VICTIMS else 1)
        for span in SPANS:
            most = max((sum(at <= each < at + span for each in times) for at in times), default=0)
            assert most <= SLOW.each.most(span) * (factor if what in VICTIMS else 1)


@pytest.mark.parametrize("seed", range(40))
def test_no_patient_attacker_exceeds_the_bound(said, clock, seed):
    check(attack(random.Random(seed), [InMemory(said, clock)], clock))


@pytest.mark.parametrize("seed", range(20))
def test_nor_with_numbers_that_are_known_twice_of_it(said, clock, seed):
    memory, known = InMemory(said, clock), ("VIP", "other VIP")
    for number, customer in zip(known, VICTIMS, strict=True):
        assert judge(memory, Attempt("g", SLOW, number, customer), right=True) is RIGHT
    check(attack(random.Random(seed), [memory], clock, known), known)


def test_nor_at_several_workers_with_one_store(open_store, clock):
    compared = attack(random.Random(28), [open_store() for _ in range(3)], clock)
    check(compared)
    assert len(compared) > SLOW.whole.most(365 * DAY) / 2, "this attacker is a good one"


class Keypad:
    """A channel whose caller keys in what they are given, then hangs up."""

    def __init__(self, *entries):
        self.entries = list(entries)

    def ask(self, _prompt):
        if not self.entries:
            raise CallEnded
        return self.entries.pop(0)

    def nothing(self, *_):
        """Nobody looks."""

    answer = transfer = reject = nothing


PIN, GATE = "471108", Gate("g", 1, Protects(), (), Prompts("", "", ""))


def a_day(dice, memory, clock, *, numbers, calls=200):
    """A busy gate's day: of each hundred calls five begin with a wrong PIN, and in four of these the next is right.

    Of the others, half call again, and half give up after three. How many calls that should have got through did not.
    """
    lost, morning = 0, clock.now
    for at in sorted(dice.random() for _ in range(calls)):
        clock.now = morning + 8 * HOUR + at * 10 * HOUR
        caller = f"+4930{dice.randrange(numbers):07}"
        fate = dice.random()
        entries = [(PIN,)]
        if fate < 0.005:
            entries = [("1", "2", "3")]
        elif fate < 0.01:
            entries = [("1",), (PIN,)]
        elif fate < 0.05:
            entries = [("1", PIN)]
        outcomes = [
            conduct(Decision(AskForPin(Pin(PIN)), GATE, ()), Call("u", caller, "7", "7"), Keypad(*each), memory)
            for each in entries
        ]
        lost += PIN in entries[-1] and outcomes[-1].result != "pin_correct"
    clock.now = morning + DAY
    return lost


@pytest.mark.parametrize("numbers", [200, 10_000_000], ids=["known callers", "each from another number"])
def test_a_busy_honest_company_is_never_locked_out(said, clock, numbers):
    memory, dice = InMemory(said, clock), random.Random(7)
    assert sum(a_day(dice, memory, clock, numbers=numbers) for _ in range(25)) == 0
    assert [values for _, event, values in said.lines if values["kind"] != "caller"] == []


def test_nor_are_its_known_callers_while_the_gate_is_under_siege(said, clock):
    memory, dice = InMemory(said, clock), random.Random(7)
    regulars = [f"+4930{number:07}" for number in range(20)]
    for caller in regulars:
        judge(memory, attempt_of(caller, Lockout()), right=True)
    locked = Account("g", "gate", "")
    for number in range(300):
        if judge(memory, attempt_of(f"+4917{number:07}", Lockout())) is LOCKED:
            clock.now = memory.tallies([locked])[locked].locked_until - 1
        assert judge(memory, attempt_of(dice.choice(regulars), Lockout()), right=True) is RIGHT
    assert {values["kind"] for _, _, values in said.lines} == {"gate"}
