"""Schedules: weekdays, times, date ranges, public holidays, in the site's wall-clock time."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from holidays import HolidayBase

HORIZON: Final = 400
"""Days that `Schedule.ever` and `Schedule.always` look ahead: a year and some."""

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_GERMAN_WEEKDAYS: Final = ("mo", "di", "mi", "do", "fr", "sa", "so")
_HOLIDAY: Final = len(_WEEKDAYS)
_HOLIDAY_NAMES: Final = ("holidays", "feiertage")
_ONE_DAY: Final = dt.timedelta(days=1)
_MINUTES: Final = 24 * 60
_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_DATE: Final = re.compile(r"(?:[0-9]{4}-)?[0-9]{2}-[0-9]{2}")
_LEAP_YEAR: Final = "2000-"
_PART: Final = re.compile(r"[A-Z0-9]{1,3}")  # ISO 3166-2; the library knows a few cities and zones besides
_TO: Final = re.compile(r"\s+-\s+|\s*\.\.\s*")


class Calendar:
    """A site's clock and public holidays."""

    def __init__(self, timezone: ZoneInfo, holidays: str | None = None) -> None:
        """A calendar.

        Args:
            timezone: the site's.
            holidays: country or part of one, ISO 3166-1 or 3166-2, such as DE-BW; None: no public holidays.

        Raises:
            ValueError: no holidays are known for that country or part.
        """
        self.timezone = timezone
        self._holidays = _public_holidays(holidays) if holidays is not None else None

    def local(self, at: dt.datetime) -> dt.datetime:
        """An instant on the site's clock. Raises ValueError when `at` has no time zone."""
        if at.utcoffset() is None:
            raise ValueError(f"{at} has no time zone; allowed: an instant, such as {at}+01:00")
        return at.astimezone(self.timezone)

    def holiday(self, day: dt.date) -> str | None:
        """The public holiday's name on that day, in the country's language."""
        return self._holidays.get(day) if self._holidays is not None else None


def _public_holidays(code: str) -> HolidayBase:
    import holidays  # noqa: PLC0415 - it takes a tenth of a second, which sites without holidays are spared

    country, _, part = code.partition("-")
    try:
        # Without a language, the names are in that of the server's locale.
        language = holidays.country_holidays(country).default_language
        return holidays.country_holidays(country, subdiv=part or None, language=language)
    except NotImplementedError:
        supported = holidays.list_supported_countries()
    if country not in supported:
        raise ValueError(f"no public holidays are known for {code!r}; allowed: a country (ISO 3166-1), such as DE")
    allowed = [country, *(f"{country}-{known}" for known in supported[country] if _PART.fullmatch(known))]
    raise ValueError(f"no public holidays are known for {code!r}; allowed: {', '.join(allowed)}")


@dataclass(frozen=True, slots=True)
class Days:
    """Kinds of days. A public holiday is a kind of its own, and then no weekday.

    Attributes:
        kinds: 0 to 6 for Monday to Sunday, 7 for public holidays.
        text: as read, in English; empty for every day.
    """

    kinds: frozenset[int]
    text: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> Days:
        """Read days such as `mon-thu`, `sat,sun`, `fr-mo`, `holidays`, in English or German.

        Raises:
            ValueError: says what is wrong and what is allowed.
        """
        ranges = [_day_range(item.strip(), text) for item in text.lower().split(",")]
        kinds = frozenset(kind for first, last in ranges for kind in _kinds(first, last))
        return cls(kinds, ", ".join(dict.fromkeys(_range_text(*ends) for ends in ranges)))

    @property
    def names_holidays(self) -> bool:
        """Whether public holidays were asked for (every day includes them unasked)."""
        return _HOLIDAY in self.kinds and self != EVERY_DAY

    def include(self, day: dt.date, calendar: Calendar) -> bool:
        """Whether a day is of these kinds."""
        return self == EVERY_DAY or (_HOLIDAY if calendar.holiday(day) else day.weekday()) in self.kinds


