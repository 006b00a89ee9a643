"""`static_pin`: every caller is asked for the same PIN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.gate import StepDefaults
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.verdict import AskForPin, Verdict
from vipgate_fs.identify import Settings, weakness


@dataclass(frozen=True, slots=True)
class StaticPin(StepDefaults):
    """Asks everybody for `pin`. See `vipgate_fs.gate.gate.Step` for the other attributes."""

    pin: Pin
    line: int
    on_failure: Verdict | None = None
    kind: ClassVar[str] = "static_pin"
    always_answers: ClassVar[bool] = True

    def identify(self, call: Call) -> Verdict:  # noqa: ARG002 - whoever calls
        """Ask for the PIN."""
        return AskForPin(self.pin)


def build(settings: Settings) -> StaticPin:
    """The step as it is configured."""
    digits = str(settings.values["pin"])
    if why := weakness(digits):
        settings.warn(why, "pin")
    return StaticPin(Pin(digits), settings.line, settings.on_failure)
