"""A YAML text as a tree of what it says, each part with where it stands in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from vipgate_fs.document.editing import BREAK, CannotEdit
from vipgate_fs.document.findings import Path
from vipgate_fs.document.nodes import LOADER, MAX_DEPTH
from vipgate_fs.sentences import say

Tree = str | dict[str, "Tree"] | list["Tree"]
"""What a text says: single values as they are written, without quotes."""


@dataclass(slots=True)
class Branch:
    """A value.

    Attributes:
        begin, end: in characters from the text's beginning; quotes, braces and brackets included.
        text: of a single value.
        style: of a single value: `'`, `"`, `|`, `>` or "".
        pairs: of a mapping, its keys and their values.
        items: of a list.
        is_flow: a mapping in braces, or a list in brackets.
        key: where the key begins and ends that it belongs to, or of an item in a list of lines its dash.
    """

    begin: int
    end: int
    text: str = ""
    style: str = ""
    pairs: list[tuple[str, Branch]] | None = None
    items: list[Branch] | None = None
    is_flow: bool = False
    key: tuple[int, int] | None = field(default=None)

    @property
    def entries(self) -> dict[str, Branch] | None:
        """The values of a mapping by their keys; None: it is none."""
        return None if self.pairs is None else dict(self.pairs)

    @property
    def tree(self) -> Tree:
        """What it says."""
        if self.pairs is not None:
            return {key: branch.tree for key, branch in self.pairs}
        return self.text if self.items is None else [branch.tree for branch in self.items]

    @property
    def parts(self) -> list[Branch]:
        """What a mapping or list consists of."""
        return [*(branch for _, branch in self.pairs or ()), *(self.items or ())]

    def find(self, path: Path) -> Branch | None:
        """What keys, and indices from 0, lead to; None: it is not there."""
        found: Branch | None = self
        for key in path:
            if found is None:
                return None
            if isinstance(key, int):
                found = found.items[key] if found.items is not None and key < len(found.items) else None
            else:
                found = (found.entries or {}).get(key)
        return found


def outline(text: str) -> Branch:
    """The tree of a text. Raises CannotEdit: it is no YAML, empty, or a key stands twice in it."""
    root = next(_roots(text), None)
    if root is None:
        raise CannotEdit(say("the file is empty"))
    if any(len(dict(each.pairs)) < len(each.pairs) for each in _all(root) if each.pairs):
        raise CannotEdit(say("a key stands twice in the file; edit it as text"))
    return root


def singles(text: str) -> Iterator[tuple[Path, Branch]]:
    """Each single value of a text, whatever is wrong with it: of a key that stands twice both, of every document.

    Raises:
        CannotEdit: it is no YAML.
    """
    for root in _roots(text):
        yield from _singles(root, ())


def _singles(branch: Branch, path: Path) -> Iterator[tuple[Path, Branch]]:
    if branch.pairs is None and branch.items is None:
        yield path, branch
    for key, each in (*(branch.pairs or ()), *enumerate(branch.items or ())):
        yield from _singles(each, (*path, key))


def _all(branch: Branch) -> Iterator[Branch]:
    yield branch
    for each in branch.parts:
        yield from _all(each)


def _roots(text: str) -> Iterator[Branch]:
    """What each document says."""
    try:
        yield from _Outliner(text).roots()
    except yaml.YAMLError:
        raise CannotEdit(say("the file is no YAML; look at its findings")) from None


def line_begin(text: str, at: int) -> int:
    """Where the line begins in which a place is."""
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def line_end(text: str, at: int) -> int:
    """Where the line ends in which a place is, before its break."""
    found = BREAK.search(text, at)
    return found.start() if found else len(text)


def lines_of(text: str, path: Path) -> tuple[int, int]:
    """The lines of an entry or item, with its key or dash, and what is indented behind it.

    They are given as the first, and the one after the last, from 0.

    Raises:
        CannotEdit: there is none, or it has no line of its own.
    """
    branch = outline(text).find(path)
    if branch is None or branch.key is None:
        raise CannotEdit(say("there is no such section"))
    lines = BREAK.split(text)
    first = _line(text, branch.key[0])
    indent = _indent(lines[first])
    after = _line(text, branch.end) + 1
    while after < len(lines) and (not lines[after].strip() or _indent(lines[after]) > indent):
        after += 1
    while not lines[after - 1].strip():
        after -= 1
    return first, after


def _line(text: str, at: int) -> int:
    return len(BREAK.findall(text, 0, at))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


class _Outliner:
    """Follows the parser's events."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(found.end() for found in BREAK.finditer(text))]
        self._events: Iterator[Any] = yaml.parse(text, Loader=LOADER)

    def roots(self) -> Iterator[Branch]:
        """Of the documents."""
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                yield self._branch(event, 0)

    def _branch(self, event: Any, depth: int) -> Branch:
        begin, end = self._offset(event.start_mark), self._offset(event.end_mark)
        if depth > MAX_DEPTH:
            raise CannotEdit(say("the file is nested too deep"))
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(Branch(begin, begin, pairs=[], is_flow=bool(event.flow_style)), depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(Branch(begin, begin, items=[], is_flow=bool(event.flow_style)), depth)
        if isinstance(event, yaml.ScalarEvent):
            if event.style in ("|", ">"):  # its end is where the next line begins
                end = len(self._text[:end].rstrip("\r\n"))
            return Branch(begin, end, event.value, event.style or "")
        return Branch(begin, end, self._text[begin:end])  # an alias

    def _mapping(self, branch: Branch, depth: int) -> Branch:
        assert branch.pairs is not None, "it was made so"
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._branch(event, depth + 1)
            value = self._branch(next(self._events), depth + 1)
            value.key = key.begin, key.end
            # A key of several parts is one that stands twice, as nothing: nothing that it says may go unseen.
            branch.pairs += [("", key), ("", value)] if key.parts else [(key.text, value)]
        return self._ended(branch, event)

    def _list(self, branch: Branch, depth: int) -> Branch:
        assert branch.items is not None, "it was made so"
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            last = branch.items[-1].end if branch.items else branch.begin
            branch.items.append(item := self._branch(event, depth + 1))
            if not branch.is_flow:
                dash = self._text.rfind("-", last, item.begin)
                item.key = (dash, dash + 1) if dash >= 0 and not self._text[dash + 1 : item.begin].strip() else None
        return self._ended(branch, event)

    def _ended(self, branch: Branch, event: Any) -> Branch:
        """Lines end with the last value in them; the parser says only where the next thing begins."""
        branch.end = self._offset(event.end_mark) if branch.is_flow or not branch.parts else branch.parts[-1].end
        return branch

    def _offset(self, mark: Any) -> int:
        if mark.line >= len(self._starts):
            return len(self._text)
        return int(min(self._starts[mark.line] + mark.column, len(self._text)))
