"""Lengths of time as they are written: `2.5s`, `15m`, `24h`, `30d`."""

from __future__ import annotations

import re
from typing import Final

from vipgate_fs.sentences import Sentence, say

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
        allowed = say("a number with s, m, h or d, such as 30s, 15m, 24h or 30d, below 10000")
        raise ValueError(say("found {text}; allowed: {allowed}", text=text, allowed=allowed))
    seconds = _seconds(text)
    if (seconds < _seconds(least) if least else seconds <= 0) or (most and seconds > _seconds(most)):
        raise ValueError(say("found {text}; allowed: {allowed}", text=text, allowed=_allowed(least, most)))
    return seconds


def _allowed(least: str | None, most: str | None) -> Sentence:
    if least:
        return say("{least} to {most}", least=least, most=most) if most else say("{least} or more", least=least)
    return say("more than 0s, up to {most}", most=most) if most else say("more than 0s")


def _seconds(text: str) -> float:
    return float(text[:-1]) * _UNITS[text[-1]]
