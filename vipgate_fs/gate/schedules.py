"""Schedules: weekdays, times, dates, public holidays, in the site's wall-clock time."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from vipgate_fs.gate.dates import DAY_MINUTES, Dates, clock, minute
from vipgate_fs.gate.holidays import Holidays
from vipgate_fs.sentences import NOTHING, Sentence, joined, say

HORIZON: Final = 731
"""Days that `Schedule.ever` and `Schedule.always` look ahead: two years."""

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_NAMES: Final = (
    *(_WEEKDAYS, ("mo", "di", "mi", "do", "fr", "sa", "so")),
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"),
)
_RANGE: Final = re.compile(r"(?P<first>\w+)(?:\s*[-\u2013~]\s*|\s*\.\.\s*|\s+(?:to|bis)\s+)(?P<last>\w+)")
_HOLIDAY: Final = len(_WEEKDAYS)
_HOLIDAY_NAMES: Final = ("holidays", "feiertage")
_NAMES: Final = (
    *(say("mon"), say("tue"), say("wed"), say("thu"), say("fri"), say("sat"), say("sun")),
    say("holidays"),
)
_ONE_DAY: Final = dt.timedelta(days=1)


_LAST_YEAR: Final = 9998
"""Of times that are taken; the calendar ends a year later, so that all time zones have room."""
MOMENT: Final = say("an ISO time such as 2026-12-24T18:30")
YEARS: Final = range(1970, _LAST_YEAR + 1)
_LATEST: Final = dt.datetime(_LAST_YEAR, 12, 31, tzinfo=dt.UTC).timestamp()


class Calendar:
    """A site's clock and public holidays.

    Attributes:
        timezone: the site's.
        holidays: its public holidays; None: none are known.
    """

    def __init__(self, timezone: ZoneInfo, holidays: Holidays | None = None) -> None:
        self.timezone = timezone
        self.holidays = holidays

    def local(self, at: dt.datetime) -> dt.datetime:
        """An instant on the site's clock. Raises ValueError when `at` has no time zone."""
        if at.utcoffset() is None:
            raise ValueError(f"{at} has no time zone; allowed: an instant, such as {at}+01:00")
        return at.astimezone(self.timezone)

    def now(self) -> dt.datetime:
        """Now, on the site's clock."""
        return self.local(dt.datetime.now(dt.UTC))

    def at(self, seconds: float) -> dt.datetime:
        """A Unix time on the site's clock, whatever it is: those after the last year are its end."""
        return self.local(dt.datetime.fromtimestamp(min(max(seconds, 0.0), _LATEST), dt.UTC))

    def midnight(self, day: dt.date) -> dt.datetime:
        """When a day begins on the site's clock."""
        return dt.datetime.combine(day, dt.time(), self.timezone)

    def moment(self, text: str, allowed: Sentence = MOMENT) -> dt.datetime:
        """An ISO time, on the site's clock unless it has an offset of its own.

        Raises:
            ValueError: it is none, or there is no such minute because the clock is put forward; what is `allowed`.
        """
        try:
            at = dt.datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(say("found {text}; allowed: {allowed}", text=text, allowed=allowed)) from None
        if at.year not in YEARS:
            raise ValueError(
                say("found {text}; allowed: years {first} to {last}", text=text, first=YEARS[0], last=YEARS[-1])
            )
        local = self.local(at if at.tzinfo else at.replace(tzinfo=self.timezone))
        # Made an instant and back, a minute that the clock skips is another one (PEP 495).
        shown = self.local(local.astimezone(dt.UTC))
        if at.tzinfo is None and shown.replace(tzinfo=None) != at:
            raise ValueError(
                say(
                    "there is no {text} in {zone}, where the clock is put forward then; allowed: such as {instead}",
                    text=text,
                    zone=self.timezone.key,
                    instead=shown.isoformat(timespec="minutes"),
                )
            )
        return shown

    def holiday(self, day: dt.date) -> str | None:
        """The public holiday's name on that day, in the country's language."""
        return self.holidays.name(day) if self.holidays is not None else None


