from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from building import build

from vipgate_fs.gate.verdict import AskForPin
from vipgate_fs.identify.vault import MemoryVault

AT = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
VIP = "+4917612345678"


class Vault(MemoryVault):
    """Knows the guest PIN 47110815, which is good once, and the questions that it was asked."""

    def __init__(self):
        super().__init__()
        self.asked = []
        self.uses = 1

    def has_guest_pin(self, gate, caller, entered, at):
        self.asked.append((gate, caller, at))
        return entered == "47110815" and self.uses > 0

    def use_guest_pin(self, *question):
        if not self.has_guest_pin(*question):
            return None
        self.uses -= 1
        return "abc"


@pytest.fixture
def asked(call):
    """Builds the step; returns what it asks for, and the vault, which the process that serves puts in later."""

    def make(values):
        made = build("guest_pin", values)
        step = made.step
        assert step.always_answers
        verdict = step.identify(replace(call(VIP), at=AT))
        assert isinstance(verdict, AskForPin)
        assert not verdict.expected.matches("47110815")
        slot = made.configuration.vault_slot
        slot.vault = Vault()
        return verdict.expected, slot.vault

    return make


def test_the_vault_is_asked_for_the_gate_the_caller_and_the_moment_of_the_call(asked):
    expected, vault = asked({})
    assert [expected.matches(entered) for entered in ("47110815", "1", "")] == [True, False, False]
    assert vault.asked == [("support", VIP, AT.timestamp())] * 3
    assert vault.uses == 1
    assert [expected.redeem("47110815") for _ in range(2)] == ["guest PIN abc", None]
    assert (vault.uses, expected.matches("47110815")) == (0, False)


def test_other_pins_may_be_right_besides_and_use_nothing_up(asked):
    expected, vault = asked({"pin": "4711", "pins": [{"pin": "4712", "valid_from": "2026-11-25"}]})
    assert [expected.matches(entered) for entered in ("4711", "4712", "47110815")] == [True, False, True]
    assert expected.redeem("4711") == ""
    assert vault.uses == 1
    assert expected.redeem("47110815") == "guest PIN abc"
    assert vault.uses == 0


def test_its_other_pins_are_checked_like_those_of_static_pin():
    said = build("guest_pin", {"pin": "471"}).said
    assert [(severity, path) for severity, path, _ in said] == [("warning", ("pin",))]


def test_in_memory_there_are_no_guests_and_each_step_is_accepted_once():
    vault = MemoryVault()
    assert not vault.has_guest_pin("g", VIP, "47110815", 0.0)
    assert vault.use_guest_pin("g", VIP, "47110815", 0.0) is None
    assert vault.last_time_step("a") == -1
    assert [vault.use_time_step(*step) for step in (("a", 5), ("a", 5), ("a", 4), ("b", 4), ("a", 6))] == [
        True, False, False, True, True,
    ]  # fmt: skip
