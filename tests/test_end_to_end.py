"""A whole call: the simulated switch, a real connection, the gate, and back to what the caller experienced."""

from __future__ import annotations

import pytest
from whole_call import (
    EVENING,
    HOLIDAY,
    NOON,
    OTHER_PIN,
    PIN,
    PLANTED,
    STRANGER,
    VIP,
    VIPS_PIN,
    WRONG,
    checked_gate,
    end,
    heard,
    tells_a_pin,
)

from vipgate_fs.simulator import Caller, Dialplan, Extension


@pytest.fixture
def gate():
    with checked_gate() as made:
        yield made


AFTER = 5.5
"""Seconds from the beginning of a prompt after which it is over."""


@pytest.mark.parametrize(
    ("to", "caller", "ends", "hears"),
    [
        pytest.param("704", {}, "704, not answered before", "", id="pass"),
        pytest.param("705", {}, "486 Busy Here", "", id="reject: busy"),
        pytest.param("706", {}, "486 Busy Here", "rejected", id="reject: announcement"),
        pytest.param("707", {}, "603 Decline", "", id="reject: SIP code"),
        pytest.param("708", {}, "123, not answered before", "", id="forward"),
        pytest.param("8000", {}, "8000, not answered before", "", id="no gate"),
        pytest.param("700", {"dial": f"{PIN}#"}, "700, answered before", "(welcome)", id="digits during the prompt"),
        pytest.param(
            "700", {"dial": f"{PIN}#", "dial_after": AFTER}, "700, answered before", "welcome", id="digits after it"
        ),
        pytest.param("700", {"dial": PIN}, "700, answered before", "(welcome)", id="digits without #"),
        pytest.param(
            "700",
            {"dial": (f"{WRONG}#", f"{PIN[:-1]}#", f"{PIN}#")},
            "700, answered before",
            "(welcome), (wrong-pin), (wrong-pin)",
            id="right at the third attempt",
        ),
        pytest.param(
            "700",
            {"dial": (f"{WRONG}#", f"{PIN}0#", f"0{PIN}#", f"{PIN}#")},
            "hung up on, USER_BUSY",
            "(welcome), (wrong-pin), (wrong-pin)",
            id="no fourth attempt",
        ),
        pytest.param(
            "700",
            {"dial": (f"{PIN}{'1' * 11}", f"{PIN}#")},
            "700, answered before",
            "(welcome), (wrong-pin)",
            id="twenty digits",
        ),
        pytest.param("700", {"dial": ("#", f"{PIN}#")}, "700, answered before", "(welcome), (welcome)", id="only #"),
        pytest.param(
            "700", {"dial": (f"*{PIN}#", f"{PIN}#")}, "700, answered before", "(welcome), (wrong-pin)", id="*"
        ),
        pytest.param(
            "701", {"number": VIP, "dial": f"{VIPS_PIN}#"}, "701, answered before", "(welcome)", id="VIP, own PIN"
        ),
        pytest.param(
            "701",
            {"number": VIP, "dial": (f"{PIN}#", f"{OTHER_PIN}#", f"{WRONG}#")},
            "hung up on, USER_BUSY",
            "(welcome), (wrong-pin), (wrong-pin)",
            id="VIP, PINs of others",
        ),
        pytest.param("701", {}, "130, not answered before", "", id="not a VIP"),
        pytest.param("701", {"number": "anonymous"}, "130, not answered before", "", id="withheld"),
        pytest.param("701", {"number": ""}, "130, not answered before", "", id="no number at all"),
        pytest.param(
            "702",
            {"dial": ("10027#", f"{PIN}#")},
            "702, answered before",
            "(customer-number), (welcome)",
            id="customer number and PIN",
        ),
        pytest.param(
            "702",
            {"dial": ("10027#", f"{OTHER_PIN}#", "10031#", f"{OTHER_PIN}#")},
            "702, answered before",
            "(customer-number), (welcome), (wrong-pin customer-number), (welcome)",
            id="another customer's PIN, then their own",
        ),
        pytest.param(
            "702",
            {"dial": ("10099#", f"{PIN}#", "#", f"{PIN}#")},
            "hung up on, USER_BUSY",
            "(customer-number), (welcome), (wrong-pin customer-number), (welcome)",
            id="no such customer",
        ),
        pytest.param("703", {"dial": f"{PIN}#"}, "100, answered before", "(welcome)", id="target of the right PIN"),
        pytest.param(
            "703",
            {"dial": (f"{WRONG}#", f"{WRONG}#")},
            "120, answered before",
            "(welcome), (wrong-pin)",
            id="target of wrong PINs",
        ),
        pytest.param("711", {"number": VIP}, "711, not answered before", "", id="listed to pass"),
        pytest.param("711", {"number": "0049900123456"}, "486 Busy Here", "", id="listed to be rejected"),
        pytest.param("711", {"number": "anonymous"}, "711, not answered before", "", id="withheld, which is listed"),
        pytest.param(
            "711",
            {
                "number": "anonymous",
                "headers": {"P-Asserted-Identity": f"<sip:{STRANGER}@x>", "Privacy": "id"},
            },
            "711, not answered before",
            "",
            id="known to the network, hidden by the caller",
        ),
        pytest.param(
            "711",
            {"number": "anonymous", "headers": {"P-Asserted-Identity": f"<sip:{STRANGER}@x>"}},
            "711, not answered before",
            "",
            id="known to the network, hidden by an anonymous From",
        ),
        pytest.param(
            "711",
            {"number": "account", "headers": {"P-Asserted-Identity": f"<sip:{STRANGER}@x>", "Privacy": "none"}},
            "150, not answered before",
            "",
            id="known to the network, not hidden",
        ),
        pytest.param(
            "711",
            {
                "number": STRANGER,
                "headers": {"P-Asserted-Identity": f"<sip:{STRANGER}@x>", "P-Preferred-Identity": f"<sip:{VIP}@x>"},
            },
            "150, not answered before",
            "",
            id="a stranger whose telephone asks to be the VIP",
        ),
        pytest.param(
            "711", {"number": STRANGER, "name": VIP}, "150, not answered before", "", id="only named like a VIP"
        ),
        pytest.param(
            "711",
            {"sip_from": '"0049900123456" <sip:anonymous@anonymous.invalid>'},
            "711, not answered before",
            "",
            id="withheld, and named like one who is listed to be rejected",
        ),
        pytest.param("7001", {}, "486 Busy Here", "", id="a protected user, by number"),
        pytest.param("alice", {}, "486 Busy Here", "", id="a protected user, by name"),
        pytest.param("7003", {}, "7003, not answered before", "", id="another user"),
    ],
)
def test_how_a_call_ends(gate, to, caller, ends, hears):
    experience = gate.call(to, **caller)
    assert (end(experience), heard(experience)) == (ends, hears)
    assert not experience.parked_for_ever


