"""Times of day and dates of the year, as people write them: of one year, of every year, or counted from Easter."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

from vipgate_fs.sentences import Sentence, say

DAY_MINUTES: Final = 24 * 60
_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_ISO: Final = re.compile(r"(?:[0-9]{4}-)?[0-9]{2}-[0-9]{2}", re.ASCII)
_GERMAN: Final = re.compile(r"([0-9]{1,2})\. ?([0-9]{1,2})\. ?([0-9]{4})?", re.ASCII)
_EASTER: Final = re.compile(r"(?:easter|ostern)(?: ?([+-]) ?([0-9]{1,3}))?", re.ASCII | re.IGNORECASE)
_WITH_TIME: Final = re.compile(r"(.+?)(?:T|,? +)([0-9:]{4,5})(?::00)?(?: Uhr)?", re.ASCII)
_TO: Final = re.compile(r"\s+(?:-|to|until|bis)\s+|\s*(?:\.\.|[~\u2013])\s*|(?<=[0-9.])-(?=[0-9]{1,2}\.(?!\.))")
_EASTER_DAYS: Final = range(-80, 251)
"""What counted from Easter (22 March to 25 April) is in the same year."""
_LEAP_YEAR: Final = "2000-"
_NEVER: Final = 1 << 20


def minute(text: str) -> int:
    """A time such as `09:00` in minutes from midnight, 0 to 1439. Raises ValueError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(
            say('found {text!r}; allowed: a time from "00:00" to "23:59", at the end of a span also "24:00"', text=text)
        )
    return int(match[1]) * 60 + int(match[2])


def clock(at: int) -> str:
    """Minutes from midnight as a time: 540 is `09:00`, 1440 is `24:00`."""
    return f"{at // 60:02}:{at % 60:02}"


