from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.gate.lockout import (
    KNOWN_FOR,
    NO_CUSTOMER,
    Account,
    Attempt,
    Judgement,
    Limit,
    Lockout,
    Tally,
    is_in_vain,
    judge,
)
from vipgate_fs.gate.pins import Match

RIGHT, WRONG, LOCKED = Judgement.RIGHT, Judgement.WRONG, Judgement.LOCKED
LIMITS = Lockout(failures=3, forgive=100.0, duration=100.0, longest=1000.0, gate_failures=6, gate_forgive=100.0)
START = 10**9
"""Unix time at which the tests begin."""


class Book:
    """Judges entries and remembers the tallies, as a store does."""

    def __init__(self, lockout=LIMITS):
        self.lockout = lockout
        self.tallies = {}

    def attempt(self, caller, customer=None, mistakes=(), gate="g"):
        return Attempt(gate, self.lockout, caller, customer, mistakes)

    def judge(self, now, caller, right=False, customer=None, mistakes=(), gate="g", **match):
        attempt = self.attempt(caller, customer, mistakes, gate)
        judgement, after = judge(attempt, Match(**match) if right else None, self.of(attempt), START + now)
        self.tallies |= after
        self.counted = tuple(each for each in after if each.kind != "proof") if judgement is WRONG else ()
        return judgement

    def call(self, now, caller, *entries, **match):
        """A call with these entries: whether each is right, or for a customer, and whether it is right."""
        mistakes, judged = {}, []
        for entry in entries:
            customer, right = entry if isinstance(entry, tuple) else (None, entry)
            judged.append(self.judge(now, caller, right, customer, mistakes.get(customer, ()), **match))
            mistakes[customer] = (*mistakes.get(customer, ()), *self.counted)
        return judged

    def failures(self, now, kind="gate", who=""):
        account = Account("g", kind, who)
        return self.tallies.get(account, Tally()).at(START + now, self.lockout.of(account)).failures

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


def test_one_failed_attempt_is_forgiven_every_so_often():
    book = Book()
    assert judged(book, (0, "1"), (50, "1")) == [WRONG] * 2
    assert [book.failures(now, "caller", "1") for now in (99.9, 100, 199.9, 200, 10**6)] == [2, 1, 1, 0, 0]
    assert judged(book, (100, "1"), (101, "1"), (150, "1", True)) == [WRONG, WRONG, LOCKED]


def test_who_pauses_is_not_forgiven_for_it():
    """A failed attempt after a lockout, or after a pause that is too short to forgive any, begins the next one."""
    book = Book(Lockout(failures=3, forgive=10_000.0, duration=100.0, longest=10_000.0))
    assert judged(book, (0, "1"), (3000, "1"), (6000, "1"), (6100, "1"), (6299, "1")) == [WRONG] * 4 + [LOCKED]


def test_each_lockout_is_twice_as_long_up_to_the_longest():
    book, now, lengths = Book(Lockout(failures=3, forgive=10.0**6, duration=100.0, longest=1000.0)), 0, []
    judged(book, *[(0, "1")] * 2)
    for _ in range(7):
        assert book.judge(now, "1") == WRONG
        tally = book.tallies[Account("g", "caller", "1")]
        lengths.append(tally.locked_until - START - now)
        now = tally.locked_until - START
    assert lengths == [100, 200, 400, 800, 1000, 1000, 1000]
    assert tally.failures == 7, "no more than make the longest"


@pytest.mark.parametrize(("now", "length"), [(300, 400), (999, 400), (1000, 200), (2000, 100), (3000, 0), (10**6, 0)])
def test_each_time_that_forgives_one_makes_the_next_lockout_half_as_long(now, length):
    book = Book(Lockout(failures=3, forgive=1000.0, duration=100.0, longest=1000.0))
    judged(book, *[(at, "1") for at in (0, 0, 0, 100)])
    assert book.judge(now, "1") == WRONG
    assert max(0, book.tallies[Account("g", "caller", "1")].locked_until - START - now) == length


def test_entries_during_a_lockout_prolong_nothing():
    book = Book()
    judged(book, *[(0, "1")] * 3)
    before = dict(book.tallies)
    assert judged(book, *[(50, "1")] * 100) == [LOCKED] * 100
    assert book.tallies == before


def test_nor_do_those_of_a_known_caller_prolong_the_lockout_of_the_gate():
    book = Book(Lockout(failures=100, forgive=100.0, duration=100.0, longest=1000.0, gate_failures=6))
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


@pytest.mark.parametrize(("customer", "gate"), [("1002", "g"), (NO_CUSTOMER, "g"), (None, "g"), ("1001", "h")])
def test_one_is_known_only_for_what_was_proved(customer, gate):
    """Gates of two tenants may well have the same customer numbers."""
    book = Book()
    assert book.judge(0, "insider", right=True, customer="1001") == RIGHT
    judged(book, *[(1, str(number), False, None, (), gate) for number in range(6)])
    assert judged(book, (2, "insider", False, customer, (), gate), (2, "insider", True, "1001")) == [LOCKED, RIGHT]


