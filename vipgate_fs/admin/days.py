"""A gate's day: when it checks callers today, what was switched by hand, and when that changes next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from vipgate_fs.admin import words
from vipgate_fs.admin.words import phrase
from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.override import Override
from vipgate_fs.gate.schedules import Calendar

_AHEAD: Final = 62
"""Days in which the next change is looked for."""
_FULL: Final = 24.0

Stretch = tuple[float, float]
"""Of a day, in hours from its midnight."""


@dataclass(frozen=True, slots=True)
class Day:
    """How a gate stands.

    Attributes:
        active: whether it checks callers now.
        override: that holds now; None: the schedule decides.
        until: when the present state ends; None: not within 62 days, or not before it is switched.
        checks: when it checks callers today.
        by_hand: when an override holds today.
        planned: when it would check callers today without one.
    """

    active: bool
    override: Override | None
    until: dt.datetime | None
    checks: tuple[Stretch, ...]
    by_hand: tuple[Stretch, ...]
    planned: tuple[Stretch, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it checks callers all day."""
        return self.checks == ((0.0, _FULL),)


def checks(gate: Gate, override: Override | None, at: dt.datetime, calendar: Calendar) -> bool:
    """Whether a gate checks callers at a moment of the site's time, by hand or by its schedule."""
    if override is not None and override.holds(at):
        return override.active
    return gate.active is None or gate.active.schedule.at(at, calendar)[0] != gate.active.outside


def day_of(gate: Gate, override: Override | None, now: dt.datetime, calendar: Calendar) -> Day:
    """How a gate stands at a moment of the site's time."""

    def plan(at: dt.datetime) -> bool:
        return checks(gate, None, at, calendar)

    def holds(at: dt.datetime) -> bool:
        return override is not None and override.holds(at)

    def stands(at: dt.datetime) -> bool:
        return checks(gate, override, at, calendar)

    def turns(days: int) -> Iterator[dt.datetime]:
        if gate.active is not None:
            yield from gate.active.schedule.turns(calendar, now.date(), days)
        ends = (override.since, override.until) if override is not None else ()
        yield from (calendar.at(each).astimezone(dt.UTC) for each in ends if each is not None)

    active = stands(now)
    later = (at for at in sorted(turns(_AHEAD)) if at > now)
    until = next((at for at in later if stands(at) != active), None)
    today = [calendar.local(at) for at in turns(1)]
    stretches = [_stretches(test, today, now) for test in (stands, holds, plan)]
    in_force = override if holds(now) else None
    return Day(active, in_force, until and calendar.local(until), *stretches)


def week_of(gate: Gate, first: dt.date, days: int, calendar: Calendar) -> list[tuple[dt.date, tuple[Stretch, ...]]]:
    """When a gate checks callers by its schedule, for each of some days from the first one."""
    ahead = gate.active.schedule.turns(calendar, first, days + 1) if gate.active is not None else ()
    turns = [calendar.local(at) for at in ahead]
    noon = calendar.local(dt.datetime.combine(first, dt.time(12), dt.UTC))
    all_days = [first + dt.timedelta(days=number) for number in range(days)]
    noons = [dt.datetime.combine(day, dt.time(12), noon.tzinfo) for day in all_days]
    return [
        (day, _stretches(lambda at: checks(gate, None, at, calendar), turns, at))
        for day, at in zip(all_days, noons, strict=True)
    ]


def _stretches(
    test: Callable[[dt.datetime], bool], turns: Iterable[dt.datetime], now: dt.datetime
) -> tuple[Stretch, ...]:
    midnight = dt.datetime.combine(now.date(), dt.time(), now.tzinfo)
    begins = sorted({midnight, *(at for at in turns if at.date() == now.date())})
    hours = [*(at.hour + at.minute / 60 for at in begins), _FULL]
    found: list[Stretch] = []
    for at, begin, end in zip(begins, hours[:-1], hours[1:], strict=True):
        if test(at):
            joins = found and found[-1][1] == begin
            found[-1:] = [(found[-1][0], end)] if joins else [*found[-1:], (begin, end)]
    return tuple(found)


def why(gate: Gate, day: Day, now: dt.datetime, calendar: Calendar) -> str:
    """What happens to callers, until when, and why."""
    if not gate.enabled:
        return phrase("Switched off in the file: all get through.")
    until = words.moment(day.until, now) if day.until else ""
    if day.override is not None:
        end = day.override.until
        local = calendar.at(end) if end is not None else None
        return _by_hand(day, day.override, words.moment(local, now) if local else "")
    if gate.active is None:
        return phrase("Checks callers always.")
    parts = {"until": until, "schedule": gate.active.schedule.name}
    outside = gate.active.outside
    if not until:
        return phrase("Checks callers always." if day.active else "All get through.")
    if day.active:
        return phrase(
            "Checks callers until {until}: outside {schedule}."
            if outside
            else "Checks callers until {until}: during {schedule}.",
            **parts,
        )
    return phrase(
        "All get through until {until}: during {schedule}."
        if outside
        else "All get through until {until}: then {schedule} begins.",
        **parts,
    )


def _by_hand(day: Day, override: Override, until: str) -> str:
    if until:
        what = phrase(
            "Checks callers until {until}: switched by hand."
            if day.active
            else "All get through until {until}: switched by hand.",
            until=until,
        )
    else:
        what = phrase(
            "Checks callers until further notice: switched by hand."
            if day.active
            else "All get through until further notice: switched by hand."
        )
    return f"{what} ({override.note})" if override.note else what
