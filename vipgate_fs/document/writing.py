"""How a new value is written in a YAML file: in quotes where it needs them, in lines of its own where it is long."""

from __future__ import annotations

import re
from typing import Final

from vipgate_fs.document.editing import CannotEdit
from vipgate_fs.document.outline import Branch, Tree
from vipgate_fs.sentences import say

_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./+-]*", re.ASCII)
_READ_DIFFERENTLY: Final = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
_NUMBER: Final = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)
_UNIT: Final = re.compile(r"[0-9]+(ms|[smhd])", re.ASCII)
LONGEST: Final = 100
"""Characters of a line that something new in braces may have; else it gets lines of its own."""
INDENT: Final = 2
"""Of what is new in lines of its own."""


class Plain(str):
    """A single value that is written without quotes: a number, or true or false."""

    __slots__ = ()


def flow(value: Tree) -> str:
    """A new value in one line. Raises CannotEdit."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow_key(key)}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if not value.isprintable():
        raise CannotEdit(say("a value is one line of printable text"))
    if isinstance(value, Plain) or _is_word(value):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def flow_key(key: str) -> str:
    """A key, in quotes if it needs them."""
    return flow(key)


def in_lines(value: Tree, indent: int) -> list[str]:
    """A new value in lines of its own."""
    pad, lines = " " * indent, []
    pairs = value.items() if isinstance(value, dict) else (("-", each) for each in value)
    for key, each in pairs:
        head = f"{pad}-" if isinstance(value, list) else f"{pad}{flow_key(key)}:"
        short = flow(each)
        if is_short(each, LONGEST - len(head), is_item=isinstance(value, list)):
            lines.append(f"{head} {short}")
        elif isinstance(value, list):
            inner = in_lines(each, indent + INDENT)
            lines += [f"{head} {inner[0].lstrip()}", *inner[1:]]
        else:
            lines += [head, *in_lines(each, indent + INDENT)]
    return lines


def is_short(value: Tree, room: int, *, is_item: bool) -> bool:
    """Whether a new value stands in one line; an item that holds a mapping, such as a step, begins lines of its own."""
    if isinstance(value, str) or not value:
        return True
    is_deep = isinstance(value, dict) and any(isinstance(each, dict) for each in value.values())
    return len(flow(value)) < room and not (is_item and is_deep)


def single(value: str, old: Branch) -> str:
    """A single value, written as the one before it."""
    if isinstance(value, Plain) or old.style == "":
        is_unit = _UNIT.fullmatch(value) is not None
        is_number = _NUMBER.fullmatch(value) is not None and _NUMBER.fullmatch(old.text) is not None
        return str(value) if isinstance(value, Plain) or is_unit or is_number else flow(value)
    if old.style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    shown = flow(value)
    return shown if shown.startswith('"') else f'"{shown}"'


def _is_word(value: str) -> bool:
    return _WORD.fullmatch(value) is not None and value.lower() not in _READ_DIFFERENTLY
