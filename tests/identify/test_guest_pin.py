from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from building import build, built

from vipgate_fs.gate.memory import InMemory
from vipgate_fs.gate.verdict import AskForPin

AT = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
VIP = "+4917612345678"


class Known(InMemory):
    """Knows the guest PIN 47110815, which is good once, and the questions that it was asked."""

    def __init__(self):
        super().__init__(None)
        self.asked = []
        self.used = []

    def find_guest_pin(self, gate, caller, entered, at):
        self.asked.append((gate, caller, at))
        return "abc" if entered == "47110815" and not self.used else None

    def use_guest_pin(self, guest, at):
        self.used.append((guest, at))


@pytest.fixture
def known():
    return Known()


@pytest.fixture
def expected(call):
    """Builds the step; returns what it asks for."""

    def make(values):
        step = built("guest_pin", values)
        assert step.always_answers
        verdict = step.identify(replace(call(VIP), at=AT))
        assert isinstance(verdict, AskForPin)
        return verdict.expected

    return make


def test_it_is_asked_for_at_the_gate_of_the_caller_and_at_the_moment_of_the_call(expected, known):
    guests = expected({})
    match, *others = [guests.matches(entered, known) for entered in ("47110815", "1", "")]
    assert (match.used, match.makes_known, others) == ("guest PIN abc", False, [None, None])
    assert known.asked == [("support", VIP, AT.timestamp())] * 3
    assert known.used == [], "to match changes nothing"
    match.spend()
    assert known.used == [("abc", AT.timestamp())]
    assert guests.matches("47110815", known) is None


def test_other_pins_may_be_right_besides_and_use_nothing_up(expected, known):
    besides = expected({"pin": "4711", "pins": [{"pin": "4712", "valid_from": "2026-11-25"}]})
    other, too_early, guest = [besides.matches(entered, known) for entered in ("4711", "4712", "47110815")]
    assert (other.used, other.makes_known, too_early, guest.used) == ("", True, None, "guest PIN abc")
    other.spend()
    assert known.used == []


def test_its_other_pins_are_checked_like_those_of_static_pin():
    said = build("guest_pin", {"pin": "471"}).said
    assert [(severity, path) for severity, path, _ in said] == [("warning", ("pin",))]


def test_in_memory_there_are_no_guests(expected):
    assert expected({}).matches("47110815", InMemory(None)) is None


def test_a_list_of_pins_alone_is_besides_too(expected, known):
    assert expected({"pins": [{"pin": "4711"}]}).matches("4711", known).used == ""


def test_where_the_pin_leads(call):
    asked = built("guest_pin", {"forward_correct": "7001", "forward_incorrect": "7002"}).identify(call(VIP))
    assert (asked.correct, asked.incorrect) == ("7001", "7002")
