import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from building import build, built

from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.verdict import AskForPin
from vipgate_fs.identify.static_pin import StaticPin


@pytest.mark.parametrize("caller", ["+4917612345678", "20", WITHHELD])
def test_everybody_is_asked_for_the_same_pin(call, caller):
    step = StaticPin(Pin("4711"), line=7)
    assert step.identify(call(caller)) == AskForPin(Pin("4711"))
    assert step.always_answers


@pytest.mark.parametrize("written", ["4711", 4711])
def test_it_is_built_as_configured(written):
    assert built("static_pin", {"pin": written}) == StaticPin(Pin("4711"), kind="static_pin", line=1)


@pytest.mark.parametrize(("pin", "weak"), [("471", True), ("0000", False)])
def test_a_short_pin_gets_a_warning(pin, weak):
    said = build("static_pin", {"pin": pin}).said
    assert [(severity, path) for severity, path, _ in said] == [("warning", ("pin",))] * weak
    assert pin not in str(said)


def test_the_pin_is_not_shown():
    assert "4711" not in repr(StaticPin(Pin("4711"), line=7))


MONTHLY = [
    {"pin": "4711", "valid_from": "2026-10-25", "valid_until": "2026-10-31"},
    {"pin": "4712", "valid_from": "2026-11-01", "valid_until": "2026-11-30"},
    {"pin": "4713", "valid_from": "2026-11-30 12:00", "valid_until": "2026-12-24T18:00"},
]
BERLIN = ZoneInfo("Europe/Berlin")


def right_at(step, call, moment):
    """The PINs of 4710 to 4719 that are right at a moment on the site's clock."""
    at = dt.datetime.fromisoformat(moment).replace(tzinfo=BERLIN)
    expected = step.identify(replace(call("7001"), at=at)).expected
    return [pin for pin in map(str, range(4710, 4720)) if expected.matches(pin, None)]


@pytest.mark.parametrize(
    ("moment", "right"),
    [
        ("2026-10-24T23:59:59", []),
        ("2026-10-25T00:00", ["4711"]),
        ("2026-10-31T23:59:59.999999", ["4711"]),
        ("2026-11-01T00:00", ["4712"]),
        ("2026-11-30T11:59:59", ["4712"]),
        ("2026-11-30T12:00", ["4712", "4713"]),
        ("2026-12-01T00:00", ["4713"]),
        ("2026-12-24T17:59:59", ["4713"]),
        ("2026-12-24T18:00", []),
    ],
)
def test_the_pin_of_the_month_is_right_on_its_days_and_with_it_the_one_that_always_is(call, moment, right):
    assert right_at(built("static_pin", {"pins": MONTHLY}), call, moment) == right
    both = built("static_pin", {"pin": "4719", "pins": MONTHLY})
    assert right_at(both, call, moment) == [*right, "4719"]


@pytest.mark.parametrize(
    ("entry", "moment", "is_right"),
    [
        ({}, "1999-12-31T00:00", True),
        ({"valid_from": "2026-11-01"}, "2026-10-31T23:59", False),
        ({"valid_from": "2026-11-01"}, "9999-12-31T23:59", True),
        ({"valid_until": "2026-11-01"}, "2026-11-01T23:59", True),
        ({"valid_until": "9999-12-31"}, "9999-12-31T23:59", True),
        ({"valid_until": "2026-11-01"}, "2026-11-02T00:00", False),
    ],
)
def test_an_end_that_is_not_given_does_not_restrict(call, entry, moment, is_right):
    step = built("static_pin", {"pins": [{"pin": "4711", **entry}]})
    assert right_at(step, call, moment) == ["4711"] * is_right


def test_nothing_of_a_dated_pin_is_shown():
    assert "4711" not in repr(built("static_pin", {"pins": MONTHLY}))
