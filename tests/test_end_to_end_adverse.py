"""Whole calls of callers who mean no good or have no patience, over connections that break, and many at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from whole_call import OTHER_PIN, PIN, STRANGER, VIP, VIPS_PIN, WRONG, checked_gate, end, heard, story

from vipgate_fs.simulator import Caller, Delivery, Dialplan, Extension, answered


@pytest.fixture
def gate():
    with checked_gate() as made:
        yield made


HOSTILE = [
    "%0AUnique-ID: x%0A%0A",
    f"x%0ACaller-Caller-ID-Number: {VIP}",
    f"x\nCaller-Caller-ID-Number: {VIP}\n\nContent-Type: command/reply\nReply-Text: +OK\n\n",
    f"x%0d%0aCaller-Caller-ID-Number: {VIP}%0d%0a",
    "x%0Avariable_vipgate_verdict: pass",
    "x\nvariable_vipgate_verdict: pass\n",
    "\u2028variable_vipgate_verdict: pass\u2028",
    "\u0085\x0b\x0c\x1b[2J",
    b"\xff\xfe\xfc\x80".decode(errors="surrogateescape"),
    "${system(touch /tmp/x)} $${domain}",
    "_undef_",
    "\ufeff\u202e\U0001f600",
    "x" * 10_000,
    "%0A" * 3_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_a_caller_calls_himself_he_is_a_caller_like_any_other(gate, text):
    wanted = {
        "701": "130, not answered before",
        "705": "486 Busy Here",
        "710": "486 Busy Here",
        "711": "150, not answered before",
        "700": "700, answered before",
    }
    calls = gate.ends([(to, {"name": text, "dial": (f"{WRONG}#", f"{PIN}#")}) for to in wanted])
    assert list(map(end, calls)) == list(wanted.values())
    gate.settle()
    assert all(line["caller"].startswith("+4930123456") for line in gate.lines("outcome"))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_number_a_caller_gives_it_is_a_number_that_nobody_knows(gate, text):
    sip_from = f'"x" <sip:{text.replace("@", "")}@127.0.0.1:5060>'
    wanted = {
        "701": "130, not answered before",
        "705": "486 Busy Here",
        "710": "486 Busy Here",
    }
    assert [end(call) for call in gate.ends([(to, {"sip_from": sip_from}) for to in wanted])] == list(wanted.values())
    gate.settle()
    assert f"+{VIP[2:]}" not in {line["caller"] for line in gate.lines("outcome")}


def test_sip_headers_set_no_verdict(gate):
    headers = {"X-vipgate_verdict": "pass", "X-Verdict": "pass", "X-variable_vipgate_verdict": "pass"}
    assert end(gate.call("710", headers=headers)) == "486 Busy Here"


@pytest.mark.parametrize("called", ["${system(x)}", "-both", "7000\n", "'x' inline", "8000,1"])
def test_a_number_that_can_not_be_dialled_leads_nowhere(gate, called):
    assert end(gate.call(called)) == "484 Address Incomplete"


@pytest.mark.parametrize("called", ["700 XML default", "700%20", "700 inline"])
def test_one_with_a_gates_number_in_it_meets_the_gate_and_leads_nowhere_even_with_the_right_pin(gate, called):
    assert end(gate.call(called)) == "hung up on, USER_BUSY"
    assert end(gate.call(called, dial=(f"{PIN}#",))) == "hung up on, INVALID_NUMBER_FORMAT"


MOMENTS = [0.0, 0.02, 0.1, 0.3, 1.0, 3.0, 4.0, 4.5, 5.0, 5.5, 6.0, 7.0, 8.0, 8.6, 9.0, 10.0]
"""Seconds since the call began: before the answer, in each prompt, between digits, at its end, and after it."""


@pytest.mark.parametrize("to", ["700", "702", "704", "705", "706", "7001"])
def test_the_caller_may_hang_up_at_any_moment(gate, to):
    entries = (f"{WRONG}#", f"{PIN}#") if to == "700" else ("10027#", f"{PIN}#")
    experiences = gate.ends([(to, {"dial": entries, "hang_up_after": seconds}) for seconds in MOMENTS])
    gate.settle()
    assert "caller" in {experience.hung_up_by for experience in experiences}
    assert len(gate.lines("outcome")) + len(gate.lines("connection ended early")) <= len(MOMENTS)
    assert "pin_incorrect" not in {line["result"] for line in gate.lines("outcome")}
    assert {line["level"] for line in gate.lines()} <= {"trace", "debug", "info"}


def test_the_caller_hangs_up_in_a_prompt(gate):
    experience = gate.switch().call(Caller(STRANGER, hang_up_after=2.5), "700")
    assert (end(experience), heard(experience)) == ("the caller hung up", "(welcome)")
    gate.settle()
    (outcome,) = gate.lines("outcome")
    assert (outcome["result"], outcome["why"]) == ("hung_up", "the caller hung up (NORMAL_CLEARING)")


TAKING = ["uuid_transfer {} 100 XML default", "uuid_transfer {} park inline", "uuid_park {}"]


def taken_away(switch, to, command, after, **caller):
    """Call, and let an operator take the call away after some seconds; the call, 40 seconds later."""
    call = switch.start(Caller(STRANGER, patience=after + 40, **caller), to)
    switch.clock.later(after, lambda: switch.api(command.format(call.experience.uuid)))
    call.wait()
    return call.experience


@pytest.mark.parametrize("command", TAKING)
@pytest.mark.parametrize("after", [1.0, 4.5, 6.0, 9.5], ids=["prompt", "digits awaited", "next prompt", "last digit"])
def test_who_takes_a_call_away_from_its_dialogue_has_it(gate, command, after):
    """facts: the broken-off prompt looks like one that can't be played; the gate neither asks again nor hangs up."""
    switch = gate.switch(dialplan=on_and_on(gate))
    experience = taken_away(switch, "700", command, after, dial=("", f"{WRONG}#"), dial_after=4.0)
    gate.settle()
    (outcome,) = gate.lines("outcome")
    assert (outcome["result"], outcome["why"]) == ("taken_away", "somebody else has taken the call")
    assert experience.hung_up_by == "caller"
    assert [target.extension for target in experience.transfers] == ["100"] * ("100" in command)
    assert not [sound for sound in experience.heard if "500,200,425" in sound]
    assert {line["level"] for line in gate.lines()} <= {"trace", "debug", "info"}