def test_a_member_of_a_protected_group(gate):
    assert end(gate.call("7002")) == "486 Busy Here"


def test_what_the_log_tells_of_a_call(gate):
    gate.call("700", dial=(f"{WRONG}#", f"{PIN}#"))
    gate.settle()
    (decision,), (outcome,) = gate.lines("decision"), gate.lines("outcome")
    assert (decision["gate"], decision["verdict"], decision["caller"]) == ("static", "ask for PIN", "+4930123456")
    assert (outcome["result"], outcome["target"], outcome["entries"]) == ("pin_correct", "700", 2)
    assert {line["level"] for line in gate.lines()} == {"trace", "debug", "info"}


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        (EVENING, "486 Busy Here"),
        (NOON, "709, not answered before"),
        (HOLIDAY, "486 Busy Here"),
        (NOON.replace(hour=16, minute=59), "709, not answered before"),
        (NOON.replace(hour=17), "486 Busy Here"),
    ],
)
def test_schedules_go_by_the_clock(gate, now, ends):
    gate.now[0] = now
    assert end(gate.call("709")) == ends


@pytest.mark.parametrize(
    ("value", "ends"),
    [
        ("pass", "710, not answered before"),
        ("reject", "486 Busy Here"),
        ("forward:123", "123, not answered before"),
        (f"pin:{PIN}", "710, answered before"),
        ("forward:123 XML default", "140, not answered before"),
        (f"{PIN}", "140, not answered before"),
        ("", "486 Busy Here"),
    ],
)
def test_a_verdict_in_a_channel_variable(gate, value, ends):
    socket = ("socket", f"127.0.0.1:{gate.server.port} async full")
    actions = (("set", f"vipgate_verdict={value}"), socket) if value else (socket,)
    switch = gate.switch(dialplan=Dialplan(entry=Extension(actions, matches=True)))
    assert end(switch.call(Caller(STRANGER, dial=f"{PIN}#"), "710")) == ends


def test_a_silent_caller(gate):
    experience = gate.call("700")
    assert (end(experience), heard(experience)) == ("hung up on, USER_BUSY", "welcome, welcome, welcome")
    gate.settle()
    assert gate.lines("outcome")[0]["entries"] == 3


def test_where_a_prompt_is_missing_a_tone_takes_its_place(gate):
    gates = f'gates: {{g: {{protects: {{numbers: ["700"]}}, identify: [static_pin: {{pin: "{PIN}"}}]}}}}'
    without = gate.make(
        f'version: 1\nsite: {{sounds: /usr/share/nowhere}}\nserver: {{listen: "127.0.0.1:0"}}\n{gates}\n'
    )
    experience = without.switch().call(Caller(STRANGER, dial=("", f"{PIN}#"), dial_after=0.5), "700")
    assert end(experience) == "700, answered before"
    assert any(sound.startswith("tone_stream://") for sound in experience.heard)
    without.settle()
    (line,) = without.lines("the switch could not play a sound")
    assert (line["level"], line["sounds"]) == ("error", "/usr/share/nowhere/de/vipgate-welcome.wav")


def test_a_pin_in_the_log_would_be_found(gate):
    gate.call("700", dial=f"{PIN}#")
    assert "play_and_get_digits" in gate.log.getvalue()
    assert tells_a_pin(gate.log.getvalue()) == []
    gate.call(PLANTED)  # as the number that is called it stands in the log
    gate.settle()
    assert tells_a_pin(gate.log.getvalue()) == [PLANTED]
    gate.log.seek(0)
    gate.log.truncate()