def easter(year: int) -> dt.date:
    """Easter Sunday of the Gregorian calendar, by Gauss's rule as H. Lichtenberg completed it (1997)."""
    century = year // 100
    moon = 15 + (3 * century + 3) // 4 - (8 * century + 13) // 25
    sun = 2 - (3 * century + 3) // 4
    golden = year % 19
    seed = (19 * golden + moon) % 30
    correction = (seed + golden // 11) // 29
    limit = 21 + seed - correction
    sunday = 7 - (year + year // 4 + sun) % 7
    return dt.date(year, 3, 1) + dt.timedelta(limit + 7 - (limit - sunday) % 7 - 1)


@dataclass(frozen=True, slots=True)
class Dates:
    """Dates from one to another, both included; or, with times, one stretch from a moment to another.

    Attributes:
        first: `YYYY-MM-DD`, `MM-DD` for every year, or days from Easter Sunday, such as `easter-2`.
        last: the same sort; without a year, it may be in the next one.
        start: the first day's first minute, counted from midnight; None: midnight, and no stretch.
        end: the first minute of the last day, up to 1440, that is not in it any more; None: all of the last day.
    """

    first: str
    last: str
    start: int | None = None
    end: int | None = None

    @classmethod
    def parse(cls, text: str) -> Dates:
        """Read a date, or two: `2026-12-24..2027-01-06`, also with ` - `, ` to `, ` bis ` or FreeSWITCH's `~`.

        A date may be written `24.12.2026`; without a year it is of every year. With times, such as `12-24 12:00 -
        01-04 08:00`, it is one stretch.

        Raises:
            ValueError: says what is wrong and what is allowed.
        """
        ends = [_moment(end) for end in _TO.split(text.strip())]
        (first, start), (last, end) = ends[0], ends[-1]
        if len(ends) > 2 or _sort(first) != _sort(last):  # noqa: PLR2004 - first and last
            raise ValueError(
                say("found {text!r}; allowed: one date, or two of them, both with a year or both without", text=text)
            )
        if len(ends) == 1:
            if start is not None:
                raise ValueError(
                    say("found {text!r}; allowed: two moments, such as 2026-12-24 12:00 - 2026-12-24 24:00", text=text)
                )
            end = None
        if start == DAY_MINUTES:
            raise ValueError(say("{text!r} begins at 24:00; write 00:00 of the next day", text=text))
        dates = cls(first, last, start, end)
        if dates._ends_before_it_begins:
            raise ValueError(say("{text!r} ends before it begins; allowed: the earlier date first", text=text))
        return dates

    @property
    def _ends_before_it_begins(self) -> bool:
        if self.first == self.last:
            return self.end is not None and self.end <= (self.start or 0)
        if self.first.startswith("easter"):
            return _from_easter(self.first) > _from_easter(self.last)
        return self.first > self.last and _is_full(self.first)

    @property
    def is_stretch(self) -> bool:
        """Whether it begins or ends at a time of day."""
        return self.start is not None or self.end is not None

    @property
    def is_one_day(self) -> bool:
        """Whether it is a single date."""
        return self.first == self.last

    @property
    def turns(self) -> set[int]:
        """The minutes of a day, besides midnight, at which it begins or ends."""
        return {at % DAY_MINUTES for at in (self.start, self.end) if at is not None}

    def cover(self, day: dt.date, at: int = 0) -> bool:
        """Whether a minute of a day, counted from its midnight, is in it; of whole dates, so is any minute."""
        first, last = (_in_year(end, day.year) for end in (self.first, self.last))
        moment = (day.isoformat()[-len(first) :], at)
        has_begun = moment >= (first, self.start or 0)
        is_over = moment >= (last, _NEVER if self.end is None else self.end)
        return has_begun and not is_over if first <= last else has_begun or not is_over

    @property
    def text(self) -> Sentence:
        """Such as `2026-12-24..2027-01-06`."""
        if self.is_one_day and not self.is_stretch:
            return _shown(self.first)
        return say("{first}..{last}", first=_shown(self.first, self.start), last=_shown(self.last, self.end))


def _shown(date: str, at: int | None = None) -> Sentence:
    if at is not None:
        return say("{date} {time}", date=_shown(date), time=clock(at))
    if date.startswith("easter"):
        return say("easter{days:+}", days=days) if (days := _from_easter(date)) else say("easter")
    if _is_full(date):
        return say("{date:%Y-%m-%d}", date=dt.date.fromisoformat(date))
    month, day = map(int, date.split("-"))
    return say("{month:02}-{day:02}", month=month, day=day)


def _moment(text: str) -> tuple[str, int | None]:
    if match := _WITH_TIME.fullmatch(text):
        return _date(match[1]), DAY_MINUTES if match[2] == "24:00" else minute(match[2])
    return _date(text), None


def _date(text: str) -> str:
    if match := _EASTER.fullmatch(text):
        days = int(f"{match[1]}{match[2]}") if match[1] else 0
        if days not in _EASTER_DAYS:
            raise ValueError(
                say(
                    "found {text!r}; allowed: easter{first} to easter+{last}",
                    text=text,
                    first=_EASTER_DAYS[0],
                    last=_EASTER_DAYS[-1],
                )
            )
        return f"easter{days:+}" if days else "easter"
    written = text
    if match := _GERMAN.fullmatch(text):
        day, month, year = match.groups()
        written = f"{year}-{int(month):02}-{int(day):02}" if year else f"{int(month):02}-{int(day):02}"
    if not _ISO.fullmatch(written):
        raise ValueError(
            say(
                'found {text!r}; allowed: a date such as "2026-12-24" or "24.12.2026", "12-24" or "24.12." for every '
                'year, or "easter-2"',
                text=text,
            )
        )
    try:
        dt.date.fromisoformat(written if _is_full(written) else _LEAP_YEAR + written)
    except ValueError:
        raise ValueError(say("there is no {text}; allowed: a date of the calendar", text=text)) from None
    return written


def _is_full(date: str) -> bool:
    return len(date) == len("YYYY-MM-DD") and not date.startswith("easter")


def _sort(date: str) -> tuple[bool, bool]:
    return date.startswith("easter"), _is_full(date)


def _from_easter(date: str) -> int:
    return int(date.removeprefix("easter") or "0")


def _in_year(date: str, year: int) -> str:
    if not date.startswith("easter"):
        return date
    return (easter(year) + dt.timedelta(_from_easter(date))).isoformat()[-len("MM-DD") :]
