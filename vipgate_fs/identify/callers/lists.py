"""What lists say of numbers: the configuration's own, and a file's with a million rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from vipgate_fs.document.section import Section
from vipgate_fs.gate.doubts import doubt, sound
from vipgate_fs.gate.number_table import NumberTable
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.step import Evidence
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.gate.verdict import Pass, Verdict
from vipgate_fs.identify.callers.cells import Fault
from vipgate_fs.identify.callers.list_file import ListFile, Row
from vipgate_fs.identify.callers.number_book import NumberBook
from vipgate_fs.identify.callers.remarks import Remarks, open_list, warn_of_overlooked
from vipgate_fs.identify.verdicts import in_short
from vipgate_fs.sentences import Sentence, said, say

_MOST_NAMES: Final = 6
"""Of columns that are not read."""


class Entry(NamedTuple):
    """What a list says of a number."""

    verdict: Verdict
    evidence: Evidence


class Lists:
    """What is said of numbers. Full telephone numbers of a file are in a book, all else is in a table."""

    def __init__(self, plan: NumberPlan) -> None:
        self._plan = plan
        self._table: NumberTable[Entry] = NumberTable(plan)
        self._own: dict[str, Entry] = {}
        self._book = NumberBook()
        self._kinds = _Kinds()
        self._file = ""
        self._file_line = 0

    def find(self, number: str) -> Entry | None:
        """The most specific that is said of a canonical number."""
        return self._in_book(self._plan.readings(number)) or self._table.find(number)

    def guess(self, number: str) -> Entry | None:
        """What is said of what a canonical number begins like (see `NumberPlan.guesses`)."""
        guesses = tuple(self._plan.guesses(number))
        return self._in_book(guesses) or self._table.first(guesses)

    def items(self) -> Iterator[tuple[NumberPattern, Verdict]]:
        """Every number and pattern that something is said of, and what."""
        yield from ((pattern, entry.verdict) for pattern, entry in self._table.items())
        for number, remark in self._book.items():
            yield NumberPattern.exactly(number), self._kinds.verdicts[remark.said]

    def verdicts(self) -> set[Verdict]:
        """All that is said."""
        return {entry.verdict for _, entry in self._table.items()}.union(self._kinds.verdicts)

    def rows(self) -> Iterator[tuple[NumberPattern, int, Verdict]]:
        """Every number and pattern of the file, with its line there, and what that says."""
        for pattern, entry in self._table.items():
            if entry.evidence.file:
                yield pattern, entry.evidence.file_line, entry.verdict
        for number, remark in self._book.items():
            yield NumberPattern.exactly(number), remark.line, self._kinds.verdicts[remark.said]

    def covering(self, pattern: NumberPattern) -> Entry | None:
        """What is said of all numbers of a pattern together; None: nothing, or not of all of them by one entry."""
        if pattern.only is not None:
            return self.find(pattern.only)
        found = [next(self._table.covering(form), None) for form in pattern.forms]
        return found[0] if None not in found else None

    def add(self, written: str, entry: Entry) -> None:
        """Enter what the configuration says of a number, a pattern or a range.

        Raises:
            ValueError: says what is wrong with what is written and what is allowed.
        """
        self._add(written, entry)
        self._own.setdefault(self._plan.canonical(written), entry)

    def add_file(self, section: Section) -> None:
        """Enter the list that `file` names, if there is one; what is wrong with it is reported."""
        if (rows := open_list(section, "number", "verdict")) is None:
            return
        self._file, self._file_line = rows.path.name, section.keys["file"].line
        remarks, is_empty = Remarks(section, rows.path), True
        for row in rows:
            is_empty = False
            if isinstance(row, Fault):
                remarks.error(row.line, row.message)
                continue
            try:
                self._add_row(row, remarks)
            except ValueError as error:
                remarks.error(row.line, said(error))
        self._report_conflicts(remarks)
        remarks.close()
        if is_empty:
            section.warn(say("{file} has no numbers, only the line that names the columns", file=self._file), "file")
        _warn_of_unread_columns(rows, section)
        warn_of_overlooked(rows, section)

    def _add_row(self, row: Row, remarks: Remarks) -> None:
        kind = self._kinds[row.value]
        if number := sound(row.key, self._plan):
            self._book.enter(number, row.line, kind)
            return
        self._add(row.key, self._entry(row.line, kind))
        if why := doubt(row.key, self._plan):
            remarks.warn(row.line, said(why))

    def _add(self, written: str, entry: Entry) -> None:
        if written.strip() and self._plan.is_withheld(written):
            raise ValueError(
                say(
                    "{written!r} is what callers have who show no number, and the lists do not apply to them; "
                    "write `withheld: {verdict}` beside the lists",
                    written=written,
                    verdict="pass" if entry.verdict == Pass() else "reject",
                )
            )
        first = self._table.add(written, entry)
        if first.verdict != entry.verdict:
            raise ValueError(_says_something_else(first.evidence))

    def _report_conflicts(self, remarks: Remarks) -> None:
        for first, later in self._book.close():
            remarks.error(later, _says_something_else(self._entry(first, 0).evidence))
        for number, own in self._own.items():
            found = self._in_book((number,))
            if found and found.verdict != own.verdict:
                remarks.error(found.evidence.file_line, _says_something_else(own.evidence))

    def _in_book(self, numbers: Iterable[str]) -> Entry | None:
        remark = next(filter(None, map(self._book.find, numbers)), None)
        return None if remark is None else self._entry(remark.line, remark.said)

    def _entry(self, line: int, kind: int) -> Entry:
        return Entry(self._kinds.verdicts[kind], Evidence(self._file_line, self._file, line))


class _Kinds(dict[str | None, int]):
    """What a list says, in words → a number, from 0, for each verdict.

    Attributes:
        verdicts: by that number.
    """

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[Verdict, int] = {}
        self.verdicts: list[Verdict] = []

    def __missing__(self, written: str | None) -> int:
        verdict = _verdict(written)
        kind = self._known.setdefault(verdict, len(self.verdicts))
        if kind == len(self.verdicts):
            self.verdicts.append(verdict)
        return self.setdefault(written, kind)


def _verdict(written: str | None) -> Verdict:
    if written is None:
        return Pass()
    word, colon, target = written.partition(":")
    text = f"{word.lower().rstrip()}{colon}{target.lstrip()}"
    if text not in {"pass", "reject"} and not text.startswith("forward:"):
        if written:
            raise ValueError(say("this is no verdict; allowed: pass, reject or forward:TARGET"))
        raise ValueError(say("the verdict is missing; allowed: pass, reject or forward:TARGET"))
    return in_short(text)


def _says_something_else(evidence: Evidence) -> Sentence:
    if evidence.file:
        return say(
            "{file}, line {line}, says something else of the same numbers; allowed: one verdict for each",
            file=evidence.file,
            line=evidence.file_line,
        )
    return say(
        "line {line} of the configuration, says something else of the same numbers; allowed: one verdict for each",
        line=evidence.line,
    )


def _warn_of_unread_columns(rows: ListFile, section: Section) -> None:
    """A column that nobody reads may be meant to keep somebody out."""
    if rows.unread and not rows.has_values:
        unread = ", ".join(rows.unread[:_MOST_NAMES]) + (", …" if len(rows.unread) > _MOST_NAMES else "")
        what = say(
            "{file} has no column verdict, so all its numbers pass; not read: {unread}",
            file=rows.path.name,
            unread=unread,
        )
        section.warn(what, "file")