EVERY_DAY: Final = Days(frozenset(range(_HOLIDAY + 1)), "")
"""Weekdays and public holidays."""
WEEKDAYS: Final = frozenset(range(_HOLIDAY))
"""The kinds of all days that are no public holidays."""


def _day_range(item: str, text: str) -> tuple[int, int]:
    if item in _HOLIDAY_NAMES:
        return _HOLIDAY, _HOLIDAY
    first, dash, last = (name.strip() for name in item.partition("-"))
    ends = [
        names.index(name) for name in (first, last or first) for names in (_WEEKDAYS, _GERMAN_WEEKDAYS) if name in names
    ]
    if len(ends) != 2 or bool(dash) != bool(last):  # noqa: PLR2004 - first and last
        allowed = f"{', '.join(_WEEKDAYS)} and holidays, ranges such as mon-thu, lists such as sat,sun"
        raise ValueError(f"found {item!r} in days {text!r}; allowed: {allowed}")
    return ends[0], ends[1]


def _kinds(first: int, last: int) -> Iterator[int]:
    if first == _HOLIDAY:
        yield _HOLIDAY
    else:
        yield from (day % _HOLIDAY for day in range(first, last + 1 if first <= last else last + 1 + _HOLIDAY))


def _range_text(first: int, last: int) -> str:
    names = (*_WEEKDAYS, _HOLIDAY_NAMES[0])
    return names[first] if first == last else f"{names[first]}-{names[last]}"


@dataclass(frozen=True, slots=True)
class Times:
    """Times of a day; after midnight they still belong to the day that they start on.

    Attributes:
        start: first minute, counted from the day's midnight on the wall clock, 0 to 1439.
        end: first minute that is not in it any more, up to 2879: beyond 1440 it is on the next day.
    """

    start: int = 0
    end: int = _MINUTES

    @classmethod
    def parse(cls, start: str | None, end: str | None) -> Times:
        """Read times such as `09:00`.

        Args:
            start: None: from midnight.
            end: up to `24:00`; None: until midnight. Before the start: on the next day.

        Raises:
            ValueError: says what is wrong and what is allowed.
        """
        first = _minute(start) if start is not None else 0
        last = _minute(end) if end not in (None, "24:00") else _MINUTES
        if first == last:
            raise ValueError(f"from and to are both {end}; leave both away for the whole day")
        return cls(first, last if last > first else last + _MINUTES)

    def __contains__(self, minute: int) -> bool:
        return self.start <= minute < self.end

    @property
    def text(self) -> str:
        """Such as `09:00-17:00`; empty for the whole day."""
        if self == Times():
            return ""
        end = self.end if self.end <= _MINUTES else self.end - _MINUTES
        return f"{_clock(self.start)}-{_clock(end)}"


def _minute(text: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f'found {text!r}; allowed: a time from "00:00" to "23:59", at the end of a span also "24:00"')
    return int(match[1]) * 60 + int(match[2])


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@dataclass(frozen=True, slots=True)
class Dates:
    """Dates from one to another, both included.

    Attributes:
        first: `YYYY-MM-DD`, or `MM-DD` for every year.
        last: the same; of yearly dates, it may be in the next year.
    """

    first: str
    last: str

    @classmethod
    def parse(cls, text: str) -> Dates:
        """Read `2026-12-24`, or `2026-12-24..2027-01-06` (or ` - `); without years (`12-24..01-06`): every year.

        Raises:
            ValueError: says what is wrong and what is allowed.
        """
        ends = [_date(end) for end in _TO.split(text.strip())]
        first, last = ends[0], ends[-1]
        if len(ends) > 2 or len(first) != len(last):  # noqa: PLR2004 - first and last
            raise ValueError(f"found {text!r}; allowed: one date, or two of them, both with a year or both without")
        if first > last and _is_full(first):
            raise ValueError(f"{text!r} ends before it begins; allowed: the earlier date first")
        return cls(first, last)

    def __contains__(self, day: dt.date) -> bool:
        date = day.isoformat()[-len(self.first) :]
        if self.first <= self.last:
            return self.first <= date <= self.last
        return date >= self.first or date <= self.last

    @property
    def text(self) -> str:
        """Such as `2026-12-24..2027-01-06`."""
        return self.first if self.first == self.last else f"{self.first}..{self.last}"


