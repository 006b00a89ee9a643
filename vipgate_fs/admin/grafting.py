"""Putting a gate into a file that people have written, of four answers or as a copy: nothing else in it changes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from typing import Final

from vipgate_fs.document import schema
from vipgate_fs.document.editing import BREAK, CannotEdit, as_edited, decoded
from vipgate_fs.document.outline import Branch, line_begin, lines_of, outline
from vipgate_fs.document.rewriting import rewritten
from vipgate_fs.document.writing import flow_key
from vipgate_fs.sentences import say

_MADE_GATE: Final = ("gates", "vip")
_MADE_SCHEDULE: Final = "business-hours"
_MADE_INDENT: Final = 2
"""What `vipgate_fs.setup.writing` calls them, and how it indents them."""


def grafted(content: bytes, made: str, name: str) -> bytes:
    """The file with the gate of a made configuration behind its own, under that name, and with its schedule.

    Raises:
        CannotEdit: there is a gate of that name, or the file's gates have no lines of their own.
    """
    text, _ = decoded(content)
    _checked(text, name)
    gate = _lines(made, _MADE_GATE)
    gate[0] = gate[0].replace(f"{_MADE_GATE[-1]}:", f"{name}:", 1)
    schedule = _schedule(made)
    if schedule:
        known = _free(_MADE_SCHEDULE, {line.strip().partition(":")[0] for line in text.splitlines()})
        schedule = [line.replace(f"{_MADE_SCHEDULE}:", f"{known}:", 1) for line in schedule]
        gate = [re.sub(rf"\b{_MADE_SCHEDULE}\b", known, line) for line in gate]
    lines = _behind(text, "gates", gate)
    if schedule:
        text = "\n".join(lines) + "\n"
        if outline(text).find(("schedules",)) is not None:
            lines = _behind(text, "schedules", schedule)
        else:
            lines += ["", "schedules:", *schedule]
    return as_edited(content, "\n".join(lines) + "\n")


def renamed(content: bytes, old: str, new: str) -> bytes:
    """The file with another name for a gate. Raises CannotEdit."""
    text, has_mark = decoded(content)
    branch = _checked(text, new).find(("gates", old))
    if branch is None or branch.key is None:
        raise CannotEdit(say("there is no such gate"))
    begin, end = branch.key
    return (codecs.BOM_UTF8 if has_mark else b"") + f"{text[:begin]}{flow_key(new)}{text[end:]}".encode()


def copied(content: bytes, old: str, new: str, numbers: Sequence[str]) -> bytes:
    """The file with a copy of a gate behind it, comments included, that protects other numbers.

    Raises:
        CannotEdit: the names or numbers won't do, or the gate has no lines of its own.
    """
    text, _ = decoded(content)
    _checked(text, new)
    if not numbers:
        raise CannotEdit(say("write which numbers the copy protects: two gates can't protect the same"))
    first, after = lines_of(text, ("gates", old))
    branch = outline(text).find(("gates",))
    if branch is None or branch.is_flow:
        raise CannotEdit(say("{section} stands in braces; add the gate as text", section="gates"))
    lines = BREAK.split(text)
    head, gate = lines[first], lines[first:after]
    gate[0] = head.replace(head.strip().partition(":")[0], flow_key(new), 1)
    made = as_edited(content, "\n".join([*lines[:after], *([""] if after - first > 1 else []), *gate, *lines[after:]]))
    return rewritten(made, {("gates", new, "protects"): {"numbers": [*numbers]}})


def _checked(text: str, name: str) -> Branch:
    """What a text says, if a gate may get that name in it. Raises CannotEdit."""
    if re.fullmatch(schema.load()["$defs"]["name"]["pattern"], name) is None:
        raise CannotEdit(say("a gate's name begins with a letter, and has letters, digits, _ and -"))
    root = outline(text)
    if root.find(("gates", name)) is not None:
        raise CannotEdit(say("there is a gate {name}; choose another name", name=name))
    return root


def _behind(text: str, section: str, more: list[str]) -> list[str]:
    """The lines with more of them at the end of a section, indented as its others are."""
    branch = outline(text).find((section,))
    if branch is None or branch.entries is None:
        raise CannotEdit(say("the file has no section {section}; add the gate as text", section=section))
    lines = text.splitlines()
    first, after = lines_of(text, (section,))
    if branch.is_flow:
        if re.fullmatch(rf"{section}:\s*{{\s*}}\s*", lines[first]) is None:
            raise CannotEdit(say("{section} stands in braces; add the gate as text", section=section))
        return [*lines[:first], f"{section}:", *more, *lines[first + 1 :]]
    begin, _ = branch.parts[0].key or (0, 0)
    indent = " " * (begin - line_begin(text, begin) - _MADE_INDENT)
    return [*lines[:after], "", *(f"{indent}{line}" if line else "" for line in more), *lines[after:]]


def _lines(made: str, path: tuple[str, ...]) -> list[str]:
    first, after = lines_of(made, path)
    return made.splitlines()[first:after]


def _schedule(made: str) -> list[str]:
    lines = made.splitlines()
    head = f"{' ' * _MADE_INDENT}{_MADE_SCHEDULE}:"
    if head not in lines:
        return []
    first = lines.index(head)
    after = first + 1
    while after < len(lines) and lines[after].startswith(" " * (_MADE_INDENT + 1)):
        after += 1
    return lines[first:after]


def _free(name: str, taken: set[str]) -> str:
    """The name, or it with the first number that makes it another one."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found
