import pytest

from vipgate_fs import identify
from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.verdict import AskForPin, Reject
from vipgate_fs.identify.static_pin import StaticPin


@pytest.mark.parametrize("caller", ["+4917612345678", "20", WITHHELD])
def test_everybody_is_asked_for_the_same_pin(call, caller):
    step = StaticPin(Pin("4711"), line=7)
    assert step.identify(call(caller)) == AskForPin(Pin("4711"))
    assert step.always_answers


@pytest.mark.parametrize("written", ["4711", 4711])
def test_it_is_built_as_configured(settings, written):
    configured = settings({"pin": written}, on_failure=Reject())
    assert identify.build("static_pin", configured) == StaticPin(Pin("4711"), line=7, on_failure=Reject())
    assert configured.said == []


@pytest.mark.parametrize(("pin", "weak"), [("471", True), ("0000", False)])
def test_a_short_pin_gets_a_warning(settings, pin, weak):
    configured = settings({"pin": pin})
    identify.build("static_pin", configured)
    assert [(severity, path) for severity, path, _ in configured.said] == [("warning", ("pin",))] * weak
    assert pin not in str(configured.said)


def test_the_pin_is_not_shown():
    assert "4711" not in repr(StaticPin(Pin("4711"), line=7))
