"""What one process remembers of attempts, and what it only looks at."""

from __future__ import annotations

import pytest

from vipgate_fs.gate import memory
from vipgate_fs.gate.lockout import Account, Attempt, Judgement, Lockout, Tally
from vipgate_fs.gate.memory import InMemory, ReadOnly
from vipgate_fs.gate.pins import Match, Pin

NOW = 1_000_000_000.0
LIMITS = Lockout(failures=2, duration=60.0)
PIN = Pin("0815")


class Log:
    def __init__(self):
        self.lines = []

    def warning(self, event, **values):
        self.lines.append((event, values))


class GuestPin:
    """One that looks into the book, and counts how often it was used."""

    def __init__(self):
        self.uses = 0

    def matches(self, entered, known):
        assert known.last_time_step("anybody") == -1
        return Match("guest PIN abc", spend=self.spend) if entered == "4711" else None

    def spend(self):
        self.uses += 1


def attempt(caller="+491761", limits=LIMITS):
    return Attempt("g", limits, caller)


@pytest.fixture
def clock():
    return [NOW]


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def remembered(clock, log):
    return InMemory(log, lambda: clock[0])


def judged(remembered, *entries, caller="+491761", expected=PIN):
    return [remembered.judge(attempt(caller), expected, entry).judgement for entry in entries]


def test_a_lockout_is_reported_when_it_begins_and_counted_until_it_ends(remembered, clock, log):
    assert judged(remembered, "1", "2", "0815") == ["wrong", "wrong", "locked"]
    account = {"gate": "g", "kind": "caller", "who": "+491761"}
    assert log.lines == [("a lockout begins", {**account, "seconds": 60})]
    assert (remembered.lockouts, remembered.is_locked(attempt())) == (1, True)
    clock[0] += 60
    assert (remembered.lockouts, remembered.is_locked(attempt())) == (0, False)
    assert judged(remembered, "0815") == ["right"]


def test_an_attempt_in_vain_uses_nothing_up_whatever_was_keyed_in(remembered):
    guest = GuestPin()
    assert judged(remembered, "1", "2", "4711", expected=guest) == ["wrong", "wrong", "locked"]
    assert guest.uses == 0
    assert remembered.judge(attempt("+491762"), guest, "4711") == (Judgement.RIGHT, "guest PIN abc", ())
    assert guest.uses == 1


def test_a_wrong_one_names_the_accounts_that_it_counts_for_and_a_proof_is_none(remembered):
    assert judged(remembered, "0815") == ["right"]
    assert remembered.judge(attempt(), PIN, "1").counted == (
        Account("g", "caller", "+491761"),
        Account("g", "known_gate", ""),
    )


def test_of_too_many_accounts_those_go_first_that_were_asked_for_longest_ago(remembered, monkeypatch):
    monkeypatch.setattr(memory, "MOST", 3)
    first, second, third, fourth = (Account("g", "caller", who) for who in "1234")
    locked = Tally(2, NOW, NOW + 60)
    remembered.keep(dict.fromkeys((first, second, third), locked))
    remembered.keep({first: Tally(1, NOW, NOW + 60)})
    assert remembered.lockouts == 3
    remembered.keep({fourth: Tally(1, NOW)})
    kept = remembered.tallies((first, second, third, fourth))
    assert [tally.failures for tally in kept.values()] == [1, 0, 2, 1]
    assert remembered.lockouts == 2
    for who in "567":
        remembered.keep({Account("g", "caller", who): Tally(1, NOW)})
    assert remembered.lockouts == 0


@pytest.mark.parametrize("make", [lambda: InMemory(None), ReadOnly])
def test_a_time_step_is_known_of_its_owner_once_it_was_used(make):
    book = make()
    assert book.last_time_step("eva") == -1
    book.use_time_step("eva", 7)
    assert (book.last_time_step("eva"), book.last_time_step("adam")) == (7, -1)


def test_nobody_has_overridden_anything_and_who_only_looks_spares_a_guest_pin(remembered):
    assert (dict(remembered.overrides), dict(ReadOnly().overrides)) == ({}, {})
    looking = ReadOnly(overrides={"g": None})
    assert looking.overrides == {"g": None}
    assert looking.spared is False
    looking.use_guest_pin("abc", NOW)
    assert looking.spared is True


def test_who_only_looks_changes_nothing(remembered, clock):
    looking = ReadOnly(remembered, clock=lambda: clock[0])
    assert judged(looking, "1", "2", "3") == ["wrong"] * 3
    judged(remembered, "1", "2")
    assert judged(looking, "0815") == ["locked"]
    assert looking.is_locked(attempt())
    clock[0] += 60
    assert not looking.is_locked(attempt())
