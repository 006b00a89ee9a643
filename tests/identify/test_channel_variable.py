from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs import config
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.step import StepFailed
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject
from vipgate_fs.identify.channel_variable import ChannelVariable
from vipgate_fs.simulator import Caller
from vipgate_fs.simulator.invite import Invite

STEP = ChannelVariable("vipgate_verdict", variables=frozenset({"vipgate_verdict"}))
CALL = Call(uuid="1", caller="+4917612345678", called="7000", dialled="7000")


def with_value(value, name="vipgate_verdict"):
    return replace(CALL, variables={name: value})


def load(step):
    return config.load_text(f'version: 1\ngates:\n  g:\n    protects: {{numbers: ["7000"]}}\n    identify: [{step}]\n')


def built(step):
    loaded = load(step)
    assert loaded.findings == ()
    return loaded.configuration.gates[0].steps[0]


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("pass", Pass()),
        ("reject", Reject()),
        ("forward:123", Forward("123")),
        ("forward:*97", Forward("*97")),
        ("pin:0815", AskForPin(Pin("0815"))),
        ("", None),
    ],
)
def test_what_the_variable_says(value, verdict):
    assert STEP.identify(with_value(value)) == verdict


def test_a_variable_that_is_not_set_says_nothing():
    assert STEP.identify(CALL) is None
    assert STEP.identify(with_value("pass", "vipgate_other")) is None


def test_case_makes_no_difference_in_its_name():
    assert STEP.identify(with_value("reject", "VIPGATE_Verdict")) == Reject()


WRONG = [
    *("0815", "Pass", "pass ", " pass", "pass:", "reject:0815", "pin", "pin:", "pin:0815#", "pin:x0815", "pin: 0815"),
    *("forward", "forward:", "forward:0815 XML default", "forward:${system(0815)}", "forward:0815\n", "forward:0815,1"),
    *("forward:-0815", "PIN:0815", "pin=0815", "ask:0815", "{reject: false}", "pass\n0815", "\u2028", "%0A0815"),
    f"pin:{'0815' * 6}",
]


@pytest.mark.parametrize("value", WRONG)
def test_anything_else_is_a_failure_that_tells_no_pin(value):
    with pytest.raises(StepFailed, match=r"^vipgate_verdict: .*allowed: ") as caught:
        STEP.identify(with_value(value))
    assert "0815" not in repr(caught.value)
    assert caught.value.__suppress_context__


@given(st.text() | st.builds(str.__add__, st.sampled_from(["forward:", "pin:"]), st.text()))
def test_no_value_gets_anything_undialable_through(value):
    try:
        verdict = STEP.identify(with_value(value))
    except StepFailed:
        return
    assert not isinstance(verdict, Forward) or is_dialable(verdict.target)


@pytest.mark.parametrize(
    ("step", "name", "on_failure"),
    [
        ("channel_variable: {}", "vipgate_verdict", None),
        ("channel_variable: {name: crm_says}", "crm_says", None),
        ("channel_variable: {name: X, on_failure: {forward: '120'}}", "X", Forward("120")),
    ],
)
def test_it_is_built_as_configured(step, name, on_failure):
    variable = built(f"{{{step}}}")
    assert (variable.name, variable.variables, variable.line) == (name, {name}, 5)
    assert variable.on_failure == on_failure
    assert not variable.waits
    assert not variable.always_answers


INVITE = Invite.of(
    Caller(
        name="x",
        sip_from='"x" <sip:1;cpc=y@127.0.0.1:5;a=b>',
        headers={
            "P-Asserted-Identity": "<sip:1@x>",
            "Remote-Party-ID": "<sip:1@x>",
            "Privacy": "id",
            "Diversion": "<sip:1@x>",
            "History-Info": "<sip:1@x>",
        },
    ),
    "700",
    session_id=1,
    micros=1,
)
FILLED = {*INVITE.variables, *INVITE.media_variables(), *INVITE.answer_variables(), *INVITE.ack_variables("700")}
"""What a real switch fills from an INVITE: the simulator gives what the traces of one have."""


@pytest.mark.parametrize(
    "name",
    [
        *sorted(name for name in FILLED if "-" not in name),
        *("sip_h_X_VIP", "SIP_h_X_VIP", "sip_rh_X", "sip_ph_X", "sip_bye_h_X", "sip_i_subject", "sip_P", "sip"),
        *("verto_dvar_vip", "verto_dvar_email", "verto_h_X_VIP", "verto_user"),
        *("caller_id_name", "caller_id_number", "effective_caller_id_name", "destination_number", "rdnis", "ani"),
        *("alert_info", "presence_id", "requested_user_name", "acl_token", "call_clientcode"),
        *("DP_MATCH", "digits_dialed", "read_result", "vipgate_digits", "vipgate_digits_invalid", "vipgate_passed"),
    ],
)
def test_what_a_caller_can_fill_is_refused(name):
    loaded = load(f"{{channel_variable: {{name: {name}}}}}")
    (finding,) = loaded.findings
    assert (loaded.configuration, finding.line, finding.severity) == (None, 5, "error")
    assert "the caller could choose the verdict" in finding.message


@pytest.mark.parametrize("name", ["sip-x", "'sip_h_X-VIP'", "'1x'", "_x", "'a b'", "'${x}'", "'x\\'", f"a{'b' * 64}"])
def test_what_is_no_name_is_refused(name):
    (finding,) = load(f"{{channel_variable: {{name: {name}}}}}").findings
    assert "allowed: a name that begins with a letter" in finding.message


@pytest.mark.parametrize("name", ["sipgate", "rtpx", "crm_verdict", "lookup", "vipgate_verdict2", "vip"])
def test_what_only_sounds_like_one_of_those_is_not(name):
    assert built(f"{{channel_variable: {{name: {name}}}}}").name == name
