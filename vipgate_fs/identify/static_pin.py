"""`static_pin`: every caller is asked for the same PIN, or for the one that is valid at present."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.gate import StepDefaults
from vipgate_fs.gate.pins import AnyOf, Credential, Pin
from vipgate_fs.gate.verdict import AskForPin
from vipgate_fs.identify import Settings, read_pin

# Without a time zone, as all times here are.
BEGINNING: Final = dt.datetime.min  # noqa: DTZ901
END: Final = dt.datetime.max  # noqa: DTZ901
_ONE_DAY: Final = dt.timedelta(days=1)
_DATE: Final = len("YYYY-MM-DD")


@dataclass(frozen=True, slots=True)
class DatedPin:
    """A PIN that is valid for a while. Both times are what the site's clock shows, without a time zone.

    Attributes:
        valid_from: the first moment.
        valid_until: the first moment at which it is no longer valid.
    """

    pin: Pin
    valid_from: dt.datetime = BEGINNING
    valid_until: dt.datetime = END

    def is_valid(self, at: dt.datetime) -> bool:
        """Whether it is at a moment on the site's clock."""
        return self.valid_from <= at.replace(tzinfo=None) < self.valid_until


@dataclass(frozen=True, slots=True)
class StaticPin(StepDefaults):
    """Asks everybody for `pin`. See `vipgate_fs.gate.gate.Step` for the other attributes.

    Attributes:
        pin: that is always valid; None: there is none.
        dated: those that are valid for a while. At times when none is, the caller is asked all the same, in vain.
    """

    pin: Pin | None
    line: int
    dated: tuple[DatedPin, ...] = ()
    kind: ClassVar[str] = "static_pin"
    always_answers: ClassVar[bool] = True
    on_failure: ClassVar[None] = None

    def identify(self, call: Call) -> AskForPin:
        """Ask for the PIN that is valid when the call comes."""
        return AskForPin(self.valid_at(call.at))

    def valid_at(self, at: dt.datetime) -> Credential:
        """What is right at a moment on the site's clock."""
        if self.pin is not None and not self.dated:
            return self.pin
        valid = [dated.pin for dated in self.dated if dated.is_valid(at)]
        return AnyOf((*valid, *filter(None, [self.pin])))


def build(settings: Settings) -> StaticPin:
    """The step as it is configured."""
    values = settings.values
    if not values.keys() & {"pin", "pins"}:
        settings.error("neither pin nor pins; allowed: at least one of them")
    always = read_pin(settings, "pin")
    dated = tuple(_dated(settings))
    if len(dated) == len(values.get("pins", ())):  # else there is an error in one of them
        _warn(dated, settings)
    return StaticPin(Pin(always.reveal()) if always else None, settings.line, dated)


def _dated(settings: Settings) -> Iterator[DatedPin]:
    for index in range(len(settings.values.get("pins", ()))):
        digits = read_pin(settings, "pins", index, "pin")
        begin = _moment(settings, index, "valid_from", BEGINNING)
        end = _moment(settings, index, "valid_until", END)
        if digits and begin and end:
            yield DatedPin(Pin(digits.reveal()), begin, end)


def _moment(settings: Settings, index: int, key: str, default: dt.datetime) -> dt.datetime | None:
    """What stands at the key, in the form that the schema demands; None when it is wrong. A last day belongs to it."""
    written = settings.values["pins"][index].get(key)
    if written is None:
        return default
    try:
        moment = dt.datetime.fromisoformat(written)
    except ValueError:
        settings.error(f"there is no {written}; allowed: a day or a moment of the calendar", "pins", index, key)
        return None
    is_last_day = len(written) == _DATE and key == "valid_until"
    return min(moment, END - _ONE_DAY) + _ONE_DAY if is_last_day else moment


def _warn(dated: tuple[DatedPin, ...], settings: Settings) -> None:
    now = settings.calendar.local(dt.datetime.now(dt.UTC)).replace(tzinfo=None)
    for index, one in enumerate(dated):
        earlier = (i for i, other in enumerate(dated[:index]) if _overlap(one, other))
        if one.valid_from >= one.valid_until:
            settings.warn("never valid: it ends before it begins", "pins", index)
        elif one.valid_until <= now:
            settings.warn("no longer valid", "pins", index)
        elif (other := next(earlier, None)) is not None:
            line = settings.line_of("pins", other)
            settings.warn(f"valid at the same time as the one in line {line}; both are right then", "pins", index)


def _overlap(one: DatedPin, other: DatedPin) -> bool:
    return max(one.valid_from, other.valid_from) < min(one.valid_until, other.valid_until)
