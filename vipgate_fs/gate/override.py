"""A person's word against the schedule: a gate is switched on or off, for a while or until further notice."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from vipgate_fs.gate.schedules import Calendar


@dataclass(frozen=True, slots=True)
class Override:
    """What a person has decided about a gate.

    Attributes:
        active: whether the gate is active, whatever its schedule says.
        until: the Unix time at which the schedule decides again; None: not before the override is taken back.
    """

    active: bool
    until: float | None = None

    def holds(self, at: dt.datetime) -> bool:
        """Whether it is in force at an instant."""
        return self.until is None or at.timestamp() < self.until

    def told(self, calendar: Calendar) -> str:
        """In a few words, with its end on the site's clock."""
        if self.until is None:
            return "override until further notice"
        end = calendar.local(dt.datetime.fromtimestamp(self.until, dt.UTC))
        return f"override until {end:%a %Y-%m-%d %H:%M}"