def _is_full(date: str) -> bool:
    return len(date) == len("YYYY-MM-DD")


def _date(text: str) -> str:
    if not _DATE.fullmatch(text):
        raise ValueError(f'found {text!r}; allowed: a date such as "2026-12-24", or "12-24" for every year')
    try:
        dt.date.fromisoformat(text if _is_full(text) else _LEAP_YEAR + text)
    except ValueError:
        raise ValueError(f"there is no {text}; allowed: a date of the calendar") from None
    return text


@dataclass(frozen=True, slots=True)
class Span:
    """Days, times and dates that belong together.

    Attributes:
        line: where it stands in the configuration, from 1.
        days: the kinds of day that it starts on.
        times: of each such day.
        dates: that it starts on; None: any.
        closed: whether it takes its time out of the schedule instead of adding it.
    """

    line: int
    days: Days
    times: Times
    dates: Dates | None = None
    closed: bool = False

    def holds(self, local: dt.datetime, calendar: Calendar) -> bool:
        """Whether the site's clock, as `Calendar.local` gives it, shows a time of this span.

        Only what the clock shows counts. So a span has an hour less or more in it on the days of the change, the
        repeated hour counts twice, and what would start in the skipped hour starts when the clock jumps.
        """
        day, minute = local.date(), local.hour * 60 + local.minute
        return self._covers(day, minute, calendar) or self._covers(day - _ONE_DAY, minute + _MINUTES, calendar)

    def _covers(self, day: dt.date, minute: int, calendar: Calendar) -> bool:
        on_date = self.dates is None or day in self.dates
        return minute in self.times and on_date and self.days.include(day, calendar)

    @property
    def text(self) -> str:
        """In a few words, such as `mon-thu 09:00-17:00`."""
        dates = self.dates.text if self.dates else ""
        when = " ".join(filter(None, (dates, self.days.text, self.times.text))) or "always"
        return f"closed {when}" if self.closed else when


@dataclass(frozen=True, slots=True)
class Schedule:
    """Times by name: on while one of its spans is, and no closed one.

    Attributes:
        name: in the configuration.
        line: where it stands there, from 1.
        spans: in the order of the configuration.
    """

    name: str
    line: int
    spans: tuple[Span, ...]

    def at(self, at: dt.datetime, calendar: Calendar) -> tuple[bool, Span | None]:
        """Whether the schedule is on at that instant, and the span that says so (None: none does).

        Raises:
            ValueError: `at` has no time zone.
        """
        local = calendar.local(at)
        for span in sorted(self.spans, key=lambda span: not span.closed):
            if span.holds(local, calendar):
                return not span.closed, span
        return False, None

    def ever(self, calendar: Calendar, from_day: dt.date) -> bool:
        """Whether it is on at any time in the HORIZON days from `from_day`."""
        return any(self.at(at, calendar)[0] for at in self._turns(calendar, from_day))

    def always(self, calendar: Calendar, from_day: dt.date) -> bool:
        """Whether it is on all the time in the HORIZON days from `from_day`."""
        return all(self.at(at, calendar)[0] for at in self._turns(calendar, from_day))

    def _turns(self, calendar: Calendar, from_day: dt.date) -> Iterator[dt.datetime]:
        """The instants at which it may turn on or off."""
        turns = {0}.union(*({span.times.start, span.times.end % _MINUTES} for span in self.spans))
        for offset in range(HORIZON):
            midnight, next_midnight = (
                dt.datetime.combine(from_day + dt.timedelta(days), dt.time(), calendar.timezone).astimezone(dt.UTC)
                for days in (offset, offset + 1)
            )
            minutes = (next_midnight - midnight) // dt.timedelta(minutes=1)
            # Where the clock changes, a turn may fall into the skipped hour: look at every minute.
            for minute in sorted(turns) if minutes == _MINUTES else range(minutes):
                yield midnight + dt.timedelta(minutes=minute)
