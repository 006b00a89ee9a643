"""How FreeSWITCH reads an application's argument."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"(?:'[^']*'|[^ '])+")
_NUMBER: Final = re.compile(r"\s*(-?\d+)")
_TRUE: Final = frozenset({"yes", "on", "true", "t", "enabled", "active", "allow"})
_WHOLE: Final = re.compile(r"[+-]?([0-9]*)[0-9.]*", re.ASCII)


def words(text: str) -> list[str]:
    """The words of an argument; single quotes hold one together, '' is an empty one (switch_separate_string)."""
    return [word.replace("'", "") for word in _WORD.findall(text)]


def number(text: str) -> int:
    """The number that a text begins with; 0 without one (atoi)."""
    match = _NUMBER.match(text)
    return int(match[1]) if match else 0


def is_true(text: str | None) -> bool:
    """Whether FreeSWITCH takes a value for true (switch_utils.h, switch_true): one of its words, or a number but 0."""
    found = _WHOLE.fullmatch(text or "")
    return (text or "").lower() in _TRUE or (found is not None and found[1].strip("0") != "")