def test_who_is_known_where_no_number_is_asked_for_is_not_for_one_that_does_not_exist():
    book = Book()
    assert book.judge(0, "insider", right=True) == RIGHT
    judged(book, *[(1, str(number)) for number in range(6)])
    assert judged(book, (2, "insider", False, NO_CUSTOMER), (2, "insider", False)) == [LOCKED, WRONG]


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
    book = Book(Lockout(failures=3, forgive=100.0, duration=100.0, longest=100.0, gate_failures=6))

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


def test_a_failed_attempt_of_a_stranger_is_written_nowhere_but_in_the_accounts_that_it_counts_for():
    book = Book()
    book.judge(0, "1", customer="1001")
    assert {account.kind for account in book.tallies} == {"caller", "customer", "gate"}


def test_a_caller_is_not_known_for_ever():
    book = Book(Lockout(3, 100.0, KNOWN_FOR, KNOWN_FOR, 6))
    book.judge(0, "VIP", right=True)
    judged(book, *[(200, str(number)) for number in range(6)])
    assert [book.is_in_vain(now, "VIP") for now in (KNOWN_FOR - 1, KNOWN_FOR)] == [False, True]
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


def within(times, limit, twice=False):
    """Whether there are never more within any time than there may be."""
    return all(
        later - earlier + 1 <= limit.most(times[later] - times[earlier]) * (1 + twice)
        for later in range(len(times))
        for earlier in range(later + 1)
    )


LIMIT_OF_ANY_SIZE = st.builds(
    lambda failures, forgive, duration, longer: Limit(failures, forgive, duration, max(forgive, duration) * longer),
    st.integers(1, 6),
    st.sampled_from([7, 60, 100, 250, 960]),
    st.sampled_from([3, 60, 100, 400]),
    st.sampled_from([1, 2, 5]),
)


@given(LIMIT_OF_ANY_SIZE, st.lists(st.sampled_from([0, 0, 1, 2, 5, 20, 60, 61, 100, 300, 1000, -1]), max_size=60))
def test_nobody_has_more_failed_attempts_in_any_time_than_there_may_be(limit, pauses):
    """However somebody spreads them: -1 waits until the lockout ends."""
    tally, now, failed = Tally(), START, []
    for pause in pauses:
        now = max(now, tally.locked_until) if pause < 0 else now + pause
        if not tally.is_locked(now):
            tally = tally.with_failure(now, limit)
            failed.append(now)
    assert within(failed, limit)


@pytest.mark.parametrize(
    ("limit", "hours", "most"),
    [
        *((Lockout().each, hours, most) for hours, most in ((0, 5), (1, 7), (24, 13), (30 * 24, 71), (365 * 24, 741))),
        *((Lockout().whole, hours, most) for hours, most in ((0, 50), (1, 52), (24, 60), (30 * 24, 234))),
        (Lockout().whole, 365 * 24, 2244),
        (Limit(3, 3600, 3600, 3600), 10, 13),
    ],
)
def test_how_many_that_is(limit, hours, most):
    assert limit.most(hours * 3600) == most


def test_before_any_is_forgiven_it_is_exact():
    limit = Limit(3, 500, 7, 900)
    for seconds in range(0, 450, 3):
        tally, now, failed = Tally(), START, 0
        while now <= START + seconds:
            tally, failed = tally.with_failure(now, limit), failed + 1
            now = max(now, tally.locked_until)
        assert limit.most(seconds) == failed


@pytest.mark.parametrize("limit", [Lockout().each, Lockout().whole, Limit(1, 60, 60, 60), Limit(3, 500, 7, 900)])
@pytest.mark.parametrize("days", [1 / 24, 1, 30, 365])
def test_and_the_best_guesser_has_nearly_as_many(limit, days):
    tally, now, failed = Tally(), START, 0
    while now < START + days * 86_400 and failed < 3000:
        tally, failed = tally.with_failure(now, limit), failed + 1
        now = max(now, tally.locked_until)
    most = limit.most(now - START if failed == 3000 else days * 86_400)
    assert most - 2 - most // 100 <= failed <= most


MOST = Lockout(failures=3, forgive=200.0, duration=50.0, longest=400.0, gate_failures=7, gate_forgive=120.0)
OWN, VICTIMS = ("1001",), ("1002", "1003", NO_CUSTOMER)
FORGED, HONEST = tuple("abcdefgh"), {"VIP": "1002", "other VIP": "1003"}


def attacks(numbers):
    """What an attacker does who has OWN PINs: (pause, number, customer, right); right only with their own."""
    own = st.tuples(st.sampled_from(OWN), st.sampled_from([True, True, False]))
    others = st.tuples(st.sampled_from(VICTIMS), st.just(False))
    pauses = st.sampled_from([0, 0, 0, 0, 1, 30, 100, 200, 3000])
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
        assert within(times, MOST.each if customer else MOST.whole)
    assert within(sorted(chain.from_iterable(guessed.values())), MOST.whole)


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
        limit = MOST.whole if what in ("all", NO_CUSTOMER) else MOST.each
        assert within(times, limit, twice=what not in FORGED and what not in HONEST)


