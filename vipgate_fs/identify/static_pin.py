"""`static_pin`: every caller is asked for the same PIN, or for the one that is currently valid."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Final

from vipgate_fs.document.section import Section
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.pins import AnyOf, Credential, Pin
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.gate.step import Step
from vipgate_fs.gate.verdict import AskForPin, Targets
from vipgate_fs.identify import Surroundings, read_pin, read_targets
from vipgate_fs.sentences import say

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

    def seconds_left(self, at: dt.datetime) -> float:
        """For how long it is valid from a moment on the site's clock on; not above 0: no more."""
        return (self.valid_until - max(self.valid_from, at.replace(tzinfo=None))).total_seconds()


@dataclass(frozen=True, slots=True)
class StaticPin(Step):
    """Asks everybody for `pin`. See `vipgate_fs.gate.step.Step` for the other attributes.

    Attributes:
        pin: that is always valid; None: there is none.
        dated: those that are valid for a while. At times when none is, the caller is asked all the same, in vain.
        targets: where the PIN leads.
    """

    pin: Pin | None
    dated: tuple[DatedPin, ...] = ()
    targets: Targets = Targets()
    always_answers: bool = field(default=True, kw_only=True)

    def identify(self, call: Call) -> AskForPin:
        """Ask for the PIN that is valid when the call comes."""
        return AskForPin(self.valid_at(call.at), *self.targets)

    def valid_at(self, at: dt.datetime) -> Credential:
        """What is right at a moment on the site's clock."""
        if self.pin is not None and not self.dated:
            return self.pin
        valid = [dated.pin for dated in self.dated if dated.is_valid(at)]
        return AnyOf((*valid, *filter(None, [self.pin])))


def build(section: Section, around: Surroundings) -> StaticPin:
    """The step as it is configured."""
    if not {"pin", "pins"} & section.keys.keys():
        section.error(say("neither pin nor pins; allowed: at least one of them"))
    always = read_pin(section, "pin")
    written = tuple(section.sections("pins"))
    calendar = around.site.calendar
    dated = tuple(filter(None, (_dated(one, calendar) for one in written)))
    if len(dated) == len(written):  # else there is an error in one of them
        _warn(dated, written, calendar)
    return StaticPin(Pin(always.reveal()) if always else None, dated, read_targets(section))


def _dated(section: Section, calendar: Calendar) -> DatedPin | None:
    digits = read_pin(section, "pin")
    begin = section.find("valid_from", lambda written: _moment(written, calendar))
    end = section.find("valid_until", lambda written: _end(written, calendar))
    if digits is None or not section.is_sound:
        return None
    return DatedPin(Pin(digits.reveal()), begin or BEGINNING, end or END)


def _moment(written: str, calendar: Calendar) -> dt.datetime:
    """What is written in the schema's form. Raises ValueError, also for a minute that the clock skips."""
    try:
        moment = dt.datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(say("there is no {text}; allowed: a day or a moment of the calendar", text=written)) from None
    if len(written) != _DATE:
        calendar.moment(written)
    return moment


def _end(written: str, calendar: Calendar) -> dt.datetime:
    """The same for the end: a last day belongs to it."""
    moment = _moment(written, calendar)
    return min(moment, END - _ONE_DAY) + _ONE_DAY if len(written) == _DATE else moment


def _warn(dated: tuple[DatedPin, ...], written: tuple[Section, ...], calendar: Calendar) -> None:
    now = calendar.now().replace(tzinfo=None)
    for index, one in enumerate(dated):
        earlier = (i for i, other in enumerate(dated[:index]) if _overlap(one, other))
        if one.valid_from >= one.valid_until:
            written[index].warn(say("never valid: it ends before it begins"))
        elif one.valid_until <= now:
            written[index].warn(say("no longer valid"))
        elif (other := next(earlier, None)) is not None:
            line = written[other].line
            written[index].warn(say("valid at the same time as the one in line {line}; both are right then", line=line))


def _overlap(one: DatedPin, other: DatedPin) -> bool:
    return max(one.valid_from, other.valid_from) < min(one.valid_until, other.valid_until)
