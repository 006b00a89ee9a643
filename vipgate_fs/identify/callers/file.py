"""The CSV file of a `callers` step: which numbers, and what happens to their calls.

Its first line names the columns: `number`, `verdict` (pass, reject or forward:TARGET; without this column: pass) and
`note` (for people). They are separated by commas or semicolons; lines that begin with # say nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from vipgate_fs.gate.verdict import Verdict
from vipgate_fs.identify.verdicts import in_short

_COLUMNS: Final = ("number", "verdict", "note")


class CallersFile:
    """Gives each number with its verdict.

    Iterating raises ValueError, with what is wrong in `line` and what is allowed, and can go on after that.

    Attributes:
        line: that was read last, from 1.
    """

    def __init__(self, content: bytes) -> None:
        self.line = 0
        self._lines = iter(io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", "surrogateescape"))
        self._columns: list[str] | None = None
        self._delimiter = ","

    def __iter__(self) -> Iterator[tuple[str, Verdict]]:
        return self

    def __next__(self) -> tuple[str, Verdict]:
        columns = self._columns if self._columns is not None else self._read_header()
        cells = self._cells(next(self._written()))
        if len(cells) != len(columns):
            raise ValueError(f"found {len(cells)} cells; allowed: {len(columns)}, as in the first line")
        row = dict(zip(columns, cells, strict=True))
        return row["number"], _verdict(row.get("verdict", "pass"))

    def _written(self) -> Iterator[str]:
        """The lines that say something."""
        for written in self._lines:
            self.line += 1
            if written.strip(" \t\n,;") and not written.startswith("#"):
                yield written

    def _read_header(self) -> list[str]:
        header = next(self._written(), "")
        self.line = self.line or 1
        lines, self._lines, self._columns = self._lines, iter(()), []
        self._delimiter = ";" if ";" in header else ","
        columns = [cell.lower() for cell in self._cells(header)] if header else []
        if "number" not in columns or len(set(columns)) < len(columns):
            raise ValueError("the columns are not named; allowed: a first line such as number,verdict,note")
        if unknown := [column for column in columns if column not in _COLUMNS]:
            raise ValueError(f"unknown column {unknown[0]}; allowed: {', '.join(_COLUMNS)}")
        self._lines, self._columns = lines, columns
        return columns

    def _cells(self, written: str) -> list[str]:
        try:
            written.encode()
            row = next(csv.reader([written], delimiter=self._delimiter, strict=True, skipinitialspace=True))
        except UnicodeEncodeError:
            raise ValueError("this is not UTF-8; save the file as CSV in UTF-8") from None
        except csv.Error as error:
            if "end of data" in str(error):
                message = "a quote is not closed in this line; allowed: one line for each number, its note too"
                raise ValueError(message) from None
            raise ValueError(f"this is not CSV: {error}") from None
        return [cell.strip() for cell in row]


@lru_cache
def _verdict(text: str) -> Verdict:
    if text not in ("pass", "reject") and not text.startswith("forward:"):
        found = "this is no verdict" if text else "the verdict is missing"
        raise ValueError(f"{found}; allowed: pass, reject or forward:TARGET, in lower case")
    return in_short(text)
