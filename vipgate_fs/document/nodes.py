"""A YAML file as written: the text and position of every scalar.

YAML readers take `0815` for a number, `17:00` for 1020 and `NO` for false (YAML 1.1, 10.3), depending on their version.
So nothing is converted here: the schema says what a text means. Whatever makes a file mean something other than what
people see in it (anchors, merge keys, tags, duplicate keys, a second document) is refused.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import yaml

from vipgate_fs.document.findings import Path, Report, is_showable
from vipgate_fs.sentences import Sentence, say

MAX_DEPTH: Final = 20
"""Levels of nesting; a valid file has at most 9."""
LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser where PyYAML has it, else its own."""
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,19})", re.ASCII)
_WORDS: Final = {"": None, "~": None} | {
    form: value
    for word, value in {"null": None, "true": True, "false": False}.items()
    for form in (word, word.capitalize(), word.upper())
}
"""Null and booleans of the YAML 1.2 core schema (10.3.2)."""
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the file: line and column from 1, and path. See `vipgate_fs.document.findings.Place`."""

    line: int
    column: int
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Scalar(Spot):
    """A single value.

    Attributes:
        text: as it is written, quotes and escapes resolved.
        plain: written without quotes.
    """

    text: str = ""
    plain: bool = True

    @property
    def value(self) -> str | int | bool | None:
        """The text; of a plain scalar the integer, boolean or null, if it is written in the one undisputed form."""
        if not self.plain:
            return self.text
        if _INTEGER.fullmatch(self.text):
            return int(self.text)
        return _WORDS.get(self.text, self.text)


@dataclass(frozen=True, slots=True)
class Sequence(Spot):
    """A list. It stands where its key stands, if it has one."""

    items: tuple[Node, ...] = ()

    @property
    def value(self) -> list[Any]:
        """The items' values."""
        return [item.value for item in self.items]


@dataclass(frozen=True, slots=True)
class Mapping(Spot):
    """Keys and their values. It stands where its own key stands, if it has one."""

    keys: dict[str, Scalar] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)

    @property
    def value(self) -> dict[str, Any]:
        """The nodes' values by their keys."""
        return {key: node.value for key, node in self.nodes.items()}

    def scalar(self, key: str) -> Scalar | None:
        """The scalar of that key; None when there is none, or something else stands there."""
        node = self.nodes.get(key)
        return node if isinstance(node, Scalar) else None

    def items(self, key: str) -> tuple[Node, ...]:
        """The items of the sequence of that key; none when something else stands there."""
        node = self.nodes.get(key)
        return node.items if isinstance(node, Sequence) else ()

    def mapping(self, key: str) -> Mapping:
        """The mapping of that key; an empty one when something else stands there."""
        node = self.nodes.get(key)
        return node if isinstance(node, Mapping) else Mapping(self.line, self.column, (*self.path, key))


Node = Scalar | Sequence | Mapping


def find(root: Node, path: Iterable[str | int]) -> Node:
    """The node that keys, and indices from 0, lead to."""
    node = root
    for key in path:
        match node:
            case Mapping(nodes=nodes):
                node = nodes[str(key)]
            case Sequence(items=items):
                node = items[int(key)]
    return node


EMPTY: Final = say("the file is empty; allowed: a configuration, beginning with version: 1")


def parse(content: bytes, report: Report, empty: Sentence = EMPTY) -> Node | None:
    """The file's only document; None if it is not YAML at all. Findings go to `report`.

    Args:
        content: of the file.
        report: where findings go.
        empty: what is said of a file that has no document.
    """
    text = _decode(content, report)
    if text is None:
        return None
    try:
        return _Composer(yaml.parse(text, Loader=LOADER), _end(text), report).document(empty)
    except yaml.MarkedYAMLError as error:
        report.error(*_explain(error, text))
    except _TooDeep as error:
        report.error(error.spot, say("nested too deep; allowed: {most} levels", most=MAX_DEPTH))
    return None


def _decode(content: bytes, report: Report) -> str | None:
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        place = _end(content[: error.start].decode())
        report.error(place, say("byte 0x{byte:02x} is not UTF-8; save the file as UTF-8", byte=content[error.start]))
        return None
    if unseen := _UNSEEN.search(text):
        what = say("an invisible character (U+{code:04X}); allowed: printable text", code=ord(unseen.group()))
        report.error(_end(text[: unseen.start()]), what)
        return None
    return text


def _end(text: str) -> Spot:
    """The place after a text."""
    lines = re.split(r"\r\n|\r|\n", text)
    return Spot(len(lines), len(lines[-1]) + 1)


class _TooDeep(Exception):
    def __init__(self, spot: Spot) -> None:
        super().__init__()
        self.spot = spot