@dataclass(frozen=True, slots=True)
class Days:
    """Kinds of days. A public holiday is a kind of its own, and then no weekday.

    Attributes:
        kinds: 0 to 6 for Monday to Sunday, 7 for public holidays.
        text: as read; empty for every day.
    """

    kinds: frozenset[int]
    text: Sentence = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> Days:
        """Read days such as `mon-thu`, `sat,sun`, `fr-mo`, `Montag bis Freitag`, `holidays`, in English or German.

        Raises:
            ValueError: says what is wrong and what is allowed.
        """
        ranges = [_day_range(item.strip(), text) for item in text.lower().split(",")]
        kinds = frozenset(kind for first, last in ranges for kind in _kinds(first, last))
        return cls(kinds, joined(", ", dict.fromkeys(_range_text(*ends) for ends in ranges)))

    @property
    def names_holidays(self) -> bool:
        """Whether public holidays were asked for (every day includes them unasked)."""
        return _HOLIDAY in self.kinds and self != EVERY_DAY

    def include(self, day: dt.date, calendar: Calendar) -> bool:
        """Whether a day is of these kinds."""
        return self == EVERY_DAY or (_HOLIDAY if calendar.holiday(day) else day.weekday()) in self.kinds


EVERY_DAY: Final = Days(frozenset(range(_HOLIDAY + 1)), NOTHING)
"""Weekdays and public holidays."""
WEEKDAYS: Final = frozenset(range(_HOLIDAY))
"""The kinds of all days that are no public holidays."""


def _day_range(item: str, text: str) -> tuple[int, int]:
    if item in _HOLIDAY_NAMES:
        return _HOLIDAY, _HOLIDAY
    written = match.groups() if (match := _RANGE.fullmatch(item)) else (item, item)
    ends = [names.index(name) for name in written for names in _DAY_NAMES if name in names]
    if len(ends) != 2:  # noqa: PLR2004 - first and last
        raise ValueError(
            say(
                "found {item!r} in days {text!r}; "
                "allowed: {weekdays} and holidays, ranges such as mon-thu, lists such as sat,sun",
                item=item,
                text=text,
                weekdays=joined(", ", _NAMES[:_HOLIDAY]),
            )
        )
    return ends[0], ends[1]


def _kinds(first: int, last: int) -> Iterator[int]:
    if first == _HOLIDAY:
        yield _HOLIDAY
    else:
        yield from (day % _HOLIDAY for day in range(first, last + 1 if first <= last else last + 1 + _HOLIDAY))


def _range_text(first: int, last: int) -> Sentence:
    if first == last:
        return _NAMES[first]
    return say("{first}-{last}", first=_NAMES[first], last=_NAMES[last])


@dataclass(frozen=True, slots=True)
class Times:
    """Times of a day; after midnight they still belong to the day that they start on.

    Attributes:
        start: first minute, counted from the day's midnight on the wall clock, 0 to 1439.
        end: first minute that is not in it any more, up to 2879: beyond 1440 it is on the next day.
    """

    start: int = 0
    end: int = DAY_MINUTES

    @classmethod
    def parse(cls, start: str | None, end: str | None) -> Times:
        """Read times such as `09:00`.

        Args:
            start: None: from midnight.
            end: up to `24:00`; None: until midnight. Not after the start: on the next day.

        Raises:
            ValueError: says what is wrong and what is allowed.
        """
        first = minute(start) if start is not None else 0
        last = DAY_MINUTES if end is None or end == "24:00" else minute(end)
        return cls(first, last if last > first else last + DAY_MINUTES)

    def __contains__(self, at: int) -> bool:
        return self.start <= at < self.end

    @property
    def text(self) -> Sentence:
        """Such as `09:00-17:00`; empty for the whole day."""
        if self == Times():
            return NOTHING
        end = self.end if self.end <= DAY_MINUTES else self.end - DAY_MINUTES
        return say("{start}-{end}", start=clock(self.start), end=clock(end))


@dataclass(frozen=True, slots=True)
class Span:
    """Days, times and dates that belong together.

    Attributes:
        line: where it stands in the configuration, from 1.
        days: the kinds of day that it starts on.
        times: of each such day.
        dates: that it starts on, or the stretch that it is within; None: any.
        closed: whether it takes its time out of the schedule instead of adding it.
    """

    line: int
    days: Days
    times: Times
    dates: Dates | None = None
    closed: bool = False

    def began(self, local: dt.datetime, calendar: Calendar) -> dt.date | None:
        """The day that this span belongs to, if the site's clock, as `Calendar.local` gives it, shows a time of it.

        None: it shows none. Only what the clock shows counts. So a span has an hour less or more in it on the days of
        the change, the repeated hour counts twice, and what would start in the skipped hour starts when the clock
        jumps.
        """
        today, at = local.date(), local.hour * 60 + local.minute
        for day, since in ((today, at), (today - _ONE_DAY, at + DAY_MINUTES)):
            if since in self.times and self._is_on(day, since, calendar):
                return day
        return None

    def _is_on(self, day: dt.date, at: int, calendar: Calendar) -> bool:
        return (self.dates is None or self.dates.cover(day, at)) and self.days.include(day, calendar)

    @property
    def turns(self) -> set[int]:
        """The minutes of a day at which it may begin or end."""
        return {self.times.start, self.times.end % DAY_MINUTES} | (self.dates.turns if self.dates else set())

    @property
    def text(self) -> Sentence:
        """In a few words, such as `mon-thu 09:00-17:00`."""
        dates = self.dates.text if self.dates else NOTHING
        when = joined(" ", (dates, self.days.text, self.times.text)) or say("always")
        return say("closed {when}", when=when) if self.closed else when


