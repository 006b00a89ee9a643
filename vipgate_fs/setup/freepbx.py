"""Time groups of FreePBX (and Issabel) as business hours: the rows of its tables, as `mysql --batch` prints them.

The tables timegroups_groups (id, description) and timegroups_details (timegroupid, time) hold them; a time is
`HH:MM-HH:MM|weekdays|days of the month|months`, each part a value, a range or `*`.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from typing import Final

from vipgate_fs.sentences import say
from vipgate_fs.setup.answers import Span, Unusable

QUERY: Final = (
    "SELECT g.description, d.time FROM timegroups_groups g "
    "JOIN timegroups_details d ON d.timegroupid = g.id ORDER BY g.id, d.id"
)
"""What to ask FreePBX's database `asterisk` for."""
_HOURS: Final = re.compile(r"(\d{1,2}):(\d\d)(?:-(\d{1,2}):(\d\d))?")
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EVERY_DAY: Final = "mon-sun, holidays"
_LEAP_YEAR: Final = 2028
_PARTS: Final = 4
_LAST_MINUTE: Final = 59


def groups_of(text: str, wanted: str | None = None) -> Mapping[str, tuple[Span, ...]]:
    """The spans of each time group, by its description.

    Asterisk counts the last minute: `09:00-16:59` ends at 17:00 here, `09:00-17:00` as well, as it is meant.

    Args:
        text: two columns, description and time, with a tab between them, and perhaps their names above.
        wanted: the only one whose times have to be such as can be said here; default: all.

    Raises:
        Unusable: another text, or a time that can't be said here; the line is named.
    """
    groups: dict[str, list[Span]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        description, tab, time = line.partition("\t")
        if not line.strip() or (number == 1 and time.strip().lower() == "time"):
            continue
        try:
            span = _span(time.strip() if tab else "")
        except ValueError:
            if tab and wanted not in (None, description.strip()):
                continue
            why = say(
                "line {line} is no time group that can be taken over; allowed: description, tab, and a time such as "
                "09:00-17:00|mon-fri|*|*",
                line=number,
            )
            raise Unusable("hours", [why]) from None
        groups.setdefault(description.strip(), []).append(span)
    if not groups:
        raise Unusable("hours", [say("there are no time groups in it")])
    return {name: tuple(spans) for name, spans in groups.items()}


def _span(time: str) -> Span:
    """Raises ValueError when it is none, or means days that can't be said: the 1st of each month, Mondays in May."""
    parts = [part.strip().lower() for part in time.split("|")]
    if len(parts) != _PARTS:
        raise ValueError(time)
    start, end = _hours(parts[0])
    days, dates = _weekdays(parts[1]), _dates(parts[2], parts[3])
    if days and dates:
        raise ValueError(time)
    if dates and (start or end):
        days = _EVERY_DAY
    if not (days or dates or start):
        raise ValueError(time)
    return Span(days, start, end, dates)


def _hours(text: str) -> tuple[str, str]:
    if text == "*":
        return "", ""
    match = _HOURS.fullmatch(text)
    if match is None:
        raise ValueError(text)
    first = int(match[1]) * 60 + int(match[2])
    last = int(match[3] or match[1]) * 60 + int(match[4] or match[2])
    if last % 60 == _LAST_MINUTE or not match[3]:
        last += 1
    if (first, last) == (0, 24 * 60):
        return "", ""
    return f"{first // 60:02}:{first % 60:02}", f"{last // 60:02}:{last % 60:02}"


def _weekdays(text: str) -> str:
    if text == "*":
        return ""
    ends = text.split("-")
    if len(ends) > 2 or not set(ends) <= set(_WEEKDAYS):  # noqa: PLR2004 - a day, or the first and the last
        raise ValueError(text)
    return "" if text == "mon-sun" else text


def _dates(day: str, month: str) -> str:
    """Every year; without a year, as FreePBX has none."""
    if day == month == "*":
        return ""
    months = [_MONTHS.index(each) + 1 for each in month.split("-")]
    first, last = months[0], months[-1]
    if day == "*":
        return f"{first:02}-01 - {last:02}-{calendar.monthrange(_LEAP_YEAR, last)[1]:02}"
    days = [int(each) for each in day.split("-")]
    if first != last or not 1 <= days[0] <= days[-1] <= calendar.monthrange(_LEAP_YEAR, first)[1]:
        raise ValueError(day)
    return f"{first:02}-{days[0]:02}" + (f" - {first:02}-{days[-1]:02}" if len(days) > 1 else "")
