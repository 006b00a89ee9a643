"""A YAML file as text that is edited: where each value stands, and the text that a form gives back."""

from __future__ import annotations

import bisect
import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from vipgate_fs.document.findings import Path
from vipgate_fs.sentences import say

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BREAK: Final = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands in the text.

    Attributes:
        begin, end: in characters from the text's beginning, quotes included.
        value: what it says.
        style: `'`, `"`, `|`, `>` or "": how it is written.
        line: from 1.
        key: where its key begins; None: it has none.
    """

    begin: int
    end: int
    value: str
    style: str
    line: int
    key: int | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """Where a mapping begins.

    Attributes:
        begin: of its brace, or of its first key.
        is_flow: it is written in braces.
        indent: of its keys, in characters.
        key: where the key ends that it belongs to; None: it has none.
    """

    begin: int
    is_flow: bool
    indent: int
    key: int | None


class CannotEdit(Exception):
    """The text can't be edited like this. The message says why."""


def decoded(content: bytes) -> tuple[str, bool]:
    """A file's text, and whether it begins with a byte order mark, which is no part of it.

    Raises:
        CannotEdit: it is not UTF-8.
    """
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode(), content.startswith(codecs.BOM_UTF8)
    except UnicodeDecodeError:
        raise CannotEdit(say("the file is not UTF-8")) from None


def places(text: str) -> Mapping[Path, Place]:
    """Where each single value of a YAML text stands, by keys and indices from 0.

    Raises:
        CannotEdit: it is no YAML.
    """
    return dict(all_places(text))


def all_places(text: str) -> Sequence[tuple[Path, Place]]:
    """The same, one after the other: of a key that stands twice both.

    Raises:
        CannotEdit: it is no YAML.
    """
    return [(path, found) for path, found in layout(text) if isinstance(found, Place)]


def layout(text: str) -> Sequence[tuple[Path, Place | Opening]]:
    """Where each single value and each mapping stands.

    Raises:
        CannotEdit: it is no YAML.
    """
    try:
        return list(_layout(text))
    except yaml.YAMLError:
        raise CannotEdit(say("the file is no YAML; look at its findings")) from None


def as_edited(content: bytes, text: str) -> bytes:
    """The file with another text, as a form gives it back: with line breaks of its own kind.

    Lines that stay keep the line break that they have, so that saving what was not changed changes no byte.

    Raises:
        CannotEdit: the file is not UTF-8.
    """
    old, has_mark = decoded(content)
    lines, breaks = _BREAK.split(old), _BREAK.findall(old)
    wanted = _BREAK.split(text)
    usual = max(set(breaks), key=breaks.count) if breaks else "\n"
    common = 0
    while common < min(len(lines), len(wanted)) and lines[common] == wanted[common]:
        common += 1
    tail = 0
    while tail < min(len(lines), len(wanted)) - common and lines[-1 - tail] == wanted[-1 - tail]:
        tail += 1
    last, old_last = len(wanted) - 1, len(lines) - 1
    kept = []
    for index in range(last):
        from_end = last - index
        if index < min(common, len(breaks)):
            kept.append(breaks[index])
        else:
            kept.append(breaks[old_last - from_end] if from_end < tail else usual)
    pieces = [piece for pair in zip(wanted, [*kept, ""], strict=True) for piece in pair]
    return (codecs.BOM_UTF8 if has_mark else b"") + "".join(pieces).encode()


def _layout(text: str) -> Iterator[tuple[Path, Place | Opening]]:
    starts = [0, *(found.end() for found in _BREAK.finditer(text))]

    def offset(mark: Any) -> int:
        return min(starts[mark.line] + mark.column if mark.line < len(starts) else len(text), len(text))

    way = _Way()
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.MappingStartEvent):
            begin = offset(event.start_mark)
            column = begin - starts[bisect.bisect_right(starts, begin) - 1]
            yield way.path, Opening(begin, bool(event.flow_style), column, way.key and way.key[1])
            way.enter(None)
        elif isinstance(event, yaml.SequenceStartEvent):
            way.enter(0)
        elif isinstance(event, yaml.CollectionEndEvent):
            way.leave()
        elif isinstance(event, yaml.ScalarEvent):
            begin, end = offset(event.start_mark), offset(event.end_mark)
            if way.take_key(event.value, (begin, end)):
                continue
            line = bisect.bisect_right(starts, begin)
            yield way.path, Place(begin, end, event.value, event.style or "", line, way.key and way.key[0])
            way.advance()
        elif isinstance(event, yaml.AliasEvent):
            way.advance()


class _Way:
    """The way to what is read: of each collection the next index, or the key whose value comes next (None: a key).

    Attributes:
        key: where the key of what comes next begins and ends; None: it has none.
    """

    def __init__(self) -> None:
        self._at: list[str | int | None] = []
        self.key: tuple[int, int] | None = None

    @property
    def path(self) -> Path:
        return tuple(each for each in self._at if each is not None)

    def enter(self, first: int | None) -> None:
        self._at.append(first)
        self.key = None

    def leave(self) -> None:
        self._at.pop()
        self.advance()

    def take_key(self, text: str, where: tuple[int, int]) -> bool:
        """Whether this was a key."""
        if not self._at or self._at[-1] is not None:
            return False
        self._at[-1], self.key = text, where
        return True

    def advance(self) -> None:
        self.key = None
        if self._at:
            last = self._at[-1]
            self._at[-1] = last + 1 if isinstance(last, int) else None
