"""How FreeSWITCH reads an application's argument."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"(?:'[^']*'|[^ '])+")
_NUMBER: Final = re.compile(r"\s*(-?\d+)")


def words(text: str) -> list[str]:
    """The words of an argument; single quotes hold one together, '' is an empty one (switch_separate_string)."""
    return [word.replace("'", "") for word in _WORD.findall(text)]


def number(text: str) -> int:
    """The number that a text begins with; 0 without one (atoi)."""
    match = _NUMBER.match(text)
    return int(match[1]) if match else 0


def is_true(text: str | None) -> bool:
    """Whether a value means yes (switch_true)."""
    return (text or "").lower() in ("yes", "on", "true", "t", "enabled", "active", "allow") or number(text or "") != 0
