"""Spans of a schedule that change nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from vipgate_fs.gate.dates import DAY_MINUTES
from vipgate_fs.gate.schedules import Schedule
from vipgate_fs.preview.times import Horizon, intervals
from vipgate_fs.sentences import Sentence, joined, say


def idle_spans(schedule: Schedule, horizon: Horizon) -> Iterator[tuple[int, Sentence]]:
    """The spans without which the schedule is the same, by their place, and why."""
    if all(span.closed for span in schedule.spans):
        return  # which loading says
    daily = {0}.union(*(span.turns for span in schedule.spans))
    turns = (day * DAY_MINUTES + turn for day in range(horizon.days) for turn in daily)
    calendar = horizon.calendar

    def who(minute: int) -> frozenset[int]:
        local = horizon.at(minute)
        return frozenset(place for place, span in enumerate(schedule.spans) if span.began(local, calendar))

    states = {state for _, state in intervals(horizon, turns, who)}
    closed = frozenset(place for place, span in enumerate(schedule.spans) if span.closed)
    idle: set[int] = set()
    for place in range(len(schedule.spans) - 1, -1, -1):
        here = [state - {place} - idle for state in states if place in state]
        beside = frozenset[int]().union(*here)
        lines, shut = _lines(schedule, beside), _lines(schedule, beside & closed)
        if not here:
            why = say("never on within two years")
        elif place in closed and all(state & closed or not state for state in here):
            why = say("takes nothing away: nothing is on at these times")
            if shut:
                why = say("closed already by {lines}", lines=shut)
        elif place not in closed and all(state & closed for state in here):
            why = say("never on: all of it is closed by {lines}", lines=shut)
        elif place not in closed and all(state for state in here):
            why = say("changes nothing: all of it is covered by {lines}", lines=lines)
        else:
            continue
        idle.add(place)
        yield place, why


def _lines(schedule: Schedule, places: Iterable[int]) -> Sentence:
    return first_of([say("line {line}", line=schedule.spans[place].line) for place in sorted(places)])


def first_of(texts: Sequence[str], most: int = 5) -> Sentence:
    """Such as `line 4, line 5 and 7 more`."""
    if len(texts) <= most:
        return joined(", ", texts)
    return say("{first} and {more} more", first=joined(", ", texts[:most]), more=len(texts) - most)
