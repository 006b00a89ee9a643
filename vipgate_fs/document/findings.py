"""What is wrong with a configuration, and where."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from vipgate_fs.document.sources import MACHINE, Reading, Sources
from vipgate_fs.sentences import NOTHING, Sentence, joined, say

Severity = Literal["error", "warning"]
Path = tuple[str | int, ...]
"""The way to a place in the file: keys, and indices from 0."""
_NAME: Final = re.compile(r"[^\W\d_][\w-]{0,63}")
"""At least what the schema's `name` allows."""
_DIGITS: Final = re.compile(r"[0-9]{3}")
"""What no key of the schema's has in it."""
_NAMED: Final = 1
"""The level of a path whose keys are names of the user's choice, with or without digits: gates and schedules."""
_SIMILAR: Final = 0.7
"""How similar (difflib's ratio) a known word must be to be suggested."""


class Place(Protocol):
    """A place in the file that a finding can be about; every node of `vipgate_fs.document.nodes` is one."""

    @property
    def line(self) -> int:
        """Line, from 1."""

    @property
    def column(self) -> int:
        """Column in characters, from 1."""

    @property
    def path(self) -> Path:
        """The way to it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One error or warning. No field ever contains a PIN.

    Attributes:
        severity: an error makes the file unusable, a warning does not.
        file: the file's name, as it was given.
        line: from 1.
        column: in characters, from 1.
        path: such as `gates.support.identify[1].static_pin.pin`; "" for the file as a whole.
        message: what was found and what is allowed.
    """

    severity: Severity
    file: str
    line: int
    column: int
    path: str
    message: Sentence

    def __str__(self) -> Sentence:
        """`file:line:column: path: message`, with `warning: ` before the message of a warning."""
        what = say("warning: {message}", message=self.message) if self.severity == "warning" else self.message
        return joined(": ", (f"{self.file}:{self.line}:{self.column}", self.path, what))


class Report:
    """Collects the findings of one file, and of the files that it names.

    Attributes:
        file: the file's name, as it was given.
        holds_secrets: whether a PIN, password, token or key is written in it.
        sources: where what it names is read.
    """

    def __init__(self, file: str, sources: Sources = MACHINE) -> None:
        self.file = file
        self.sources = sources
        self.holds_secrets = False
        self._findings: set[Finding] = set()
        self._broken: set[Path] = set()
        self._at: set[tuple[int, int]] = set()

    def error(self, place: Place, message: Sentence) -> None:
        """Report something that makes the file unusable."""
        self._break(place)
        self._at.add((place.line, place.column))
        self._note("error", place, message)

    def error_in(self, file: str, line: int, place: Place, message: Sentence) -> None:
        """Report an error in a line of another file, which is named at `place`."""
        self._break(place)
        self._findings.add(Finding("error", file, line, 1, shown_path(place.path), message))

    def warning(self, place: Place, message: Sentence) -> None:
        """Report something worth a second look."""
        self._note("warning", place, message)

    def missing(self, place: Place, message: Sentence) -> None:
        """Report that something which the file names is not as it should be: an error, unless the file is in force.

        Who only compares what a service has applied needs no certificate and no module, and may not have them.
        """
        if not isinstance(self.sources, Reading):
            self.error(place, message)

    def _break(self, place: Place) -> None:
        self._broken.update(place.path[:length] for length in range(len(place.path) + 1))

    def _note(self, severity: Severity, place: Place, message: Sentence) -> None:
        path = shown_path(place.path)
        self._findings.add(Finding(severity, self.file, place.line, place.column, path, message))

    def is_sound(self, place: Place) -> bool:
        """Whether no error was reported at this place or within it."""
        return place.path not in self._broken

    def has_error_at(self, place: Place) -> bool:
        """Whether an error was reported at exactly this line and column."""
        return (place.line, place.column) in self._at

    @property
    def has_errors(self) -> bool:
        """Whether the file is unusable."""
        return bool(self._broken)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings in the order of the file, followed by those of other files."""
        return in_order(self._findings, self.file)


def in_order(found: Iterable[Finding], file: str) -> tuple[Finding, ...]:
    """Findings in the order of a file; those of other files come after them."""

    def order(one: Finding) -> tuple[object, ...]:
        return (one.file != file, one.file, one.line, one.column, one.path, one.message)

    return tuple(sorted(found, key=order))


def is_showable(key: str | int) -> bool:
    """Whether a key may be shown: one that is not a name may contain a misplaced PIN, as `pin:0815` does."""
    return isinstance(key, int) or _NAME.fullmatch(key) is not None


def holds_digits(text: str) -> bool:
    """Whether an invalid text may contain a PIN, as `{pin0815}` does."""
    return _DIGITS.search(text) is not None


def did_you_mean(text: str, known: Iterable[str]) -> Sentence:
    """`; did you mean …?` if `text` resembles a known word, else nothing."""
    similar = difflib.get_close_matches(text, known, n=1, cutoff=_SIMILAR)
    return say("; did you mean {similar}?", similar=similar[0]) if similar else NOTHING


def shown_path(path: Path) -> str:
    """A path as findings show it, as far as nothing in it may be a PIN."""
    shown = ""
    for level, key in enumerate(path):
        if not is_showable(key) or (level != _NAMED and isinstance(key, str) and holds_digits(key)):
            break
        shown += f"[{key}]" if isinstance(key, int) else f".{key}" if shown else key
    return shown
