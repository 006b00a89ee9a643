"""The rows of a list, whatever program saved it: CSV in its encodings and dialects, an Excel workbook, a phone book.

What is neither says what it is.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from vipgate_fs.identify.callers.phone_book import is_phone_book, read_phone_book
from vipgate_fs.sentences import Sentence, said, say

Cells = Sequence[str]

_HEAD: Final = 10
"""Lines within which the columns are named."""
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(?P<separator>.)"?[;,\s]*', re.IGNORECASE)
_SEPARATORS: Final = (";", "\t", ",", "|")
_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHERS: Final = (
    (re.compile(rb"\xd0\xcf\x11\xe0"), say("an Excel workbook of before 2007 (.xls), or one with a password")),
    (
        re.compile(rb"PK\x03\x04.{26}mimetype.{0,20}application/vnd\.oasis", re.DOTALL),
        say("an OpenDocument file (.ods)"),
    ),
    (
        re.compile(rb"PK\x05\x06|PK\x03\x04(?!.{26}(\[Content_Types\]|_rels|xl/|docProps))", re.DOTALL),
        say("a ZIP archive"),
    ),
    (re.compile(rb"%PDF"), say("a PDF")),
    (re.compile(rb"\s*BEGIN:VCARD", re.IGNORECASE), say("a file of vCards (.vcf)")),
    (re.compile(rb"\s*<(!doctype html|html|table)", re.IGNORECASE), say("a web page, even if its name ends in .xls")),
    (re.compile(rb"\s*<\?xml|\s*<[a-z]+[ >]", re.IGNORECASE), say("an XML file")),
    (re.compile(rb"\s*\{\\rtf"), say("an RTF document")),
    (re.compile(rb"\s*[\[{]\s*[\[{\"]"), say("a JSON file")),
    (re.compile(rb"\s*dn:"), say("an LDIF file")),
    (re.compile(rb"\x1f\x8b|BZh|\xfd7zXZ"), say("a compressed file")),
    (re.compile(rb"SQLite format 3"), say("a SQLite database")),
)
_NOT_SHOWN: Final = re.compile(
    r"#(N/A|NV|NAME\?|(REF|BEZUG|VALUE|WERT|DIV/0|NUM|ZAHL|NULL|SPILL|ÜBERLAUF)!)(?=[;,\t|\"\s]|$)|#{3,}(?=[;,\t|\"])"
)
"""What Excel and LibreOffice, in English and German, show in place of a value: a broken formula, a narrow column."""
_ZEROS: Final = re.compile(r'(?P<plus>(?:"\+"|\\\+|\+))?(?P<zeros>#*0+)(?:;.*)?')
"""A number format of Excel that shows zeros, or a plus, that the number itself has not."""


def is_comment(text: str) -> bool:
    """Whether a line, or the first cell of a row, is there for people only."""
    return text.startswith("#") and not _NOT_SHOWN.match(text)


def is_not_shown(cell: str) -> bool:
    """Whether a spreadsheet had no value to show in this cell, or no room for it."""
    return _NOT_SHOWN.match(f"{cell};") is not None


class Fault(NamedTuple):
    """What is wrong in a line, and what is allowed."""

    line: int
    message: Sentence


def read_cells(content: bytes, names_columns: Callable[[Cells], bool]) -> Iterator[tuple[int, Cells] | Fault]:
    """The rows with their lines, from 1; rows of empty cells, and lines that begin with #, are left out.

    Args:
        content: of the file.
        names_columns: whether cells are the names of columns; this determines the separator.

    Raises:
        ValueError: this is none of these; says what it is.
    """
    if is_phone_book(content):
        return read_phone_book(content)
    what = next((what for form, what in _OTHERS if form.match(content)), None)
    if what is not None:
        raise ValueError(say("this is {what}; save it as CSV or as .xlsx", what=what))
    return _of_workbook(content) if content.startswith(b"PK\x03\x04") else _of_csv(content, names_columns)


def _of_csv(content: bytes, names_columns: Callable[[Cells], bool]) -> Iterator[tuple[int, Cells] | Fault]:
    content = content.rstrip(b"\x1a")  # the end of a text in DOS
    encoding = _encoding(content)
    lines = io.TextIOWrapper(io.BytesIO(content), encoding, "replace")
    head = list(islice(lines, _HEAD))
    separator, skipped = separator_of(head, names_columns)
    lines.seek(0)
    return _parse(lines, separator, skipped)


def _encoding(content: bytes) -> str:
    """A byte order mark, else UTF-16 by its NULs, else UTF-8, else Windows-1252, which old Excels write."""
    if marked := next((encoding for mark, encoding in _BOMS if content.startswith(mark)), None):
        return marked
    head = content[:1000]
    if b"\0" in head:
        if head[1::2].count(0) > len(head) // 4:
            return "utf-16-le"
        if head[::2].count(0) > len(head) // 4:
            return "utf-16-be"
        raise ValueError(say("this is no text; save it as CSV or as .xlsx"))
    try:
        if not content.isascii():
            content.decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def separator_of(head: Sequence[str], names_columns: Callable[[Cells], bool]) -> tuple[str, int]:
    """What separates the cells, and how many lines there are for Excel only (`sep=;`)."""
    if head and (match := _SEPARATOR_LINE.fullmatch(head[0].lstrip("\ufeff").rstrip("\n"))):
        return match["separator"], 1
    for separator in _SEPARATORS:
        with_names = (cells for cells in csv.reader(head, delimiter=separator, skipinitialspace=True))
        if any(names_columns([cell.strip() for cell in cells]) for cells in with_names):
            return separator, 0
    return ",", 0


def _parse(lines: io.TextIOWrapper, separator: str, skipped: int) -> Iterator[tuple[int, Cells] | Fault]:
    feed = _Feed(lines, skipped)
    rows = csv.reader(feed.lines(), delimiter=separator, strict=True, skipinitialspace=separator != "\t")
    while True:
        feed.is_new = True
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Fault(feed.first, _why(error, feed))
            continue
        if cells and (cells[0].strip() or any(cell.strip() for cell in cells)):
            yield feed.first, cells


def _why(error: csv.Error, feed: _Feed) -> Sentence:
    if "field limit" in str(error) and feed.line == feed.first:
        return say("a cell with more than {most} characters", most=csv.field_size_limit())
    if "end of data" in str(error) or "field limit" in str(error) or feed.line > feed.first:
        return say(
            "a quote that begins in this line is not closed, or closed in line {line} within a cell", line=feed.line
        )
    return say("this is not CSV: {error}", error=said(error))


class _Feed:
    """Lines for a CSV reader, without comments; it knows in which line a row began.

    Attributes:
        is_new: whether what is read next begins a row.
        line: that was read last, from 1.
        first: of the row that is being read.
    """

    def __init__(self, lines: Iterator[str], skipped: int) -> None:
        self._lines = lines
        self._skipped = skipped
        self.is_new = True
        self.line = 0
        self.first = 0

    def lines(self) -> Iterator[str]:
        """The lines that say something."""
        for line, written in enumerate(self._lines, 1):
            self.line = line
            if self.is_new:
                if line <= self._skipped or is_comment(written):
                    continue
                self.first, self.is_new = line, False
            yield written.lstrip("\ufeff") if line == 1 else written


def _of_workbook(content: bytes) -> Iterator[tuple[int, Cells] | Fault]:
    import openpyxl  # noqa: PLC0415 - only whoever has a workbook waits for it

    rows: list[tuple[int, list[str]]] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            rows.extend(_rows_of(book))
    except Exception as error:  # noqa: BLE001 - whatever a broken workbook makes of openpyxl
        raise ValueError(
            say(
                "this is no Excel workbook that can be read ({error}); save it as CSV or as .xlsx",
                error=type(error).__name__,
            )
        ) from None
    widest = max((len(cells) for _, cells in rows), default=0)
    for _, cells in rows[:_HEAD]:  # notes may stand in columns without a name
        cells.extend([""] * (widest - len(cells)))
    return iter(rows)


def _rows_of(book: Any) -> Iterator[tuple[int, list[str]]]:
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            sheet.reset_dimensions()  # some programs write what is not true, and rows beyond it would be lost
            for line, row in enumerate(sheet.iter_rows(), 1):
                cells = [_text(cell) for cell in row]
                if any(cells) and not is_comment(cells[0]):
                    yield line, cells
            return


def _text(cell: Any) -> str:
    """A cell as Excel shows it, as far as telephone numbers and PINs are concerned."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        if match := _ZEROS.fullmatch(str(cell.number_format)):
            return f"{'+' if match['plus'] else ''}{value:0{match['zeros'].count('0')}}"
        return str(value)
    return str(value).strip()
