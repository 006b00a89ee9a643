"""Tables of callers, as a gate's steps name them: pasted from a spreadsheet, or edited row by row.

A table is CSV, or an Excel workbook. What is not changed keeps its line, comments included.
"""

from __future__ import annotations

import csv
import io
import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from vipgate_fs.admin import workbooks
from vipgate_fs.document.outline import Tree
from vipgate_fs.document.sources import Content, Machine
from vipgate_fs.identify.callers.cells import Cells, Fault, read_cells, separator_of
from vipgate_fs.identify.callers.columns import Header, Key, Value, named, read_header
from vipgate_fs.identify.callers.list_file import clean
from vipgate_fs.sentences import say

LARGEST: Final = 1024 * 1024
"""Bytes of a table that is edited here."""
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}\.(csv|xlsx)", re.ASCII)
"""Of a table that is written here: in the configuration's folder, and nowhere else."""
ENDINGS: Final = {"verdict": "callers", "pin": "pins"}
"""What a new table's name ends with, by what it says of callers."""
Changes = Mapping[int, tuple[str, str] | None]
"""By a row's line, its number and its value; None: it is taken out."""
_MODE: Final = 0o100600
_TITLES: Final = 6
"""Rows within which the columns are named."""
_MOST_COLUMNS: Final = 50
_QUANTITY: Final = re.compile(r"'?[+0-9][0-9 ()/.,-]{4,}(E\+?[0-9]+)?\*?", re.ASCII | re.IGNORECASE)
_WORTH: Final = {
    "pin": re.compile(r"'?[0-9]{1,20}", re.ASCII),
    "verdict": re.compile(r"(pass|reject|forward:.*)", re.IGNORECASE),
}
_NOTE: Final = "note"
_LONGEST_PIN: Final = 8
"""Digits with a 0 in front that may well be a PIN; more are rather a telephone number."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A table that is to be written.

    Attributes:
        content: all of it.
        before: the digest of what is there now; "" for nothing.
    """

    content: bytes = field(repr=False)
    before: str


class Tables(Machine):
    """The machine, with tables as they will be.

    Args:
        tables: by name.
    """

    def __init__(self, tables: Mapping[str, Changed]) -> None:
        self._tables = tables

    def list(self, name: str, folder: Path) -> Content:
        """See `vipgate_fs.document.sources.Sources`."""
        if name in self._tables:
            return Content(folder / name, self._tables[name].content, _MODE)
        return super().list(name, folder)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Attributes:
        line: from 1.
        key: the number, as it is written.
        value: the verdict or PIN, as it is written; "" for none.
        others: what else is in it, for people.
    """

    line: int
    key: str
    value: str = field(repr=False)
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a table is about.

    Attributes:
        key: what is looked for in it.
        value: what is said of it.
    """

    key: Key
    value: Value

    def header(self, cells: Cells) -> Header | None:
        """What its columns are, if the cells name them. Raises ValueError: they do, but wrongly."""
        return read_header([clean(cell) for cell in cells], self.key, self.value)

    def names_columns(self, cells: Cells) -> bool:
        """Whether cells are the names of columns, however wrong."""
        try:
            return self.header(cells) is not None
        except ValueError:
            return True


def about(step: Tree) -> tuple[Mapping[str, Tree], Kind] | None:
    """A step's settings, and what its table is about; None: its kind has none."""
    kind, settings = next(iter(step.items()), ("", "")) if isinstance(step, dict) else ("", "")
    known = settings if isinstance(settings, dict) else {}
    match kind:
        case "callers":
            return known, Kind("number", "verdict")
        case "caller_pin":
            by_id = known.get("identification") == "entered_id"
            return known, Kind("customer number" if by_id else "number", "pin")
    return None


