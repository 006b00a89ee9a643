"""Time, cut into the intervals in which nothing changes; and sets of minutes in words.

Minutes are counted from the midnight that begins the first day, on the site's clock: schedules go by what it shows.
Minutes that the clock skips are in no interval, and the repeated hour counts once.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Final, TypeVar

from vipgate_fs import sentences
from vipgate_fs.gate.dates import DAY_MINUTES, clock
from vipgate_fs.gate.schedules import Calendar, Schedule
from vipgate_fs.once import once
from vipgate_fs.sentences import NOTHING, Sentence, say

State = TypeVar("State", bound=Hashable)
Interval = tuple[int, int]
"""The first minute, and the first that no longer belongs to it."""
HORIZON: Final = 366
"""Days that are looked at unless somebody says otherwise."""
_NAMES: Final = (
    *(say("Mondays"), say("Tuesdays"), say("Wednesdays"), say("Thursdays")),
    *(say("Fridays"), say("Saturdays"), say("Sundays")),
)
_HOLIDAY: Final = 7
_RUN: Final = 2
"""Weekdays in a row that are named one by one."""
_MOST: Final = 4
"""Dates, or times, that are named in a sentence."""


@dataclass(frozen=True)
class Horizon:
    """The days that are looked at.

    Attributes:
        first: the first day.
        days: how many.
        calendar: the site's clock and holidays.
    """

    first: dt.date
    days: int
    calendar: Calendar

    @property
    def end(self) -> int:
        """The minute after the last."""
        return self.days * DAY_MINUTES

    def day(self, minute: int) -> dt.date:
        """The day of a minute."""
        return self.first + dt.timedelta(minute // DAY_MINUTES)

    def at(self, minute: int) -> dt.datetime:
        """The instant of a minute."""
        hour, rest = divmod(minute % DAY_MINUTES, 60)
        return dt.datetime.combine(self.day(minute), dt.time(hour, rest), self.calendar.timezone)

    def minute(self, moment: dt.datetime) -> int:
        """The minute of a moment on the site's clock, within the horizon."""
        passed = dt.datetime.combine(moment.date(), moment.time()) - dt.datetime.combine(self.first, dt.time())
        return min(max(0, passed // dt.timedelta(minutes=1)), self.end)

    @once
    def kinds(self) -> Sequence[int]:
        """Of each day: its weekday, from 0 for Monday, or 7 for a public holiday."""
        days = (self.first + dt.timedelta(day) for day in range(self.days))
        return [_HOLIDAY if self.calendar.holiday(day) else day.weekday() for day in days]

    @once
    def skipped(self) -> tuple[Interval, ...]:
        """The minutes that the clock skips."""
        missing: list[int] = []
        for day in range(self.days):
            start = day * DAY_MINUTES
            if self.at(start).utcoffset() != self.at(start + DAY_MINUTES - 1).utcoffset():
                missing += (minute for minute in range(start, start + DAY_MINUTES) if not self._exists(minute))
        return tuple(_runs(missing))

    def _exists(self, minute: int) -> bool:
        shown = self.at(minute)
        return self.calendar.local(shown.astimezone(dt.UTC)).replace(tzinfo=None) == shown.replace(tzinfo=None)


def intervals(
    horizon: Horizon, turns: Iterable[int], state: Callable[[int], State]
) -> Iterator[tuple[Interval, State]]:
    """The intervals with their state; two that follow each other and have the same one are one.

    Args:
        horizon: what is looked at.
        turns: every minute at which the state may change; others do no harm.
        state: of a minute.
    """
    skipped = horizon.skipped
    edges = sorted({0, horizon.end, *(edge for gap in skipped for edge in gap), *turns})
    gaps = {start for start, _ in skipped}
    begin, last, end = 0, None, 0
    for start, stop in pairwise(edges):
        if start in gaps or not 0 <= start < horizon.end:
            continue
        now = state(start)
        if last is not None and (now != last or start != end):
            yield (begin, end), last
            begin = start
        elif last is None:
            begin = start
        last, end = now, stop
    if last is not None:
        yield (begin, end), last


class Timeline:
    """When a schedule is on, looked up instead of worked out.

    Args:
        schedule: the schedule.
        horizon: what is looked at, on the clock that the schedule goes by.
    """

    def __init__(self, schedule: Schedule, horizon: Horizon) -> None:
        daily = sorted({0}.union(*(span.turns for span in schedule.spans)))
        turns = (day * DAY_MINUTES + turn for day in range(horizon.days) for turn in daily)
        found = list(intervals(horizon, turns, lambda minute: schedule.at(horizon.at(minute), horizon.calendar)[0]))
        self._edges = [start for (start, _), _ in found]
        self._states = [state for _, state in found]

    @property
    def turns(self) -> Sequence[int]:
        """Every minute at which it begins or ends."""
        return self._edges

    def on(self, minute: int) -> bool:
        """Whether it is on."""
        return self._states[bisect_right(self._edges, minute) - 1]


def _runs(minutes: Iterable[int]) -> Iterator[Interval]:
    for _, run in groupby(enumerate(minutes), key=lambda pair: pair[1] - pair[0]):
        members = [minute for _, minute in run]
        yield members[0], members[-1] + 1


@lru_cache(maxsize=128)
def in_words(found: tuple[Interval, ...], horizon: Horizon) -> Sentence:
    """A set of intervals, such as `on Fridays 15:30 to 17:00`; "" for all the time."""
    whole = list(joined([*found, *(gap for gap in horizon.skipped if _is_within(gap, found))]))
    if whole == [(0, horizon.end)]:
        return NOTHING
    by_day: dict[int, list[Interval]] = {}
    for start, end in whole:
        for day in range(start // DAY_MINUTES, (end - 1) // DAY_MINUTES + 1):
            first, last = max(start, day * DAY_MINUTES), min(end, (day + 1) * DAY_MINUTES)
            by_day.setdefault(day, []).append((first % DAY_MINUTES, last - day * DAY_MINUTES))
    alike: dict[tuple[Interval, ...], list[int]] = {}
    for day, parts in sorted(by_day.items()):
        alike.setdefault(tuple(parts), []).append(day)
    texts = [
        say("{days} {times}", days=_days(days, horizon), times=_clock(parts))
        for parts, days in sorted(alike.items(), key=lambda pair: (-len(pair[1]), pair[1]))
    ]
    if texts[_MOST:]:
        more = say("and at {count} further time", "and at {count} further times", count=len(texts) - _MOST)
        texts[_MOST:] = [more]
    return sentences.joined("; ", texts)


def joined(found: Iterable[Interval]) -> Iterator[Interval]:
    """The intervals in their order, those that follow each other as one."""
    begin = end = -1
    for start, stop in sorted(found):
        if start != end:
            if end >= 0:
                yield begin, end
            begin = start
        end = stop
    if end >= 0:
        yield begin, end


def _is_within(gap: Interval, found: Sequence[Interval]) -> bool:
    """Whether the minutes on both sides of a gap are in a set."""
    return any(end == gap[0] for _, end in found) and any(start == gap[1] for start, _ in found)


def _clock(parts: Sequence[Interval]) -> Sentence:
    if list(parts) == [(0, DAY_MINUTES)]:
        return say("all day")
    return sentences.listed([say("{start} to {end}", start=clock(start), end=clock(end)) for start, end in parts])


def _days(days: Sequence[int], horizon: Horizon) -> Sentence:
    """Which days: all of some kinds, but for a few, and further ones by their dates."""
    kinds = horizon.kinds
    members, every = set(days), set(kinds)
    of_kind = {kind: [day for day in range(horizon.days) if kinds[day] == kind] for kind in every}
    named = [kind for kind in sorted(every) if _is_most(of_kind[kind], members)]
    missing = sorted(day for kind in named for day in of_kind[kind] if day not in members)
    further = [day for day in days if kinds[day] not in named]
    if not missing and set(named) == every:
        return say("every day")
    texts = []
    if named:
        without = say(" (not {dates})", dates=_dates(missing, horizon)) if missing else NOTHING
        texts.append(say("on {weekdays}{without}", weekdays=_names(named), without=without))
    if further:
        texts.append(say("on {dates}", dates=_dates(further, horizon)))
    return sentences.listed(texts)


def _is_most(days: Sequence[int], members: set[int]) -> bool:
    present = sum(day in members for day in days)
    return present > 1 and (len(days) - present) * 4 <= len(days)


def _names(kinds: Sequence[int]) -> Sentence:
    """Such as `Mondays to Thursdays and public holidays`."""
    texts: list[Sentence] = []
    for start, end in _runs(kind for kind in kinds if kind < _HOLIDAY):
        if end - start > _RUN:
            texts.append(say("{first} to {last}", first=_NAMES[start], last=_NAMES[end - 1]))
        else:
            texts += _NAMES[start:end]
    texts += [say("public holidays")] if _HOLIDAY in kinds else []
    return sentences.listed(texts)


def _dates(days: Sequence[int], horizon: Horizon) -> Sentence:
    runs = [
        _run(horizon.first + dt.timedelta(start), horizon.first + dt.timedelta(end - 1)) for start, end in _runs(days)
    ]
    if len(runs) <= _MOST:
        return sentences.joined(", ", runs)
    first = sentences.joined(", ", runs[:_MOST])
    return say(
        "{first} and {count} further date", "{first} and {count} further dates", first=first, count=len(runs) - _MOST
    )


def _run(first: dt.date, last: dt.date) -> Sentence:
    if first == last:
        return say("{date:%Y-%m-%d}", date=first)
    return say("{first:%Y-%m-%d} to {last:%Y-%m-%d}", first=first, last=last)
