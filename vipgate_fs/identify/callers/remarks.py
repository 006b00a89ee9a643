"""Report what is wrong in the rows of a list: every row is named, the first ones with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from vipgate_fs.document.section import Section
from vipgate_fs.exposure import exposure
from vipgate_fs.identify.callers.columns import Key, Value
from vipgate_fs.identify.callers.list_file import ListFile, Unreadable
from vipgate_fs.sentences import Sentence, said, say
from vipgate_fs.sentences.system import system_says

MOST: Final = 100
"""Rows of a list with an error, and as many with a warning, that are reported one by one."""
_MOST_SPANS: Final = 200
_SETTING: Final = "file"


def open_list(section: Section, key: Key, value: Value) -> ListFile | None:
    """The list that `file` names; None when there is none, or none that can be read, which is reported."""
    name = section.find(_SETTING, str)
    if name is None:
        return None
    try:
        content = section.report.sources.list(name, section.folder)
    except OSError as error:
        section.error(say("{path}: {why}", path=section.folder / name, why=system_says(error)), _SETTING)
        return None
    path = content.path
    try:
        found = ListFile(content, key, value)
    except Unreadable as error:
        section.error_in(path, error.line, said(error), _SETTING)
        return None
    if why := exposure(path, found.mode, holds_secrets=value == "pin"):
        section.warn(say("{path}: {why}", path=path.name, why=why), _SETTING)
    return found


def warn_of_overlooked(rows: ListFile, section: Section) -> None:
    """Report columns with telephone numbers that nobody reads, once the rows have been read."""
    for name, line in rows.overlooked.items():
        what = say(
            "{file}, line {line}: nobody reads telephone numbers in column {column!r}; name it phone 2, or delete it",
            file=rows.path.name,
            line=line,
            column=name,
        )
        section.warn(what, _SETTING)


class Remarks:
    """Reports the rows of one list."""

    def __init__(self, section: Section, path: Path) -> None:
        self._section = section
        self._path = path
        self._errors: list[int] = []
        self._warnings: list[int] = []

    @property
    def has_errors(self) -> bool:
        """Whether a row had an error."""
        return bool(self._errors)

    def error(self, line: int, message: Sentence) -> None:
        """Report what is wrong in a row, and what is allowed."""
        if len(self._errors) < MOST:
            self._section.error_in(self._path, line, message, _SETTING)
        self._errors.append(line)

    def warn(self, line: int, message: Sentence) -> None:
        """Report why a row deserves a second look."""
        if len(self._warnings) < MOST:
            self._section.warn(
                say("{file}, line {line}: {message}", file=self._path.name, line=line, message=message), _SETTING
            )
        self._warnings.append(line)

    def close(self) -> None:
        """Name the rows that were too many to be reported one by one."""
        if further := sorted(self._errors[MOST:]):
            message = say(
                "{count} further row is wrong: line {lines}",
                "{count} further rows are wrong: lines {lines}",
                count=len(further),
                lines=spans(further),
            )
            self._section.error_in(self._path, further[0], message, _SETTING)
        if further := sorted(self._warnings[MOST:]):
            message = say(
                "{count} further row deserves a second look: line {lines}",
                "{count} further rows deserve a second look: lines {lines}",
                count=len(further),
                lines=spans(further),
            )
            self._section.warn(say("{path}: {why}", path=self._path.name, why=message), _SETTING)


def spans(lines: Iterable[int]) -> str:
    """Lines in rising order as `3, 5-9, 12`."""
    shown = [
        f"{first}-{last}" if first != last else str(first) for first, last in islice(_spans(lines), _MOST_SPANS + 1)
    ]
    return ", ".join(shown if len(shown) <= _MOST_SPANS else [*shown[:-1], "…"])


def _spans(lines: Iterable[int]) -> Iterator[tuple[int, int]]:
    begun: tuple[int, int] | None = None
    for line in lines:
        if begun and line <= begun[1] + 1:
            begun = begun[0], line
            continue
        if begun:
            yield begun
        begun = line, line
    if begun:
        yield begun
