"""Calls that no SIP telephone makes, or that are hard to read; digits that come as messages; a directory that fails."""

from __future__ import annotations

import pytest
from freeswitch.configuration import LIBERAL
from freeswitch.gate import PIN, wait_until
from freeswitch.phone import Scenario

GATES = f"""
  pin: {{protects: {{numbers: ["700"]}}, identify: [static_pin: {{pin: "{PIN}"}}], timing: {{first_digit: "3s"}}}}
  closed: {{protects: {{numbers: ["702"]}}, otherwise: {{reject: true}}}}
"""
PEOPLE = """
  people: {protects: {users: [alice], groups: [support]}, otherwise: {reject: true}}
"""


def test_a_channel_that_is_no_sip_call_is_rejected_by_the_gate(start, switch):
    gate = start()
    assert switch.api("originate loopback/702/vipgate &park()") == "-ERR USER_BUSY"
    assert wait_until(gate.records)
    assert [record["outcome"] for record in gate.records()] == ["rejected"]


NAME = '"' + "<" * 15_000 + '" <sip:+4971155512@127.0.0.1>'
MUCH = tuple(f"X-Much-{number}: {'<' * 900}" for number in range(50))


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario("a name of 15,000 characters", "702", "486", sender=NAME),
        Scenario("45 kB of headers", "702", "486", headers=MUCH),
    ],
    ids=str,
)
def test_a_large_call_is_a_call_like_any_other(start, call, scenario):
    gate = start()
    assert call(scenario).story == scenario.story
    assert [record["outcome"] for record in gate.records()] == ["rejected"]


def test_a_directory_that_fails_opens_no_door(start, switch, call):
    gate = start(gates=PEOPLE)
    protected, other = Scenario("alice", "7001", "486"), Scenario("nobody", "7999", "called")
    assert (call(protected).story, call(other).story) == ("486", "200 called")
    file = switch.folder / "freeswitch.xml"
    whole = file.read_text("utf-8")
    try:
        file.write_text(
            whole[: whole.index("<groups>")] + whole[whole.index("</groups>") + len("</groups>") :], "utf-8"
        )
        switch.api("reloadxml")
        gate.reload(PEOPLE + "  # again: what is kept is forgotten\n")
        assert [call(scenario).story for scenario in (protected, other)] == ["480", "480"]
        assert "does not know alice" in gate.lines("rejected: can't tell who was called")[-1]["why"]
    finally:
        file.write_text(whole, "utf-8")
        switch.api("reloadxml")
    assert wait_until(lambda: call(protected).story == "486", 20)


def test_a_misspelt_group_is_reported(start, call):
    gate = start(gates=PEOPLE.replace("[support]", "[support, suport]"))
    call(Scenario("alice", "7001", "486"))
    (line,) = gate.lines("a protected group is not in the switch's directory, the name protects nobody")
    assert line["group"] == "suport"


def test_digits_by_sip_info_are_heard_and_stay_out_of_the_log_at_info(start, switch, call):
    """With `liberal-dtmf`; FreeSWITCH writes each of them at DEBUG, and without it at WARNING."""
    start()
    before = len(switch.log())
    scenario = Scenario("by INFO", "700", "", f"welcome end info:{PIN}#", port=LIBERAL)
    assert call(scenario).story == "200 welcome called"
    lines = [line for line in switch.log()[before:].splitlines() if "INFO DTMF" in line]
    assert lines
    assert all("[DEBUG]" in line for line in lines)
