"""A mapping of the file, read by its schema: every setting is declared there, and read here, in one way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import jsonschema

from vipgate_fs.document import kept, schema
from vipgate_fs.document.findings import Place, Report
from vipgate_fs.document.nodes import Mapping, Scalar, Spot
from vipgate_fs.duration import duration
from vipgate_fs.secret import Secret
from vipgate_fs.sentences import Sentence, said, say

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping, its report, and its part of the schema.

    Absent settings have the schema's default. So do invalid ones, which are also reported: one run finds everything.

    Attributes:
        node: the mapping; empty if it is absent or something else.
        report: receives the findings.
        schema: of the mapping, with references resolved.
    """

    node: Mapping
    report: Report
    schema: Any

    @classmethod
    def root(cls, node: Mapping, report: Report) -> Section:
        """The file as a whole."""
        return cls(node, report, schema.load())

    @property
    def line(self) -> int:
        """The line of its key, from 1."""
        return self.node.line

    @property
    def folder(self) -> Path:
        """The file's folder, where relative paths start."""
        return Path(self.report.file).parent

    @property
    def is_sound(self) -> bool:
        """Whether no error was reported in it so far."""
        return self.report.is_sound(self.node)

    @property
    def keys(self) -> dict[str, Scalar]:
        """The keys present, by their texts: places for findings."""
        return self.node.keys

    @property
    def values(self) -> dict[str, Any]:
        """The values present, as YAML means them; without defaults."""
        return self.node.value

    def __contains__(self, key: str) -> bool:
        """Whether the key is present."""
        return key in self.node.nodes

    # Single values

    def find(self, key: str, parse: Callable[[str], T]) -> T | None:
        """What `parse` makes of the text; None when nothing, or something wrong, is written.

        Args:
            key: of a single value.
            parse: raises ValueError with what was found and what is allowed, which is reported.
        """
        return self.parsed(self.node.scalar(key), parse)

    def parsed(self, scalar: Scalar | None, parse: Callable[[str], T]) -> T | None:
        """The same for an item of a list."""
        if scalar is None or not self.report.is_sound(scalar):
            return None
        try:
            return parse(scalar.text)
        except ValueError as error:
            self.report.error(scalar, said(error))
            return None

    def read(self, key: str, parse: Callable[[str], T]) -> T:
        """What `parse` makes of the text, else of the schema's default.

        Raises:
            KeyError: the schema has no default, and what is written is wrong: look at `is_sound` first.
        """
        found = self.find(key, parse)
        return parse(_text(self.default(key))) if found is None else found

    def text(self, key: str) -> str:
        """The text, else the default."""
        return self.read(key, str)

    def integer(self, key: str) -> int:
        """The integer, else the default."""
        return self.read(key, int)

    def flag(self, key: str) -> bool:
        """Whether it says true, else the default."""
        return self.read(key, lambda text: text.lower() == "true")

    def duration(self, key: str) -> float:
        """The seconds of a time within the schema's `shortest` and `longest`, else of the default."""
        part = self._part(key)
        return self.read(key, lambda text: duration(text, least=part.get("shortest"), most=part.get("longest")))

    def secret(self, key: str) -> Secret | None:
        """The text, or what `{env: NAME}` or `{file: PATH}` stands for; None when there is none, or an error.

        That one is written in the configuration is noted.
        """
        if self.node.scalar(key) is not None:
            self.report.holds_secrets = True
        return self.url(key)

    def url(self, key: str) -> Secret | None:
        """The same for a URL, which is a secret only if a password is in it: whoever finds one notes that."""
        node = self.node.nodes.get(key)
        if node is None or not self.report.is_sound(node):
            return None
        if isinstance(node, Scalar):
            return Secret(node.text)
        for where in kept.READERS:
            if isinstance(node, Mapping) and (name := node.scalar(where)) is not None:
                return self._kept(self.place(key), self._part(key), where, name)
        return None

    def secrets(self, key: str) -> tuple[Secret, ...]:
        """The items of a list, each a text or what `{env: NAME}` or `{file: PATH}` stands for; none in error."""
        part = schema.resolved(self._part(key)["items"])
        found = []
        for item in self.node.items(key):
            if isinstance(item, Scalar) and self.report.is_sound(item):
                found.append(Secret(item.text))
            elif isinstance(item, Mapping) and self.report.is_sound(item):
                kept_in = ((where, name) for where in kept.READERS if (name := item.scalar(where)) is not None)
                found += [secret for where, name in kept_in if (secret := self._kept(item, part, where, name))]
        return tuple(found)

    def _kept(self, place: Place, part: Any, where: str, name: Scalar) -> Secret | None:
        try:
            text, remarks = kept.READERS[where](name.text, self.folder, self.report.sources)
        except ValueError as error:
            self.report.error(name, said(error))
            return None
        for remark in remarks:
            self.report.warning(name, remark)
        if not jsonschema.Draft202012Validator(part).is_valid(text):
            self.report.error(
                place,
                say(
                    "what this {keeper} holds does not fit; allowed: {allowed}",
                    keeper=kept.WORDS[where],
                    allowed=schema.allowed(part),
                ),
            )
            return None
        return Secret(text)

    def default(self, key: str) -> Any:
        """What the schema says when nothing is written. Raises KeyError: it says nothing."""
        return self._part(key)["default"]

    # Values within values

    def section(self, key: str) -> Section:
        """The mapping of that key; an empty one, of defaults, when there is none."""
        return Section(self.node.mapping(key), self.report, self._part(key))

    def sections(self, key: str) -> Iterator[Section]:
        """The mappings of a list."""
        part = schema.resolved(self._part(key)["items"])
        return (Section(item, self.report, part) for item in self.node.items(key) if isinstance(item, Mapping))

    def items(self, key: str) -> tuple[Scalar, ...]:
        """The single values of a list, else of its default, each with its place."""
        if key in self and self.report.is_sound(self.node.nodes[key]):
            return tuple(item for item in self.node.items(key) if isinstance(item, Scalar))
        spot = Spot(self.node.line, self.node.column, (*self.node.path, key))
        return tuple(
            Scalar(spot.line, spot.column, spot.path, _text(item)) for item in self._part(key).get("default", ())
        )

    def _part(self, key: str) -> Any:
        return schema.part(self.schema, key)

    # What is wrong

    def place(self, key: str | None = None) -> Place:
        """Where the value of that key stands; without a key, where the section does."""
        return self.node if key is None else self.node.nodes.get(key, self.node)

    def error(self, message: Sentence, key: str | None = None) -> None:
        """Report what is wrong with the value of that key, or with the section, and what is allowed."""
        self.report.error(self.place(key), message)

    def missing(self, message: Sentence, key: str) -> None:
        """Report that what the value of that key names is not as it should be; see `Report.missing`."""
        self.report.missing(self.place(key), message)

    def error_in(self, file: Path, line: int, message: Sentence, key: str) -> None:
        """Report what is wrong in a line, from 1, of the file that the value of that key names."""
        self.report.error_in(str(file), line, self.place(key), message)

    def error_at_key(self, message: Sentence, key: str) -> None:
        """Report what is wrong with a key itself."""
        self.report.error(self.keys[key], message)

    def warn(self, message: Sentence, key: str | None = None) -> None:
        """Report why the value of that key, or the section, deserves a second look."""
        self.report.warning(self.place(key), message)


def _text(default: Any) -> str:
    """A default as it would be written."""
    return str(default).lower() if isinstance(default, bool) else str(default)
