"""Lengths of time as they are written: `2.5s`, `15m`, `24h`, `30d`."""

from __future__ import annotations

import re
from typing import Final

PATTERN: Final = r"[0-9]{1,4}(\.[0-9]{1,3})?[smhd]"
"""Repeated in the JSON schema."""
_WRITTEN: Final = re.compile(PATTERN, re.ASCII)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def duration(text: str, *, least: str | None = None, most: str | None = None) -> float:
    """Parse a length of time into seconds.

    Args:
        text: matches PATTERN.
        least: the shortest allowed; None: anything above zero.
        most: the longest allowed; None: no limit.

    Raises:
        ValueError: its text says what was found and what is allowed.
    """
    if not _WRITTEN.fullmatch(text):
        allowed = "a number with s, m, h or d, such as 30s, 15m, 24h or 30d, below 10000"
        raise ValueError(f"found {text}; allowed: {allowed}")
    seconds = _seconds(text)
    if (seconds < _seconds(least) if least else seconds <= 0) or (most and seconds > _seconds(most)):
        raise ValueError(f"found {text}; allowed: " + _allowed(least, most))
    return seconds


def _allowed(least: str | None, most: str | None) -> str:
    if least and most:
        return f"{least} to {most}"
    return (f"{least} or more" if least else "more than 0s") + (f", up to {most}" if most else "")


def _seconds(text: str) -> float:
    return float(text[:-1]) * _UNITS[text[-1]]
