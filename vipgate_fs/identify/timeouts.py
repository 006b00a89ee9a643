"""How long a step waits for somebody elsewhere, as it is configured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

from vipgate_fs.identify import Settings

LONGEST: Final = 60
"""Seconds. A caller does not wait longer, nor does FreeSWITCH's park_timeout let him."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Patience in seconds.

    Attributes:
        connect: until the connection stands.
        read: the longest silence after that.
        total: everything together.
    """

    connect: float = 2.0
    read: float = 3.0
    total: float = 5.0


def read_timeouts(settings: Settings) -> Timeouts:
    """The step's `timeouts`."""
    default = Timeouts()
    return Timeouts(
        read_seconds(settings, default.connect, "timeouts", "connect"),
        read_seconds(settings, default.read, "timeouts", "read"),
        read_seconds(settings, default.total, "timeouts", "total"),
    )


def read_seconds(settings: Settings, default: float, *path: str) -> float:
    """The seconds that stand at `path`, more than 0 and up to LONGEST; what is missing or wrong has its default."""
    written: Any = reduce(lambda node, key: node.get(key, {}), path, settings.values)
    if not written:
        return default
    seconds = float(written.removesuffix("s"))
    if 0 < seconds <= LONGEST:
        return seconds
    settings.error(f"found {written}; allowed: more than 0s, up to {LONGEST}s", *path)
    return default