class Table:
    """A table that can be edited.

    Attributes:
        rows: below the names of its columns.
        names: of its columns.

    Args:
        content: of the file.
        kind: what it is about.

    Raises:
        ValueError: it can't be edited here. The text says why.
    """

    def __init__(self, content: bytes, kind: Kind) -> None:
        self._content, self._kind = content, kind
        self._header: Header | None = None
        self.rows: list[Row] = []
        for line, cells in self._read():
            if self._header is not None:
                self.rows.append(self._row(line, cells, self._header))
                continue
            self._header = kind.header(cells)
            if self._header is None and line > _TITLES:
                break
        if self._header is None:
            raise ValueError(say("the columns are not named; paste it anew"))
        self.names = self._header.names

    @abstractmethod
    def _read(self) -> Iterator[tuple[int, Cells]]:
        """Its rows with their lines. Raises ValueError."""

    @abstractmethod
    def edited(self, changes: Changes, more: Iterable[Row] = ()) -> bytes:
        """The table with other rows.

        Args:
            changes: by the row's line, its number and its value; None: it is taken out.
            more: further rows; their lines say nothing.

        Raises:
            ValueError: it can't be edited like this. The text says why.
        """

    def _row(self, line: int, cells: Cells, header: Header) -> Row:
        places = (*header.keys[:1], header.value)
        others = tuple(cell for index, cell in enumerate(cells) if index not in places)
        return Row(line, _at(cells, header.keys[0]), _at(cells, header.value), others)

    def _cells_of(self, key: str, value: str) -> dict[int, str]:
        """What stands in which column."""
        assert self._header is not None, "it has one"
        cells = {self._header.keys[0]: key}
        return cells if self._header.value is None else cells | {self._header.value: value}

    def _cells_of_new(self, row: Row) -> dict[int, str]:
        assert self._header is not None, "it has one"
        cells = self._cells_of(row.key, row.value)
        free = (index for index in range(len(self.names)) if index not in cells and index not in self._header.keys)
        return cells | dict(zip(free, row.others, strict=False))


class Csv(Table):
    """One in CSV."""

    def _read(self) -> Iterator[tuple[int, Cells]]:
        text = _text(self._content)
        self._lines = text.splitlines()
        self._separator = separator_of([f"{line}\n" for line in self._lines[:10]], self._kind.names_columns)[0]
        for found in read_cells(text.encode(), self._kind.names_columns):
            if isinstance(found, Fault) or self._cells(found[0]) != [*found[1]]:
                raise ValueError(say("a row has several lines or an open quote; edit the file, or paste it anew"))
            yield found

    def edited(self, changes: Changes, more: Iterable[Row] = ()) -> bytes:
        """See Table."""
        lines = []
        for number, line in enumerate(self._lines, 1):
            if number not in changes:
                lines.append(line)
            elif (change := changes[number]) is not None:
                lines.append(self._written(self._cells(number), self._cells_of(*change)))
        lines += [self._written([], self._cells_of_new(row)) for row in more]
        return ("\n".join(lines) + "\n").encode()

    def _cells(self, line: int) -> list[str]:
        is_tabs = self._separator == "\t"
        return next(csv.reader([self._lines[line - 1]], delimiter=self._separator, skipinitialspace=not is_tabs), [])

    def _written(self, cells: list[str], wanted: Mapping[int, str]) -> str:
        cells += [""] * (len(self.names) - len(cells))
        for index, text in wanted.items():
            cells[index] = text
        out = io.StringIO()
        csv.writer(out, delimiter=self._separator, lineterminator="").writerow(cells)
        return out.getvalue()


class Workbook(Table):
    """One in a workbook."""

    def _read(self) -> Iterator[tuple[int, Cells]]:
        if len(self._content) > LARGEST:
            raise ValueError(_too_large())
        for found in read_cells(self._content, self._kind.names_columns):
            assert not isinstance(found, Fault), "workbooks have none"
            yield found

    def edited(self, changes: Changes, more: Iterable[Row] = ()) -> bytes:
        """See Table. Rows that are taken out are emptied."""
        wanted = {line: self._cells_of(*change) if change else None for line, change in changes.items()}
        return workbooks.edited(self._content, wanted, [self._cells_of_new(row) for row in more])


