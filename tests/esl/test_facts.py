from __future__ import annotations

import pytest

from vipgate_fs.esl.facts import call_facts
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
