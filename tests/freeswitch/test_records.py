"""What `vipgate calls` tells of a call, however it ended."""

from concurrent.futures import wait

import pytest
from freeswitch.gate import PIN, VIP, WRONG_PIN, wait_until
from freeswitch.phone import Scenario

GATES = f"""
  open: {{protects: {{numbers: ["7000"]}}, otherwise: {{reject: false}}}}
  closed: {{protects: {{numbers: ["7001"]}}, otherwise: {{reject: true}}}}
  forwarded: {{protects: {{numbers: ["7002"]}}, otherwise: {{forward: "123"}}}}
  pin: {{protects: {{numbers: ["7003"]}}, identify: [{{static_pin: {{pin: "{PIN}"}}}}]}}
  targets:
    protects: {{numbers: ["7004"]}}
    otherwise: {{askForPin: {{expectedPIN: "{PIN}", forwardCorrectPIN: "100", forwardIncorrectPIN: "120", attempts: 1}}}}
"""
W = f"{WRONG_PIN}#"


def calling(number, to, story, does=""):
    return Scenario("", to, story, does, f"+4971155590{number}")


CALLS = {
    "passed": (calling(1, "7000", "200 called"), "open", "passed", 0, "7000"),
    "passed, without a gate": (calling(2, "7009", "200 called"), None, "passed", 0, "7009"),
    "rejected": (calling(3, "7001", "486"), "closed", "rejected", 0, None),
    "forwarded": (calling(4, "7002", "200 forward"), "forwarded", "forwarded", 0, "123"),
    "right PIN": (calling(5, "7003", "200 welcome called", f"welcome {PIN}#"), "pin", "pin_correct", 1, "7003"),
    "right PIN in the second entry": (
        calling(6, "7003", "200 welcome wrong-pin called", f"welcome {W} wrong-pin {PIN}#"),
        *("pin", "pin_correct", 2, "7003"),
    ),
    "wrong PINs": (
        calling(7, "7003", "200 welcome wrong-pin wrong-pin BYE", f"welcome {W} wrong-pin {W} wrong-pin {W}"),
        *("pin", "pin_incorrect", 3, None),
    ),
    "target for the right PIN": (
        calling(8, "7004", "200 welcome vip", f"welcome {PIN}#"),
        *("targets", "pin_correct", 1, "100"),
    ),
    "target for a wrong PIN": (
        calling(9, "7004", "200 welcome other", f"welcome {W}"),
        *("targets", "pin_incorrect", 1, "120"),
    ),
    "hung up in the prompt": (calling(10, "7003", "200 welcome", "welcome hangup"), "pin", "hung_up", 0, None),
    "hung up after a wrong PIN": (
        calling(11, "7003", "200 welcome wrong-pin", f"welcome {W} wrong-pin hangup"),
        *("pin", "hung_up", 1, None),
    ),
}
"""What is done, and what the record then holds: gate, outcome, entries, target."""


@pytest.fixture(scope="module")
def calls(gate, phones):
    return {scenario: phones.place(scenario) for scenario, *_ in CALLS.values()}


@pytest.fixture(scope="module")
def records(calls, gate):
    """By the caller."""
    wait(calls.values())
    assert wait_until(lambda: len(gate.records()) == len(CALLS))
    return {record["caller"]: record for record in gate.records()}


@pytest.mark.parametrize(("scenario", "gate_name", "outcome", "entries", "target"), CALLS.values(), ids=CALLS)
def test_record(scenario, gate_name, outcome, entries, target, experience, records):
    assert experience.story == scenario.story
    record = records[scenario.caller]
    recorded = [record[field] for field in ("called", "gate", "outcome", "entries", "target")]
    assert recorded == [scenario.to, gate_name, outcome, entries, target]
    assert 0 <= record["deciding"] <= record["seconds"] <= experience.waited + 5


def test_records_name_the_channels_of_the_switch(records, switch):
    assert all(record["uuid"] in switch.log() for record in records.values())


@pytest.mark.parametrize("style", ["text", "csv"])
def test_they_are_shown_in_other_forms(style, records, gate):
    shown = gate.vipgate("calls", "--format", style).splitlines()
    assert len(shown) == 1 + len(records)
    assert all(any(caller in line for line in shown) for caller in records)


def test_numbers_can_be_masked(records, gate, call):
    """By a reload, from the next call on."""
    assert gate.reload(f"{GATES}records: {{mask_numbers: true}}\n") == "reloaded"
    call(Scenario("", "7002", "200 forward", caller=VIP))
    assert wait_until(lambda: len(gate.records()) > len(records))
    (record,) = [record for record in gate.records() if record["caller"] not in records]
    assert [record[field] for field in ("caller", "called", "target")] == [f"{VIP[:-3]}***", "7002", "123"]
    assert VIP not in gate.vipgate("calls")
