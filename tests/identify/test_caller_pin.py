import pytest
from building import build, built

from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.gate.pins import Pin, PinTable
from vipgate_fs.gate.verdict import AskForPin
from vipgate_fs.identify.caller_pin import CallerPin

VIP = "+4917612345678"
STRANGER = "+4971112345678"
TABLE = PinTable({VIP: Pin("4711")})


@pytest.mark.parametrize("caller", [VIP, STRANGER, WITHHELD])
@pytest.mark.parametrize("ask_unknown", [False, True])
def test_a_known_caller_is_asked_for_his_own_pin_and_nobody_else_is_let_in(call, caller, ask_unknown):
    verdict = CallerPin(TABLE, "caller_number", ask_unknown, line=7).identify(call(caller))
    assert (verdict is not None) == (caller == VIP or ask_unknown)
    if verdict is not None:
        assert (verdict.expected.matches("4711") is not None) == (caller == VIP)
        assert not verdict.expected.matches("")


@pytest.mark.parametrize("caller", [VIP, STRANGER, WITHHELD])
def test_by_customer_number_the_whole_table_is_asked(call, caller):
    step = CallerPin(TABLE, "entered_id", ask_unknown=False, line=7)
    assert step.identify(call(caller)) == AskForPin(TABLE)


@pytest.mark.parametrize(
    ("values", "by", "ask_unknown", "always_answers"),
    [
        ({}, "caller_number", False, False),
        ({"unknown_callers": "skip"}, "caller_number", False, False),
        ({"unknown_callers": "ask"}, "caller_number", True, True),
        ({"identification": "entered_id"}, "entered_id", False, True),
    ],
)
def test_it_is_built_as_configured(call, values, by, ask_unknown, always_answers):
    leads = {"forward_correct": "100", "forward_incorrect": "120"}
    step = built("caller_pin", values | leads | {"pins": {"10027": "4711"}})
    assert (step.by, step.ask_unknown, step.always_answers) == (by, ask_unknown, always_answers)
    expected = step.table if by == "entered_id" else Pin("4711")
    assert step.identify(call("10027")) == AskForPin(expected, "100", "120")
    assert (step.kind, step.line) == ("caller_pin", 1)
    assert step.table.of("10027") == Pin("4711")


@pytest.mark.parametrize("written", ["004917612345678", "0176 12345678", "+49 (0)176/123456-78"])
def test_a_caller_is_found_however_his_number_is_written(call, written):
    step = built("caller_pin", {"pins": {written: 4711}})
    assert step.identify(call(VIP)) == AskForPin(Pin("4711"))


def test_customer_numbers_stay_as_they_are():
    step = built("caller_pin", {"identification": "entered_id", "pins": {"0049176123456": "4711"}})
    assert "0049176123456" in step.table


@pytest.mark.parametrize(
    ("values", "severity", "path", "message"),
    [
        ({"pins": {"anonymous": "4711"}}, "error", ("pins", "anonymous"), "not a telephone number"),
        ({"pins": {"": "4711"}}, "error", ("pins",), "not a telephone number"),
        ({"pins": {"017612345678": "4711", "+4917612345678": "4712"}}, "error", ("pins",), "line 1, written"),
        ({"identification": "entered_id", "pins": {"K1": "4711"}}, "error", ("pins", "K1"), "not a customer number"),
        (
            {"identification": "entered_id", "pins": {"1" * 21: "4711"}},
            "error",
            ("pins",),
            "not a customer number",
        ),
        (
            {"identification": "entered_id", "unknown_callers": "ask", "pins": {"1": "4711"}},
            "error",
            ("unknown_callers",),
            "no meaning",
        ),
        ({"pins": {"20": "471"}}, "warning", ("pins",), "easily guessed"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(values, severity, path, message):
    ((said_severity, said_path, said_message),) = build("caller_pin", values).said
    assert (said_severity, said_path) == (severity, path)
    assert message in said_message
    assert "471" not in said_message


def test_each_number_is_judged_for_itself():
    said = build("caller_pin", {"pins": {"anonymous": "47110815", "0176123": "47110815", "": "47110815"}}).said
    assert [(severity, message.partition(";")[0].partition(",")[0]) for severity, _, message in said] == [
        ("error", "this is not a telephone number"),
        ("warning", "too short for a number"),
        ("error", "this is not a telephone number"),
    ]