def test_a_mistake_that_the_same_call_corrects_is_no_guess():
    book = Book()
    for number in range(50):
        assert book.call(number, f"{number}", False, False, True) == [WRONG, WRONG, RIGHT]
    assert (book.failures(50), book.failures(50, "caller", "1"), book.failures(50, "known_gate")) == (0, 0, 0)
    assert book.call(50, WITHHELD, False, True) == [WRONG, RIGHT]
    assert book.failures(50, "caller", WITHHELD) == 0


def test_nor_is_that_of_a_known_caller():
    book = Book()
    book.judge(0, "VIP", right=True)
    for _ in range(20):
        assert book.call(1, "VIP", False, True) == [WRONG, RIGHT]
    assert book.failures(1, "known_gate") == 0


def test_who_hangs_up_after_a_failed_attempt_has_made_it():
    book = Book()
    assert book.call(0, "1", False) + book.call(0, "1", True) + book.call(0, "1", False) == [WRONG, RIGHT, WRONG]
    assert (book.failures(0, "caller", "1"), book.failures(0) + book.failures(0, "known_gate")) == (2, 2)


@pytest.mark.parametrize("match", [{"makes_known": False}, {"only": False}])
def test_a_pin_beside_which_others_are_right_corrects_nothing(match):
    """Else whoever has a guest PIN, or one of several static PINs, could guess at the others for ever."""
    book = Book()
    for number in range(3):
        book.call(0, str(number), False, False, True, **match)
    assert book.failures(0) + book.failures(0, "known_gate") == 6


def test_a_customers_own_pin_corrects_no_guess_at_another():
    book = Book()
    book.call(0, "1", ("1002", False), (NO_CUSTOMER, False), ("1001", True))
    assert [book.failures(0), book.failures(0, "caller", "1"), book.failures(0, "customer", "1002")] == [2, 2, 1]


def test_a_lockout_that_has_begun_lasts_though_it_was_a_mistake():
    """The gate's, whose last failed attempt a known caller made whose own account was locked."""
    book = Book(Lockout(failures=9, forgive=100.0, duration=100.0, longest=100.0, gate_failures=1, gate_forgive=100.0))
    book.judge(0, "VIP", right=True)
    assert book.call(0, "VIP", False, True) == [WRONG, RIGHT], "through the gate's other account"
    assert book.tallies[Account("g", "known_gate", "")].is_locked(START + 99)
    assert book.failures(0, "known_gate") == 1


CALLS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 30, 100, 120, 3000]),
        st.sampled_from(FORGED),
        st.lists(
            st.tuples(st.sampled_from(VICTIMS), st.just(False)) | st.tuples(st.just("1001"), st.booleans()), max_size=3
        ),
    ),
    max_size=40,
)


@given(CALLS)
def test_whoever_makes_mistakes_with_a_pin_of_his_own_gains_no_guess_by_it(calls):
    book, now, guesses = Book(MOST), 0, []
    for pause, number, entries in calls:
        now += pause
        for entry, judgement in zip(entries, book.call(now, number, *entries), strict=True):
            guesses += [now] * (judgement is WRONG and entry[0] in VICTIMS)
    assert within(guesses, MOST.whole)


LIMIT = LIMITS.each
TALLIES = st.builds(Tally, st.integers(0, 9), st.integers(0, 999), st.integers(0, 50), st.integers(0, 50))


@given(TALLIES, TALLIES, st.integers(999, 2000))
def test_what_two_stores_remember_is_joined_in_either_order_and_nothing_is_forgotten(one, other, now):
    joined = one.joined(other, LIMIT)
    assert joined.at(now, LIMIT).failures == other.joined(one, LIMIT).at(now, LIMIT).failures
    assert joined.at(now, LIMIT).failures == max(one.at(now, LIMIT).failures, other.at(now, LIMIT).failures)
    assert joined.locked_until == max(one.locked_until, other.locked_until)
    assert joined.right_at == max(one.right_at, other.right_at)
    assert one.joined(one, LIMIT) == one


@pytest.mark.parametrize(
    ("tally", "forgotten"),
    [
        (Tally(), 0.0),
        (Tally(2, 7.0), 207.0),
        (Tally(0, 7.0), 7.0),
        (Tally(1, 7.0, 300.0), 300.0),
        (Tally(3, 7.0, 200.0), 307.0),
        (Tally(0, 0.0, 0.0, 10.0), KNOWN_FOR + 10),
    ],
)
def test_a_tally_is_forgotten_when_it_does_not_matter(tally, forgotten):
    assert tally.forget_at(LIMITS.each) == forgotten