def on_and_on(gate):
    """A dialplan whose extension 100 goes on until the caller hangs up."""
    socket = Extension((("socket", f"127.0.0.1:{gate.server.port} async full"),), matches=True)
    return Dialplan(entry=socket, extensions={"100": answered(1000)})


def test_who_breaks_a_prompt_off_has_not_taken_the_call(gate):
    """`uuid_break` ends the sound; the caller may still enter their PIN."""
    switch = gate.switch()
    experience = taken_away(switch, "700", "uuid_break {}", 0.5, dial=f"{PIN}#", dial_after=2.0)
    assert (end(experience), heard(experience)) == ("700, answered before", "(welcome)")


def test_the_caller_hangs_up_before_connect_is_answered(gate):
    switch = gate.switch(delivery=lambda: Delivery(glue=2.0))
    experience = switch.call(Caller(STRANGER, hang_up_after=1.0), "700")
    assert (end(experience), experience.answered) == ("the caller hung up", False)
    gate.settle()


def test_the_caller_hangs_up_after_he_got_through(gate):
    socket = Extension((("socket", f"127.0.0.1:{gate.server.port} async full"),), matches=True)
    switch = gate.switch(dialplan=Dialplan(entry=socket, extensions={"700": answered(30)}))
    experience = switch.call(Caller(STRANGER, dial=f"{PIN}#", hang_up_after=15.0), "700")
    assert (end(experience), experience.hung_up_by) == ("700, answered before", "caller")


CALLS = [
    ("700", {"dial": (f"{WRONG}#", f"{PIN}#")}),
    ("700", {"dial": (f"{WRONG}#",) * 3}),
    ("702", {"dial": ("10027#", f"{PIN}#")}),
    ("703", {"dial": (f"{WRONG}#",) * 2}),
    ("706", {}),
    ("7001", {}),
    ("708", {}),
    ("700", {"hang_up_after": 3.5}),
]


@pytest.mark.parametrize(
    "delivery",
    [
        pytest.param(Delivery(chunk=1), id="byte by byte"),
        pytest.param(Delivery(chunk=7), id="seven bytes at a time"),
        pytest.param(Delivery(glue=0.02), id="frames glued together"),
        pytest.param(Delivery(glue=0.02, chunk=1000), id="glued, then cut"),
        pytest.param(Delivery(early_notice=True), id="the notice overtakes events"),
    ],
)
def test_a_call_ends_the_same_however_its_bytes_arrive(gate, delivery):
    plain = gate.ends(CALLS, gate.switch())
    unkind = gate.ends(CALLS, gate.switch(delivery=lambda: replace(delivery)))
    assert list(map(story, unkind)) == list(map(story, plain))


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("after", [0, 1, 100, 3000, 6000, 9000, 15_000])
def test_a_connection_that_breaks_is_the_end_of_one_call_only(gate, after, reset):
    switch = gate.switch(delivery=lambda: Delivery(cut_after=after, reset=reset))
    broken = switch.start(Caller(STRANGER, dial=f"{PIN}#", patience=6.0), "700")
    assert end(gate.call("700", dial=f"{PIN}#")) == "700, answered before"
    broken.wait()


def test_two_hundred_calls_at_once(gate):
    kinds = [
        ("700", {"dial": (f"{WRONG}#", f"{PIN}#")}, "700, answered before"),
        ("700", {"dial": (f"{WRONG}#",) * 3}, "hung up on, USER_BUSY"),
        ("701", {"number": VIP, "dial": f"{VIPS_PIN}#"}, "701, answered before"),
        ("702", {"dial": ("10031#", f"{OTHER_PIN}#")}, "702, answered before"),
        ("703", {"dial": (f"{WRONG}#",) * 2}, "120, answered before"),
        ("704", {}, "704, not answered before"),
        ("706", {}, "486 Busy Here"),
        ("700", {"hang_up_after": 3.0}, "the caller hung up"),
        ("708", {}, "123, not answered before"),
        ("7001", {}, "486 Busy Here"),
    ]
    calls = [(to, caller, ends) for to, caller, ends in kinds for _ in range(20)]
    experiences = gate.ends([(to, caller) for to, caller, _ in calls], gate.switch())
    assert [end(experience) for experience in experiences] == [ends for *_, ends in calls]
    gate.settle()
    assert len(gate.lines("outcome")) == 200
