"""How long a step waits for somebody elsewhere, as it is configured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

from vipgate_fs.duration import duration
from vipgate_fs.identify import Settings

LONGEST: Final = "60s"
"""A caller does not wait longer, nor does FreeSWITCH's park_timeout let him."""


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
        read_duration(settings, default.connect, "timeouts", "connect"),
        read_duration(settings, default.read, "timeouts", "read"),
        read_duration(settings, default.total, "timeouts", "total"),
    )


def read_duration(
    settings: Settings, default: float, *path: str, least: str | None = None, most: str | None = LONGEST
) -> float:
    """The seconds of the time that stands at `path`; what is missing or wrong has its default."""
    written: Any = reduce(lambda node, key: node.get(key, {}), path, settings.values)
    if not written:
        return default
    try:
        return duration(written, least=least, most=most)
    except ValueError as error:
        settings.error(str(error), *path)
        return default
