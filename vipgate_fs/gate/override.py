"""Overrides: a person switches a gate on or off, whatever its schedule says, for a while or until further notice."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.sentences import Sentence, say


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

    def describe(self, calendar: Calendar) -> Sentence:
        """In a few words, with its beginning and its end on the site's clock."""
        note = say(" ({note})", note=self.note) if self.note else ""
        since, until = (None if at is None else calendar.at(at) for at in (self.since, self.until))
        if since is None and until is None:
            return say("override until further notice{note}", note=note)
        if until is None:
            return say("override from {since:%a %Y-%m-%d %H:%M} until further notice{note}", since=since, note=note)
        if since is None:
            return say("override until {until:%a %Y-%m-%d %H:%M}{note}", until=until, note=note)
        return say(
            "override from {since:%a %Y-%m-%d %H:%M} until {until:%a %Y-%m-%d %H:%M}{note}",
            since=since,
            until=until,
            note=note,
        )
