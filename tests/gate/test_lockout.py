from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.gate.lockout import (
    KNOWN_FOR,
    NO_CUSTOMER,
    SLOTS,
    Account,
    Attempt,
    Judgement,
    Lockout,
    Tally,
    is_in_vain,
    judge,
)
from vipgate_fs.gate.pins import Match

RIGHT, WRONG, LOCKED = Judgement.RIGHT, Judgement.WRONG, Judgement.LOCKED
LIMITS = Lockout(failures=3, window=100.0, duration=100.0, longest=1000.0, gate_failures=6)
START = 10**9
"""Unix time at which the tests begin."""


class Book:
    """Judges entries and remembers the tallies, as a store does."""

    def __init__(self, lockout=LIMITS):
        self.lockout = lockout
        self.tallies = {}

    def attempt(self, caller, customer=None):
        return Attempt("g", self.lockout, caller, customer)

    def judge(self, now, caller, right=False, customer=None, makes_known=True):
        attempt = self.attempt(caller, customer)
        match = Match(makes_known=makes_known) if right else None
        judgement, after = judge(attempt, match, self.of(attempt), START + now)
        self.tallies |= after
        return judgement

    def of(self, attempt):
        return {account: self.tallies.get(account, Tally()) for account in attempt.accounts}

    def is_in_vain(self, now, caller):
        attempt = self.attempt(caller)
        return is_in_vain(attempt, self.of(attempt), START + now)


def judged(book, *entries):
    return [book.judge(*entry) for entry in entries]


def test_a_caller_is_locked_out_by_his_wrong_entries():
    book = Book()
    assert judged(book, (0, "1"), (1, "1"), (2, "1"), (3, "1"), (3, "1", True)) == [WRONG] * 3 + [LOCKED] * 2
    assert judged(book, (101.9, "1", True), (102, "1", True)) == [LOCKED, RIGHT]


def test_the_right_pin_from_another_number_still_works():
    book = Book()
    assert judged(book, *[(0, "1")] * 4, (1, "2", True)) == [WRONG] * 3 + [LOCKED, RIGHT]


def test_wrong_entries_count_within_the_window_only():
    book = Book()
    assert judged(book, (0, "1"), (50, "1"), (100, "1"), (101, "1"), (150, "1", True)) == [WRONG] * 4 + [LOCKED]


def test_each_lockout_is_twice_as_long_up_to_the_longest():
    book, now, lengths = Book(), 0, []
    for _ in range(7):
        judged(book, *[(now, "1")] * 3)
        tally = book.tallies[Account("g", "caller", "1")]
        lengths.append(tally.locked_until - START - now)
        now = tally.locked_until - START
    assert lengths == [100, 200, 400, 800, 1000, 1000, 1000]


@pytest.mark.parametrize(
    ("quiet", "length"), [(0, 800), (999, 800), (1000, 400), (2000, 200), (3000, 100), (10**6, 100)]
)
def test_each_quiet_time_undoes_one_doubling(quiet, length):
    book = Book()
    judged(book, *[(0, "1")] * 3, *[(100, "1")] * 3, *[(300, "1")] * 3)
    judged(book, *[(700 + quiet, "1")] * 3)
    assert book.tallies[Account("g", "caller", "1")].locked_until == START + 700 + quiet + length


def test_entries_during_a_lockout_prolong_nothing():
    book = Book()
    judged(book, *[(0, "1")] * 3)
    before = dict(book.tallies)
    assert judged(book, *[(50, "1")] * 100) == [LOCKED] * 100
    assert book.tallies == before


def test_nor_do_those_of_a_known_caller_prolong_the_lockout_of_the_gate():
    book = Book(Lockout(failures=100, window=100.0, duration=100.0, longest=1000.0, gate_failures=6))
    book.judge(0, "VIP", right=True)
    judged(book, *[(1, "1")] * 6)
    gate = book.tallies[Account("g", "gate", "")]
    assert judged(book, *[(2, "VIP")] * 20) == [WRONG] * 6 + [LOCKED] * 14
    assert book.tallies[Account("g", "gate", "")] == gate


def test_callers_without_a_number_count_as_one():
    assert judged(Book(), *[(0, WITHHELD)] * 3, (0, WITHHELD, True)) == [WRONG] * 3 + [LOCKED]


def test_the_gate_as_a_whole_has_a_limit_of_its_own():
    book = Book()
    assert judged(book, *[(0, str(number)) for number in range(7)], (0, "9", True)) == [WRONG] * 6 + [LOCKED] * 2


def test_strangers_do_not_shut_a_known_caller_out():
    book = Book()
    assert book.judge(0, "VIP", right=True) == RIGHT
    judged(book, *[(1, str(number)) for number in range(6)])
    assert judged(book, (2, "VIP", True), (2, "other", True)) == [RIGHT, LOCKED]
    assert judged(book, *[(3, "VIP")] * 4) == [WRONG] * 3 + [LOCKED]


