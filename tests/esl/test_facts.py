from __future__ import annotations

import pytest

from vipgate_fs.esl.facts import call_facts
from vipgate_fs.esl.wire import Headers
from vipgate_fs.gate.numbers import NumberPlan

PLAN = NumberPlan("DE")


@pytest.mark.parametrize(
    ("number", "caller", "called"),
    [
        ("0176 12345678", "+4917612345678", "+4917612345678"),
        ("anonymous", "", "anonymous"),
        ("0", "", "0"),
        ("49\0", "49\\x00", "49\\x00"),
        ("\ud800", "\\ud800", "\\ud800"),
        ("9" * 5000, "9" * 64, "9" * 64),
    ],
)
def test_what_a_caller_says_of_himself_can_be_stored_and_the_target_stays_as_it_was_dialled(number, caller, called):
    headers = {"Unique-ID": "1", "Caller-Caller-ID-Number": number, "Caller-Destination-Number": number}
    call = call_facts(headers, PLAN)
    assert (call.caller, call.called, call.dialled) == (caller, called, number)


def test_the_facts_are_those_of_the_channel_and_of_the_variables_that_are_asked_for():
    data = {
        "Unique-ID": "0ad4",
        "Caller-Caller-ID-Number": "017612345678",
        "Caller-Caller-ID-Name": "Eva",
        "Caller-Destination-Number": "7001;phone-context=x",
        "Caller-Context": "public",
        "variable_sip_full_to": "<sip:07022279780:password@gate.example>",
        "variable_sip_h_Diversion": "<sip:x>",
        "variable_trunk": "a",
        "variable_empty": "",
        "variable_other": "b",
    }
    call = call_facts(data, PLAN, ("trunk", "empty", "missing"))
    assert (call.uuid, call.caller_name, call.context) == ("0ad4", "Eva", "public")
    assert (call.called, call.dialled) == ("7001", "7001")
    assert call.called_in == {"Request-URI": "7001", "To": "+497022279780"}
    assert call.variables == {"trunk": "a", "empty": ""}
    nothing = call_facts({"Unique-ID": "1"}, PLAN)
    assert (nothing.caller, nothing.called, nothing.caller_name, nothing.context) == ("", "", "", "")
    assert (nothing.called_in, nothing.variables, nothing.restricted) == ({}, {}, False)


@pytest.mark.parametrize("set_as", ["vipgate_verdict", "VIPGATE_VERDICT", "VIPgate_Verdict"])
def test_a_variable_is_found_however_the_dialplan_spells_it(set_as):
    """To FreeSWITCH, case makes no difference; its channel data have the name as it was set last."""
    channel = {"Unique-ID": "1", "variable_a": "b", f"variable_{set_as}": "reject"}
    variables = call_facts(channel, PLAN, ["vipgate_verdict", "Vipgate_verdict", "unset"]).variables
    assert variables == {"vipgate_verdict": "reject", "Vipgate_verdict": "reject"}


@pytest.mark.parametrize("header", ["P-Called-Party-ID", "p-called-party-id"])
def test_a_header_is_found_however_a_message_spells_it(header):
    channel = Headers(f"Unique-ID: 1\nvariable_sip_h_{header}: %3Csip%3A700%40x%3E".encode(), encoded=True)
    assert call_facts(channel, NumberPlan("DE")).called_in == {"P-Called-Party-ID": "700"}
