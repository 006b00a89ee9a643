"""How long a step waits for an external service."""

from __future__ import annotations

from dataclasses import dataclass

from vipgate_fs.document.section import Section


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Patience in seconds, above 0 to 60: a caller does not wait longer, nor does FreeSWITCH's park_timeout.

    Attributes:
        connect: until the connection stands.
        read: the longest silence after that.
        total: everything together.
    """

    connect: float
    read: float
    total: float


def read_timeouts(section: Section) -> Timeouts:
    """A step's `timeouts`."""
    return Timeouts(section.duration("connect"), section.duration("read"), section.duration("total"))