class _Composer:
    """Makes nodes of the parser's events.

    PyYAML's own composer has no limit of depth, and knows neither our findings nor where a key stands.
    """

    def __init__(self, events: Iterator[Any], end: Spot, report: Report) -> None:
        self._events = events
        self._end = end
        self._report = report

    def document(self, empty: Sentence) -> Node | None:
        """The only document."""
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            self._report.error(Spot(1, 1), empty)
            return None
        root = self._node(next(self._events), ())
        next(self._events)
        after = next(self._events)
        if isinstance(after, yaml.DocumentStartEvent):
            self._report.error(_start(after), say("a second document begins here; allowed: one a file"))
            return None
        if isinstance(root, Scalar) and root.value is None:
            self._report.error(Spot(1, 1), empty)
            return None
        return root

    def _node(self, event: Any, path: Path, key: Scalar | None = None) -> Node:
        spot = self._spot(event, path)
        if len(path) > MAX_DEPTH:
            raise _TooDeep(spot)
        if isinstance(event, yaml.AliasEvent):
            return Scalar(spot.line, spot.column, path)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, spot)
        at = key or spot
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(at.line, at.column, path, tuple(self._items(path)))
        keys, nodes = self._entries(path)
        return Mapping(at.line, at.column, path, keys, nodes)

    def _scalar(self, event: Any, spot: Spot) -> Scalar:
        if _CONTROL.search(event.value):
            self._report.error(spot, say("a line break or control character in a value; allowed: one line"))
        return Scalar(spot.line, spot.column, spot.path, event.value, not event.style)

    def _items(self, path: Path) -> Iterator[Node]:
        index = 0
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, (*path, index))
            index += 1

    def _entries(self, path: Path) -> tuple[dict[str, Scalar], dict[str, Node]]:
        keys: dict[str, Scalar] = {}
        nodes: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path)
            node = self._node(next(self._events), key.path, key)
            if key.text in keys:
                name = say("key {key}", key=key.text) if is_showable(key.text) else say("this key")
                self._report.error(
                    key,
                    say(
                        "{name} stands twice, first in line {line}; allowed: once", name=name, line=keys[key.text].line
                    ),
                )
            elif key.plain and key.text == "<<":
                self._report.error(key, say("merge keys (<<) are not supported; write the values out"))
            else:
                keys[key.text], nodes[key.text] = key, node
        return keys, nodes

    def _key(self, event: Any, path: Path) -> Scalar:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, self._spot(event, (*path, event.value)))
        spot = self._spot(event, (*path, ""))
        self._node(event, spot.path)
        self._report.error(spot, say("a key that is not a text; allowed: key: value"))
        return Scalar(spot.line, spot.column, spot.path)

    def _spot(self, event: Any, path: Path) -> Spot:
        spot = _start(event, path)
        if spot.line > self._end.line:  # what is missing at the end of a file without a line break
            spot = replace(self._end, path=path)
        if event.anchor is not None:
            self._report.error(spot, say("anchors (&) and aliases (*) are not supported; write the value out"))
        elif getattr(event, "tag", None) not in (None, "!"):
            self._report.error(spot, say("tags (!) are not supported; a text is written in quotes"))
        return spot


def _start(event: Any, path: Path = ()) -> Spot:
    return Spot(event.start_mark.line + 1, event.start_mark.column + 1, path)


_UNCLOSED: Final = ("quoted scalar", "flow mapping", "flow sequence")
_BRACKET: Final = say("this bracket is never closed, or a comma is missing in it")
_INDENTATION: Final = say("the indentation of this line fits nothing above it; in a list each item begins with a dash")
NO_BREAK: Final = "\u00a0"
NO_BREAK_IS_NO_SPACE: Final = say("a space that is none (U+00A0, no-break space); write a plain one")
_SENTENCES: Final = {
    "mapping values are not allowed": say(
        "a colon where none can be; look at the indentation here and in the line before, "
        "and write a text with a colon in quotes"
    ),
    "unexpected end of": say("this quote is never closed"),
    "did not find expected ',' or": _BRACKET,
    "expected ',' or": _BRACKET,
    "did not find expected key": _INDENTATION,
    "did not find expected '-'": _INDENTATION,
    "expected <block end>": _INDENTATION,
    "node content": say("a value is missing here, or it begins with a character that needs quotes"),
    "could not find expected ':'": say("a line without a colon; allowed: key: value"),
    "unknown escape": say("an unknown escape after a backslash; write the text in single quotes"),
}


def _explain(error: yaml.MarkedYAMLError, text: str) -> tuple[Spot, Sentence]:
    """The parser's error, reworded for the file's author. The parser's own snippet of the file could show a PIN."""
    problem = error.problem or "not YAML"
    mark = error.problem_mark
    if error.context_mark and any(what in (error.context or "") for what in _UNCLOSED) and "escape" not in problem:
        mark = error.context_mark
    assert mark is not None, "every error of the parser has a mark"
    # Of a file without a line break at its end, libyaml counts one line too many.
    spot = min(Spot(mark.line + 1, mark.column + 1), _end(text), key=lambda spot: (spot.line, spot.column))
    for line in (spot.line, spot.line - 1):
        if 0 < line <= len(lines := text.splitlines()) and NO_BREAK in lines[line - 1]:
            place = Spot(line, lines[line - 1].index(NO_BREAK) + 1)
            return place, NO_BREAK_IS_NO_SPACE
    if "cannot start any token" in problem:
        character = (text.splitlines()[mark.line] + "\n")[mark.column]
        if character == "\t":
            return spot, say("a tab; YAML is indented by spaces")
        return spot, say("a text can't begin with {character}; write it in quotes", character=character)
    for beginning, sentence in _SENTENCES.items():
        if beginning in problem:
            return spot, sentence
    return spot, say("this is not YAML: {problem}", problem=problem)
