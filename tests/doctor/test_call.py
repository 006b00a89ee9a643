"""What the steps of a call mean, by the events that a real switch sent; and a number that can't be called is not."""

from __future__ import annotations

import pytest

from vipgate_fs.doctor.call import Request, Story
from vipgate_fs.doctor.finding import Severity

PASSED = frozenset({"vipgate-passed"})


def execute(context, action):
    application, _, data = action.partition(" ")
    return {
        "Event-Name": "CHANNEL_EXECUTE",
        "Caller-Context": context,
        "Application": application,
        "Application-Data": data,
    }


def story(*events):
    """The lines, and the outcome."""
    made = Story(PASSED)
    lines = [made.describe(execute(*event) if isinstance(event, tuple) else event) for event in events]
    return [line for line in lines if line], made.outcome


HUNG_UP = {"Event-Name": "CHANNEL_HANGUP_COMPLETE", "Hangup-Cause": "NORMAL_CLEARING"}
INTO = [("vipgate", "set park_timeout=900"), ("vipgate", "set a=b"), ("vipgate", "socket 127.0.0.1:8084 async full")]
TRANSFER = ("vipgate", "transfer 7 XML vipgate-passed")


@pytest.mark.parametrize(
    ("events", "severity", "text"),
    [
        ([*INTO, ("vipgate", "play_and_get_digits 1 20")], 0, "a gate took the call, and asks the caller for digits"),
        ([*INTO, ("vipgate", "hangup USER_BUSY")], 0, "the gate rejected the call: hangup USER_BUSY"),
        ([*INTO, ("vipgate", "respond 486")], 0, "the gate rejected the call: respond 486"),
        (
            [
                *INTO,
                TRANSFER,
                ("vipgate-passed", "export vipgate_passed=true"),
                ("vipgate-passed", "transfer 7 XML public"),
            ],
            0,
            "the gate let the call through: transfer 7 XML public",
        ),
        (
            [*INTO, ("vipgate-no-gate", "log ERR"), ("vipgate-no-gate", "hangup SUBSCRIBER_ABSENT")],
            2,
            "no gate took the call: hangup SUBSCRIBER_ABSENT",
        ),
        ([("public", "bridge user/1000")], 2, "no gate was asked; the call got through: bridge user/1000"),
        ([("public", "hangup NO_ROUTE"), HUNG_UP], 2, "the call never met a gate, and ended with NORMAL_CLEARING"),
        ([*INTO, HUNG_UP], 0, "a gate had the call, and it ended with NORMAL_CLEARING"),
        (INTO, None, None),
    ],
)
def test_how_a_call_goes(events, severity, text):
    outcome = story(*events)[1]
    assert (outcome and outcome.severity, outcome and outcome.text) == (
        severity if severity is None else Severity(severity),
        text,
    )


def test_a_step_says_where_it_is_and_preparations_are_left_out():
    lines, _ = story(*INTO, {"Event-Name": "CHANNEL_ANSWER"}, TRANSFER, HUNG_UP)
    assert lines == [
        "vipgate: set",
        "socket 127.0.0.1:8084 async full",
        "answered",
        "transfer 7 XML vipgate-passed",
        "hung up: NORMAL_CLEARING",
    ]


def test_no_pin_that_a_dialplan_sets_is_in_a_step():
    lines, _ = story(
        ("inside", "set vipgate_verdict=pin:1357"), ("inside", "export a=1357"), ("inside", "transfer 7 XML vipgate")
    )
    assert lines == ["inside: set", "transfer 7 XML vipgate"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": "7 XML default"},
        {"number": "${system(x)}"},
        {"caller": "7,api=x"},
        {"context": "a b"},
        {"context": "a/XML"},
    ],
)
def test_what_would_be_a_command_is_refused(wrong):
    with pytest.raises(ValueError, match=r"called|dialled"):
        Request(**{"number": "7000", "caller": "anonymous", "context": "vipgate", "passed": PASSED} | wrong)


def test_that_the_gate_asks_is_a_step():
    lines, _ = story(*INTO, ("vipgate", "answer"), ("vipgate", "play_and_get_digits 1 20"))
    assert [line.split()[0] for line in lines] == ["vipgate:", "socket", "answer", "play_and_get_digits"]
