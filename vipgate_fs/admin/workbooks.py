"""Excel workbooks of callers, edited row by row: cells of the first visible sheet, and nothing else in the file.

The sheet is edited as text: a library that reads and writes workbooks loses pictures, charts and what it does not know.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from typing import Final
from xml.sax.saxutils import escape

import openpyxl

from vipgate_fs.sentences import say

_LARGEST: Final = 64 * 1024 * 1024
"""Bytes of all that is in it."""
_ROW: Final = re.compile(r"<row(?P<head>[^>]*?)(?:/>|>(?P<cells>.*?)</row>)", re.DOTALL)
_CELL: Final = re.compile(
    r'<c (?P<head>[^>]*?\br="(?P<column>[A-Z]{1,3})[0-9]+"[^>]*?)(?:/>|>(?P<inner>.*?)</c>)', re.DOTALL
)
_NUMBER: Final = re.compile(r'\br="([0-9]+)"')
_STYLE: Final = re.compile(r'\bs="[0-9]+"')
_SPANS: Final = re.compile(r' spans="[^"]*"')
_DIMENSION: Final = re.compile(r"<dimension[^>]*/>")
_END: Final = "</sheetData>"
_LETTERS: Final = 26
Cells = Mapping[int, str]
"""What stands in columns, by their numbers from 0."""


def edited(content: bytes, changes: Mapping[int, Cells | None], more: Iterable[Cells]) -> bytes:
    """A workbook with other cells.

    Args:
        content: of the file.
        changes: by the row's number, from 1, the cells that change; None: all of it is emptied.
        more: rows that come after the last.

    Raises:
        ValueError: it can't be edited here. The text says why.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            if sum(each.file_size for each in book.infolist()) > _LARGEST:
                raise ValueError(say("this workbook is too large to be edited here"))
            parts = [(each, book.read(each)) for each in book.infolist()]
        name = _sheet(content)
        sheet = next(data for each, data in parts if each.filename == name).decode()
    except (zipfile.BadZipFile, KeyError, StopIteration, UnicodeDecodeError, NotImplementedError, RuntimeError):
        raise ValueError(_odd()) from None
    new = _edited(sheet, changes, more).encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as book:
        for each, data in parts:
            book.writestr(each, new if each.filename == name else data)
    return made.getvalue()


def _sheet(content: bytes) -> str:
    """The part of the file that holds the first visible sheet, as `read_cells` reads it."""
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    path = next(each for each in book.worksheets if each.sheet_state == "visible")._worksheet_path  # noqa: SLF001 - no other door
    return str(path).lstrip("/")


def _edited(sheet: str, changes: Mapping[int, Cells | None], more: Iterable[Cells]) -> str:
    last, found = 0, set()

    def row(match: re.Match[str]) -> str:
        nonlocal last
        number = _NUMBER.search(match["head"])
        if number is None:
            raise ValueError(_odd())
        last = int(number[1])
        if last not in changes:
            return match[0]
        found.add(last)
        return f"<row{_SPANS.sub('', match['head'])}>{_filled(match['cells'] or '', last, changes[last])}</row>"

    begin, end = sheet.find("<sheetData>"), sheet.rfind(_END)
    if not 0 <= begin < end:
        raise ValueError(_odd())
    rows = _ROW.sub(row, sheet[begin:end])
    if found != changes.keys():
        raise ValueError(_odd())
    for number, cells in enumerate(more, last + 1):
        rows += f'<row r="{number}">{_filled("", number, cells)}</row>'
    return _DIMENSION.sub("", sheet[:begin]) + rows + sheet[end:]


def _filled(cells: str, row: int, wanted: Cells | None) -> str:
    """The cells of a row with others; those of a row that is emptied keep how they look."""
    known = {_index(match["column"]): match for match in _CELL.finditer(cells)}
    new = dict.fromkeys(known, "") if wanted is None else wanted
    if any("<f" in (known[index]["inner"] or "") for index in new if index in known):
        raise ValueError(say("there is a formula in row {row}; change it in Excel", row=row))
    made = {index: match[0] for index, match in known.items()}
    for index, text in new.items():
        style = _STYLE.search(known[index]["head"]) if index in known else None
        head = f'<c r="{_letters(index)}{row}"{f" {style[0]}" if style else ""}'
        made[index] = (
            f'{head} t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>' if text else f"{head}/>"
        )
    return "".join(made[index] for index in sorted(made))


def _index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * _LETTERS + ord(letter) - ord("A") + 1
    return index - 1


def _letters(index: int) -> str:
    text, index = "", index + 1
    while index:
        index, rest = divmod(index - 1, _LETTERS)
        text = chr(ord("A") + rest) + text
    return text


def _odd() -> str:
    return say("this workbook is built in a way that can't be edited here; change it in Excel, or paste its rows anew")