def table(content: bytes, kind: Kind) -> Table:
    """A table that can be edited. Raises ValueError: it can't. The text says why."""
    return (Workbook if content.startswith(b"PK\x03\x04") else Csv)(content, kind)


def pasted(text: str, kind: Kind) -> bytes:
    """A table made of what somebody has copied from a spreadsheet, or from a CSV file, with or without a head.

    Raises:
        ValueError: there is no row in it.
    """
    rows = [[" ".join(cell.split()) for cell in row] for row in _rows(text)]
    rows = [row for row in rows if any(row)]
    if not rows:
        raise ValueError(say("there is no row in it"))
    if max(map(len, rows)) > _MOST_COLUMNS:
        raise ValueError(say("a row has more than {most} columns", most=_MOST_COLUMNS))
    if not any(map(kind.names_columns, rows[:_TITLES])):
        rows = _with_head(rows, kind)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def _rows(text: str) -> Iterator[list[str]]:
    head = next(filter(str.strip, text.splitlines()), "")
    separator = next((each for each in ("\t", ";", "|", ",") if each in head), ",")
    try:
        yield from csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=separator)
    except csv.Error as error:
        raise ValueError(say("this is not CSV: {error}", error=str(error))) from None


def _with_head(rows: list[list[str]], kind: Kind) -> list[list[str]]:
    """Rows with the names of their columns above them: which is which shows in what is in them.

    Raises:
        ValueError: several may be the one; whoever guesses makes a number of a PIN, or shows PINs as notes.
    """
    width = max(map(len, rows))
    columns = [[_at(row, index) for row in rows] for index in range(width)]

    def best(worth: Callable[[str], int], among: Sequence[int], what: Key | Value) -> int:
        sums = {index: sum(map(worth, columns[index])) for index in among}
        found = [index for index in among if sums[index] == max(sums.values())]
        if len(found) > 1 and sums[found[0]] and what != "customer number":
            names = {"what": named(what), "key": named(kind.key), "value": named(kind.value)}
            text = say(
                "several columns may be the {what}; name them in a row above, such as {key} and {value}", **names
            )
            raise ValueError(text)
        return found[0]

    key = best(like_a_number if kind.key == "number" else _like("pin"), range(width), kind.key)
    rest = [index for index in range(width) if index != key]
    value = best(_like(kind.value), rest, kind.value) if rest else None
    if value is not None and kind.value == "verdict" and not _WORTH["verdict"].fullmatch(_at(rows[0], value)):
        value = None
    others = iter([_NOTE, *(f"{_NOTE} {number}" for number in range(2, width + 1))])
    names_of = [kind.key if index == key else kind.value if index == value else next(others) for index in range(width)]
    return [names_of, *rows]


def _like(value: Value) -> Callable[[str], int]:
    return lambda cell: int(_WORTH[value].fullmatch(cell) is not None)


def like_a_number(cell: str) -> int:
    """How much a cell is like a telephone number, and not like a PIN: 0 not at all, 1 as much, more for rather that."""
    if not _QUANTITY.fullmatch(cell):
        return 0
    digits = cell.removeprefix("'")
    return 3 if digits.startswith("+") else 2 if digits.startswith("0") and len(digits) > _LONGEST_PIN else 1


def _at(cells: Sequence[str], index: int | None) -> str:
    return clean(cells[index]) if index is not None and index < len(cells) else ""


def _too_large() -> str:
    return say("this table is too large to be edited here; edit the file itself, or paste it anew")


def _text(content: bytes) -> str:
    if len(content) > LARGEST:
        raise ValueError(_too_large())
    if content.startswith((b"PK", b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        raise ValueError(say("this is no CSV in UTF-8; save it as such, or paste it anew"))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
