"""Schedules: weekdays, times, date ranges, public holidays, in the site's wall-clock time."""
from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo


class Calendar:
    """A site's clock and holidays."""

    def __init__(self, timezone: ZoneInfo, holidays: str | None = None) -> None:
        """holidays: ISO 3166-2 such as DE-BW, or ISO 3166-1. Raises ValueError for an unknown one."""
        raise NotImplementedError

    def local(self, at: dt.datetime) -> dt.datetime:
        raise NotImplementedError

    def holiday(self, day: dt.date) -> str | None:
        """The public holiday's name on that day."""
        raise NotImplementedError


class Days:
    @classmethod
    def parse(cls, text: str) -> Days:
        raise NotImplementedError


class Times:
    @classmethod
    def parse(cls, start: str | None, end: str | None) -> Times:
        raise NotImplementedError


class Dates:
    @classmethod
    def parse(cls, text: str) -> Dates:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Span:
    line: int
    days: Days
    times: Times
    dates: Dates | None = None
    closed: bool = False

    @property
    def text(self) -> str:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Schedule:
    name: str
    line: int
    spans: tuple[Span, ...]

    def at(self, at: dt.datetime, calendar: Calendar) -> tuple[bool, Span | None]:
        """Whether the schedule is on at that instant, and the span that says so (None: none does)."""
        raise NotImplementedError

    def ever(self, calendar: Calendar, from_day: dt.date) -> bool:
        """Whether there's any minute in the 400 days from from_day at which it is on (for never-active warnings)"""
        raise NotImplementedError

    def always(self, calendar: Calendar, from_day: dt.date) -> bool:
        raise NotImplementedError