@dataclass(frozen=True, slots=True)
class Schedule:
    """Times by name: on while at least one of its spans is on and no closed span is.

    Attributes:
        name: in the configuration.
        line: where it stands there, from 1.
        spans: in the order of the configuration.
    """

    name: str
    line: int
    spans: tuple[Span, ...]

    def __hash__(self) -> int:
        return hash(self.name)

    def at(self, at: dt.datetime, calendar: Calendar) -> tuple[bool, Span | None]:
        """Whether the schedule is on at that instant, and the span that says so (None: none does).

        Raises:
            ValueError: `at` has no time zone.
        """
        local = calendar.local(at)
        for span in sorted(self.spans, key=lambda span: not span.closed):
            if span.began(local, calendar):
                return not span.closed, span
        return False, None

    def explain(self, at: dt.datetime, calendar: Calendar) -> Sentence:
        """In a few words what it is at that instant, and why: the span, its dates, the public holiday.

        Raises:
            ValueError: `at` has no time zone.
        """
        local = calendar.local(at)
        is_on, span = self.at(at, calendar)
        parts = {"at": local, "schedule": self.name, "because": _because(span, local, calendar)}
        if holiday := calendar.holiday(local.date()):
            if is_on:
                return say(
                    "{at:%a %Y-%m-%d %H:%M} is a public holiday ({holiday}), inside {schedule}{because}",
                    holiday=holiday,
                    **parts,
                )
            return say(
                "{at:%a %Y-%m-%d %H:%M} is a public holiday ({holiday}), outside {schedule}{because}",
                holiday=holiday,
                **parts,
            )
        if is_on:
            return say("{at:%a %Y-%m-%d %H:%M} is inside {schedule}{because}", **parts)
        return say("{at:%a %Y-%m-%d %H:%M} is outside {schedule}{because}", **parts)

    def ever(self, calendar: Calendar, from_day: dt.date) -> bool:
        """Whether it is on at any time in the HORIZON days from `from_day`."""
        return any(self.at(at, calendar)[0] for at in self.turns(calendar, from_day, HORIZON))

    def always(self, calendar: Calendar, from_day: dt.date) -> bool:
        """Whether it is on all the time in the HORIZON days from `from_day`."""
        return all(self.at(at, calendar)[0] for at in self.turns(calendar, from_day, HORIZON))

    def turns(self, calendar: Calendar, from_day: dt.date, days: int) -> Iterator[dt.datetime]:
        """The instants at which it may turn on or off, in so many days, one after the other."""
        turns = {0}.union(*(span.turns for span in self.spans))
        for offset in range(days):
            midnight, next_midnight = (
                calendar.midnight(from_day + dt.timedelta(days)).astimezone(dt.UTC) for days in (offset, offset + 1)
            )
            minutes = (next_midnight - midnight) // dt.timedelta(minutes=1)
            # Where the clock changes, a turn may fall into the skipped hour: look at every minute.
            for turn in sorted(turns) if minutes == DAY_MINUTES else range(minutes):
                yield midnight + dt.timedelta(minutes=turn)


def _because(span: Span | None, local: dt.datetime, calendar: Calendar) -> Sentence:
    if span is None:
        return NOTHING
    day = span.began(local, calendar)
    if day is None or day == local.date():
        return say(" ({span})", span=span.text)
    if holiday := calendar.holiday(day):
        return say(
            " ({span}, since {day:%a %Y-%m-%d} a public holiday ({holiday}))", span=span.text, day=day, holiday=holiday
        )
    return say(" ({span}, since {day:%a %Y-%m-%d})", span=span.text, day=day)
