"""A list that a setting names: numbers, and what is said of each, as people keep them in Excel or export them.

The first line names the columns (see `vipgate_fs.identify.callers.columns`); each further row has a number in each
column for numbers. What is wrong in a row keeps nobody from reading the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from vipgate_fs.document.sources import Content
from vipgate_fs.gate.numbers import plain
from vipgate_fs.identify.callers.cells import Cells, Fault, is_not_shown, read_cells
from vipgate_fs.identify.callers.columns import (
    Header,
    Key,
    Value,
    is_data,
    is_telephone,
    named,
    read_header,
)
from vipgate_fs.sentences import Sentence, said, say

_MOST_TITLES: Final = 5
"""Rows above the one that names the columns."""
_LOOKED_AT: Final = 1000
"""Rows in whose unread columns telephone numbers are looked for."""
_SEVERAL: Final = ":::"
"""Between the values of one cell in Google's contacts."""
_APOSTROPHES: Final = ("'", "\u2019", "`")
_MARKS: Final = ("=", *_APOSTROPHES)
_FORMULA: Final = re.compile(r'="(.*)"')
"""How a text with zeros in front is kept from Excel in a CSV file."""
_EXAMPLES: Final = {"verdict": "verdict,note", "pin": "pin,note"}


class Row(NamedTuple):
    """What a row says of one number.

    Attributes:
        line: from 1.
        key: the number as it is written.
        value: the verdict or PIN as it is written; None: there is no such column.
    """

    line: int
    key: str
    value: str | None


class Unreadable(ValueError):
    """A file that is no list; says what it is, or what is wrong in the line that names the columns.

    Attributes:
        line: from 1.
    """

    def __init__(self, message: Sentence, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


class ListFile:
    """A list, row by row.

    Attributes:
        path: of the file.
        mode: of the file, as `os.stat` gives it.
        unread: names of columns that nobody reads.
        has_values: whether there is a column with verdicts or PINs.
        overlooked: names of columns that nobody reads and that have telephone numbers all the same, with the line of
            the first; known when the rows have been read.
    """

    def __init__(self, content: Content, key: Key, value: Value) -> None:
        """Open a list.

        Args:
            content: of the file.
            key: what is looked for.
            value: what is said of it.

        Raises:
            Unreadable: it is no list.
        """
        self.path, data, self.mode = content
        self._key: Key = key
        self._value: Value = value
        try:
            self._rows = read_cells(data, self._names_columns)
        except ValueError as error:
            raise Unreadable(said(error)) from None
        self._header = self._read_header()
        self.unread = self._header.unread
        self.has_values = self._header.value is not None
        self.overlooked: dict[str, int] = {}

    def __iter__(self) -> Iterator[Row | Fault]:
        keys, value, width = self._header.keys, self._header.value, len(self._header.names)
        suspects = self._header.suspects if self._key == "number" else ()
        for count, found in enumerate(self._rows):
            if isinstance(found, Fault):
                yield found
                continue
            line, cells = found
            if len(cells) > width and any(cell.strip() for cell in cells[width:]):
                yield Fault(
                    line,
                    say(
                        "found {found} cells; allowed: {width}, as in the line that names the columns",
                        found=len(cells),
                        width=width,
                    ),
                )
                continue
            for index in suspects if count < _LOOKED_AT else ():
                if index < len(cells) and is_telephone(clean(cells[index])):
                    self.overlooked.setdefault(self._header.names[index], line)
            text = None if value is None else clean(cells[value]) if value < len(cells) else ""
            written = [cell for key in keys if key < len(cells) and (cell := clean(cells[key]))]
            if not written and text is not None:
                yield Fault(line, say("the {what} is missing", what=named(self._key)))
            for one in written:
                if is_not_shown(one):
                    yield Fault(
                        line,
                        say(
                            "{text} is what a spreadsheet shows in place of a {what}; enter it as text",
                            text=one,
                            what=named(self._key),
                        ),
                    )
                elif _SEVERAL in one:
                    yield from (Row(line, part.strip(), text) for part in one.split(_SEVERAL) if part.strip())
                else:
                    yield Row(line, one, text)

    def _read_header(self) -> Header:
        first = None
        for found in islice(self._rows, _MOST_TITLES + 1):
            if isinstance(found, Fault):
                raise Unreadable(found.message, found.line)
            line, cells = found
            if header := self._header_of(cells, line):
                return header
            first = first or line
            if is_data(cells):
                break
        example = f"{self._key},{_EXAMPLES[self._value]}"
        what = say("the columns are not named; allowed: a first line such as {example}", example=example)
        raise Unreadable(what, first or 1)

    def _header_of(self, cells: Cells, line: int) -> Header | None:
        try:
            header = read_header([clean(cell) for cell in cells], self._key, self._value)
        except ValueError as error:
            raise Unreadable(said(error), line) from None
        if header and header.value is None and self._value == "pin":
            what = say("there is no column pin; allowed: a first line such as {key},pin,note", key=self._key)
            raise Unreadable(what, line)
        return header

    def _names_columns(self, cells: Cells) -> bool:
        try:
            return read_header([clean(cell) for cell in cells], self._key, self._value) is not None
        except ValueError:
            return True


def clean(cell: str) -> str:
    """A cell without what exports put around it: spaces, what nobody sees, and the apostrophe or `="…"` for Excel."""
    cell = plain(cell).strip()
    if not cell.startswith(_MARKS):
        return cell
    if match := _FORMULA.fullmatch(cell):
        cell = match[1].strip()
    return cell[1:].lstrip() if cell.startswith(_APOSTROPHES) else cell