def test_nor_one_who_is_known_for_the_customer_number():
    book = Book()
    assert book.judge(0, "VIP", right=True, customer="1001") == RIGHT
    judged(book, *[(1, str(number), False, "1001" if number < 3 else None) for number in range(6)])
    assert judged(book, (2, "VIP", True, "1001"), (2, "other", True, "1001")) == [RIGHT, LOCKED]


def test_a_guest_stays_a_stranger():
    book = Book()
    assert book.judge(0, "guest", right=True, makes_known=False) == RIGHT
    judged(book, *[(1, str(number)) for number in range(6)])
    assert book.judge(2, "guest", right=True, makes_known=False) == LOCKED
    assert book.is_in_vain(2, "guest")


@pytest.mark.parametrize("jump", [1.0, 3600.0, 86_400.0])
def test_a_lockout_holds_when_the_clock_jumps_back(jump):
    book = Book()
    judged(book, *[(0, "1")] * 3)
    assert judged(book, *[(at - jump, "1", True) for at in (0, jump / 2, jump)]) == [LOCKED] * 3


@pytest.mark.parametrize("customer", ["1002", NO_CUSTOMER, None])
def test_one_is_known_only_for_what_was_proved(customer):
    book = Book()
    assert book.judge(0, "insider", right=True, customer="1001") == RIGHT
    judged(book, *[(1, str(number)) for number in range(6)])
    assert judged(book, (2, "insider", False, customer), (2, "insider", True, "1001")) == [LOCKED, RIGHT]


def test_who_has_a_pin_of_his_own_has_no_more_guesses_at_anothers():
    """The attack: 60 numbers, each known by 1001's own PIN, then guesses at 1002."""
    book = Book(Lockout())
    numbers = [f"+4917{number:07}" for number in range(60)]
    assert {book.judge(0, number, right=True, customer="1001") for number in numbers} == {RIGHT}
    guesses = judged(book, *[(1, number, False, "1002") for number in numbers for _ in range(5)])
    assert guesses.count(WRONG) == 5
    assert book.judge(2, numbers[-1], right=True, customer="1002") == LOCKED


def test_all_known_callers_together_have_a_second_account_and_no_third():
    book = Book()
    known = [f"known {number}" for number in range(9)]
    judged(book, *[(0, number, True) for number in known], *[(1, str(number)) for number in range(6)])
    guesses = judged(book, *[(2, number) for number in known])
    assert guesses == [WRONG] * 6 + [LOCKED] * 3
    assert judged(book, (3, known[-1], True), (102, "new", True)) == [LOCKED, RIGHT]


def test_being_known_is_used_up_by_wrong_entries_and_won_back_by_a_right_one():
    book = Book(Lockout(failures=3, window=100.0, duration=100.0, longest=100.0, gate_failures=6))

    def besieged(now, *entries):
        judged(book, *[(now, f"{now} {number}") for number in range(6)])
        return judged(book, *[(now + 1, "VIP", right) for right in entries])

    book.judge(0, "VIP", right=True)
    turns = [besieged(now, *entries) for now, entries in ((1, (False,)), (200, (False,)), (400, (False, True)))]
    assert turns == [[WRONG], [WRONG], [WRONG, LOCKED]]
    assert book.judge(600, "VIP", right=True) == RIGHT
    assert besieged(700, False, True) == [WRONG, RIGHT]


def test_whoever_may_be_known_for_what_he_keys_in_is_not_turned_away():
    book = Book()
    book.judge(0, "VIP", right=True, customer="1001")
    judged(book, *[(1, str(number)) for number in range(6)])
    assert [book.is_in_vain(2, caller) for caller in ("VIP", "other", WITHHELD)] == [False, True, True]
    judged(book, *[(3, "VIP", False, "1001")] * 3)
    assert book.is_in_vain(4, "VIP")


def test_a_caller_is_not_known_for_ever():
    book = Book(Lockout(3, 100.0, KNOWN_FOR, KNOWN_FOR, 6))
    book.judge(0, "VIP", right=True)
    judged(book, *[(200, str(number)) for number in range(6)])
    assert judged(book, (KNOWN_FOR - 1, "VIP", False), (KNOWN_FOR + 1, "VIP", True)) == [WRONG, LOCKED]


def test_who_shows_no_number_is_never_known():
    book = Book()
    book.judge(0, WITHHELD, right=True)
    judged(book, *[(1, str(number)) for number in range(6)])
    assert book.judge(2, WITHHELD, right=True) == LOCKED


def test_one_customers_pin_is_not_guessed_from_many_numbers():
    book = Book()
    judged(book, *[(0, str(number), False, "10027") for number in range(3)])
    assert judged(book, (1, "7", True, "10027"), (1, "7", True, "10028")) == [LOCKED, RIGHT]


