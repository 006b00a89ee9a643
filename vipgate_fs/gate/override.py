"""Overrides: a person switches a gate on or off, whatever its schedule says, for a while or until further notice."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from vipgate_fs.gate.schedules import LAST_YEAR, Calendar

_LATEST: Final = dt.datetime(LAST_YEAR, 12, 31, tzinfo=dt.UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Override:
    """A person's decision about a gate.

    Attributes:
        active: whether the gate is active, whatever its schedule says.
        until: the Unix time at which the schedule decides again; None: not before the override is taken back.
        since: the Unix time until which the schedule still decides; None: it is in force at once.
        note: why, or whose.
    """

    active: bool
    until: float | None = None
    since: float | None = None
    note: str = ""

    def holds(self, at: dt.datetime) -> bool:
        """Whether it is in force at an instant."""
        return (self.since is None or self.since <= at.timestamp()) and not self.is_over(at)

    def is_over(self, at: dt.datetime) -> bool:
        """Whether it has ended at an instant."""
        return self.until is not None and self.until <= at.timestamp()

    def describe(self, calendar: Calendar) -> str:
        """In a few words, with its beginning and its end on the site's clock."""
        begin = "" if self.since is None else f"from {_moment(self.since, calendar)} "
        end = "further notice" if self.until is None else _moment(self.until, calendar)
        note = f" ({self.note})" if self.note else ""
        return f"override {begin}until {end}{note}"


def instant(at: float) -> dt.datetime:
    """A Unix time, whatever it is: those after the last year are its end."""
    return dt.datetime.fromtimestamp(min(max(at, 0.0), _LATEST), dt.UTC)


def _moment(at: float, calendar: Calendar) -> str:
    return f"{calendar.local(instant(at)):%a %Y-%m-%d %H:%M}"
