"""Calls that somebody takes away from the gate, and what only looks so. The caller listens for ten more seconds: nobody else says a word."""

from __future__ import annotations

import socket

import pytest
from freeswitch.configuration import SILENT
from freeswitch.gate import PIN, VIP, wait_until
from freeswitch.phone import Scenario

GATES = f"""
  pin: {{protects: {{numbers: ["700"]}}, identify: [static_pin: {{pin: "{PIN}"}}], timing: {{first_digit: "3s"}}}}
  slow:
    protects: {{numbers: ["701"]}}
    identify: [webservice: {{url: "http://127.0.0.1:{SILENT}/", on_failure: {{reject: true}}}}]
"""
SPEAKER = "originate {{origination_uuid={other}}}loopback/100/default &park()"
TAKING = {
    "uuid_transfer": ("uuid_transfer {call} 100 XML default", "vip"),
    "uuid_transfer to park": ("uuid_transfer {call} park inline", ""),
    "uuid_park": ("uuid_park {call}", ""),
    "uuid_bridge": (SPEAKER + ";uuid_bridge {call} {other}", "bridge"),
    "intercept": (SPEAKER + ";uuid_transfer {other} intercept:{call} inline", "vip"),
    "uuid_kill": ("uuid_kill {call}", "end"),
}
"""What somebody types, and who speaks to the caller afterwards."""
UNANSWERED = {"": "487", "vip": "200 vip BYE", "bridge": "502", "end": "480"}
"""What the caller hears of each; the switch itself can't bridge a call that has no sound yet."""
ANSWERED = {"": "", "vip": "vip BYE", "bridge": "vip BYE", "end": "BYE"}
MOMENTS = {
    "while a web service is asked": ("701", "180 0.5s", "180", UNANSWERED),
    "in the prompt": ("700", "welcome 0.5s", "200 welcome", ANSWERED),
    "while digits are awaited": ("700", "welcome end 1s", "200 welcome", ANSWERED),
}
TAKEN = [
    Scenario(
        f"{what}, {when}",
        called,
        f"{heard} {then[speaker]}".strip(),
        f"{does} api 10s hangup",
        caller=f"+49711562{moment}{number:02}",
        command=command,
    )
    for moment, (when, (called, does, heard, then)) in enumerate(MOMENTS.items())
    for number, (what, (command, speaker)) in enumerate(TAKING.items())
]
LEFT = [
    Scenario(
        name,
        "700",
        f"200 welcome {more}called".replace("  ", " "),
        f"welcome {does} {PIN}#",
        caller=f"+49711563{number:03}",
        command=command,
    )
    for number, (name, does, command, more) in enumerate(
        [
            ("uuid_break", "1s api 1s", "uuid_break {call}", ""),
            ("uuid_hold", "1s api 1s", "uuid_hold {call};uuid_hold off {call}", ""),
            ("uuid_broadcast", "1s api 1s", "uuid_broadcast {call} tone_stream://%(500,0,440) aleg", "tone "),
            ("REFER", "refer:100 1s", "", ""),
            ("REFER with an unknown call", "refer:100?Replaces=nobody%3Bto-tag%3D1%3Bfrom-tag%3D2 1s", "", ""),
            ("another INVITE by another name", f"asserts:{VIP} 1s", "", ""),
            ("held by the caller and taken up again", "sendonly 1s sendrecv 1s", "", "welcome "),
        ]
    )
]
"""What leaves the call with the gate, which hears the right PIN after it."""


@pytest.fixture(scope="module")
def gate(gate):
    """Asks a web service that takes questions and answers none."""
    with socket.create_server(("127.0.0.1", SILENT), backlog=100):
        yield gate


@pytest.mark.parametrize("scenario", TAKEN, ids=str)
def test_who_takes_a_call_has_it(scenario, experience):
    assert experience.story == scenario.story


@pytest.mark.parametrize("scenario", LEFT, ids=str)
def test_what_takes_no_call_leaves_it_with_the_gate(scenario, experience):
    assert experience.story == scenario.story


def test_the_records_say_so(left, gate):
    assert left == (0, 0)
    records = {record["caller"]: record for record in gate.records()}
    outcomes = {str(scenario): records[scenario.caller]["outcome"] for scenario in (*TAKEN, *LEFT)}
    killed = {str(scenario) for scenario in TAKEN if scenario.command.startswith("uuid_kill")}
    assert {name for name, outcome in outcomes.items() if outcome == "taken_away"} == set(map(str, TAKEN)) - killed
    assert {outcomes[name] for name in killed} == {"hung_up"}
    assert {outcomes[str(scenario)] for scenario in LEFT} == {"pin_correct"}


def test_who_replaces_their_own_call_has_not_got_past_the_gate(gate, phones):
    """Another INVITE takes the place of the one whose caller is asked for a PIN (RFC 3891); no Call-ID is a secret."""
    mine = phones.place(
        Scenario("mine", "700", "", "welcome 8s hangup", caller="+497115640", headers=("Call-ID: mine",))
    )
    assert wait_until(lambda: any(line["called"] == "700" for line in gate.lines("decision", caller="+497115640")))
    replacing = ("Replaces: mine;to-tag=1;from-tag=2", "Require: replaces")
    other = phones.place(Scenario("other", "700", "", "5s hangup", headers=replacing))
    assert "called" not in mine.result().story + other.result().story