def test_a_customers_own_pin_does_not_help_him_to_guess_at_others():
    book = Book()
    turns = [(0, "1", False, "10028"), (0, "1", True, "10027")] * 3
    assert judged(book, *turns, (0, "1", False, "10029")) == [WRONG, RIGHT, WRONG, RIGHT, WRONG, LOCKED, LOCKED]


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from("ab"), st.booleans()), max_size=80))
def test_no_more_wrong_entries_within_a_window_than_there_may_be(steps):
    book, now, wrong = Book(), 0, {"a": [], "b": []}
    for pause, caller, right in steps:
        now += pause
        if book.judge(now, caller, right) == WRONG:
            wrong[caller].append(now)
    for times in (*wrong.values(), sorted(wrong["a"] + wrong["b"])):
        limit = LIMITS.gate_failures if times not in wrong.values() else LIMITS.failures
        assert all(later - earlier >= LIMITS.window for earlier, later in zip(times, times[limit:], strict=False))


MOST = Lockout(failures=3, window=100.0, duration=100.0, longest=400.0, gate_failures=7)
OWN, VICTIMS = ("1001",), ("1002", "1003", NO_CUSTOMER)
FORGED, HONEST = tuple("abcdefgh"), {"VIP": "1002", "other VIP": "1003"}


def within_windows(times, most):
    return all(later - at >= MOST.window for at, later in zip(times, times[most:], strict=False))


def attacks(numbers):
    """What an attacker does who has OWN PINs: (pause, number, customer, right); right only with their own."""
    own = st.tuples(st.sampled_from(OWN), st.sampled_from([True, True, False]))
    others = st.tuples(st.sampled_from(VICTIMS), st.just(False))
    pauses = st.sampled_from([0, 0, 0, 0, 1, 30, 100])
    return st.lists(st.tuples(pauses, st.sampled_from(numbers), own | others), min_size=20, max_size=150)


@given(attacks(FORGED))
def test_no_attacker_with_pins_of_his_own_guesses_more_than_the_bound_or_shuts_known_callers_out(steps):
    book, now = Book(MOST), 0
    guessed = {customer: [] for customer in VICTIMS}
    judged(book, *[(0, number, True, customer) for number, customer in HONEST.items()])
    for pause, number, (customer, right) in steps:
        now += pause
        if book.judge(now, number, right, customer) == WRONG and customer in VICTIMS:
            guessed[customer].append(now)
        for honest, theirs in HONEST.items():
            assert book.judge(now, honest, True, theirs) == RIGHT
    for customer, times in guessed.items():
        assert within_windows(times, MOST.failures if customer else MOST.gate_failures)
    assert within_windows(sorted(chain.from_iterable(guessed.values())), MOST.gate_failures)


@given(attacks((*FORGED[:4], *HONEST)))
def test_nor_does_he_who_forges_numbers_that_are_known_guess_more_than_twice_as_much(steps):
    book, now, guessed = Book(MOST), 0, {}
    judged(book, *[(0, number, True, customer) for number, customer in HONEST.items()])
    for pause, number, (customer, right) in steps:
        now += pause
        if book.judge(now, number, right, customer) == WRONG:
            for what in (customer, number, "all"):
                guessed.setdefault(what, []).append(now)
    for what, times in guessed.items():
        single = MOST.failures if what in FORGED or what in HONEST else 2 * MOST.failures
        assert within_windows(times, 2 * MOST.gate_failures if what in ("all", NO_CUSTOMER) else single)


def at(*times):
    return tuple((time, 1) for time in times)


@given(st.lists(st.floats(0, 50), max_size=10), st.lists(st.floats(0, 50), max_size=10))
def test_what_two_stores_remember_is_joined_in_either_order(one, other):
    tallies = [Tally(at(*sorted(set(times)))) for times in (one, other)]
    assert tallies[0].joined(tallies[1]) == tallies[1].joined(tallies[0])
    assert {time for time, _ in tallies[0].joined(tallies[1]).failures} == {*one, *other}
    assert tallies[0].joined(tallies[0]) == tallies[0]


def test_joining_keeps_the_longer_lockout():
    one, other = Tally(at(1.0), 5.0, 1, 9.0), Tally(((1.0, 3), (2.0, 1)), 4.0, 2, 0.0)
    assert one.joined(other) == Tally(((1.0, 3), (2.0, 1)), 5.0, 2, 9.0)


@pytest.mark.parametrize("limit", [101, 1000, 100_000])
def test_a_high_limit_is_never_exceeded_and_makes_no_attempt_slow(limit):
    lockout, tally, now, wrong = Lockout(failures=limit, window=100.0, duration=100.0), Tally(), START, []
    for number in range(min(3 * limit, 5000)):
        now += 0.9 if number % 7 == 0 else 0.01
        if not tally.is_locked(now):
            tally = tally.with_failure(now, limit, lockout)
            wrong.append(now)
        assert len(tally.failures) <= 2 * SLOTS
    assert all(later - earlier >= 100.0 for earlier, later in zip(wrong, wrong[limit:], strict=False))
    assert tally.count <= limit


@pytest.mark.parametrize(
    ("tally", "forgotten"),
    [
        (Tally(), 0.0),
        (Tally(at(5.0, 7.0)), 107.0),
        (Tally((), 300.0, 2), 2300.0),
        (Tally((), 0.0, 0, 10.0), KNOWN_FOR + 10),
    ],
)
def test_a_tally_is_forgotten_when_it_does_not_matter(tally, forgotten):
    assert tally.forget_at(LIMITS) == forgotten
