"""Entries of a list of callers that change nothing, because others of the same list say the same of their numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final, NamedTuple

from vipgate_fs.document.nodes import Scalar
from vipgate_fs.document.section import Section
from vipgate_fs.gate.number_table import NumberTable
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.gate.verdict import Verdict
from vipgate_fs.identify.callers import Callers
from vipgate_fs.identify.callers.remarks import spans as in_spans
from vipgate_fs.identify.verdicts import in_short
from vipgate_fs.preview.classes import NumberClasses, TooManyPatterns
from vipgate_fs.preview.spans import first_of
from vipgate_fs.sentences import Sentence, say

_MOST: Final = 300
"""Patterns that are looked at together; in lists with more of them, only numbers are held to the patterns."""


class _Entry(NamedTuple):
    """What a list says of numbers.

    Attributes:
        place: in the configuration; None: in the file of the step.
        row: the line of that file; 0: it is in the configuration.
        pattern: the numbers.
        verdict: what is said of them.
    """

    place: Scalar | None
    row: int
    pattern: NumberPattern
    verdict: Verdict


def check(step: Callers, section: Section, plan: NumberPlan) -> None:
    """Report entries without which a step would say the same.

    Args:
        step: that is looked at.
        section: as it is written.
        plan: how numbers are read.
    """
    repeats = _Repeats(step, section, plan)
    rows: defaultdict[Sentence, list[int]] = defaultdict(list)
    for entry, why in repeats.found():
        if entry.place is None:
            rows[why].append(entry.row)
        else:
            section.report.warning(entry.place, why)
    for why, lines in rows.items():
        what = say(
            "{file}, line {rows}: {why}",
            "{file}, lines {rows}: {why}",
            count=len(lines),
            file=repeats.file,
            rows=in_spans(sorted(lines)),
            why=why,
        )
        section.warn(what, "file")


class _Repeats:
    """Finds entries without which a step would say the same.

    Args:
        step: that is looked at.
        section: as it is written.
        plan: how numbers are read.

    Attributes:
        file: the step's, if it has one.
    """

    def __init__(self, step: Callers, section: Section, plan: NumberPlan) -> None:
        self.file = section.text("file") if "file" in section else ""
        self._table: NumberTable[_Entry] = NumberTable(plan)
        self._entries = [*_written(section, plan), *_rows(step)]
        self._idle: set[int] = set()

    def found(self) -> Iterator[tuple[_Entry, Sentence]]:
        """Each of them, and why it changes nothing beside those that are left."""
        for entry in self._entries:
            first = self._table.enter(entry.pattern, entry)
            if first is not entry and first.pattern == entry.pattern:
                yield self._idles(entry, self._same(first, entry))
        classes = self._classes()
        for entry in reversed(self._entries) if classes else ():
            if id(entry) in self._idle:
                continue
            number = entry.pattern.only
            said = classes.get(id(entry), ()) if number is None else (self._said(number),)
            left = [[each for each in every if id(each) not in self._idle] for every in said]
            below = [every[1:2] for every in left if every[0] is entry]
            if left and not below:
                yield self._idles(entry, self._nothing_left(entry, left))
            elif below and all(other and other[0].verdict == entry.verdict for other in below):
                yield self._idles(entry, self._same(below[0][0], entry))

    def _classes(self) -> dict[int, list[list[_Entry]]]:
        """What is said of each class of a pattern's numbers, the most specific first, by the pattern's `id`."""
        wide = [entry.pattern for entry in self._entries if entry.pattern.only is None]
        numbers = (entry.pattern for entry in self._entries if entry.pattern.only is not None)
        found: defaultdict[int, list[list[_Entry]]] = defaultdict(list)
        if len(wide) <= _MOST:
            with suppress(TooManyPatterns):
                for one in NumberClasses([*wide, *islice(numbers, _MOST)]) if wide else ():
                    said = self._said(one.example)
                    for entry in said:
                        found[id(entry)].append(said)
        return found

    def _said(self, number: str) -> list[_Entry]:
        return [found.entry for found in self._table.all(number)]

    def _idles(self, entry: _Entry, why: Sentence) -> tuple[_Entry, Sentence]:
        self._idle.add(id(entry))
        return entry, why

    def _same(self, other: _Entry, entry: _Entry) -> Sentence:
        where = self._where(other)
        if entry.place is None:
            return say("changes nothing: {where} says the same", where=where)
        number = entry.pattern.forms[0].replace("?", "0").replace("*", "")
        return say("changes nothing: {where} says the same, for example of {number}", where=where, number=number)

    def _nothing_left(self, entry: _Entry, left: Iterable[Sequence[_Entry]]) -> Sentence:
        others = dict.fromkeys(every[0] for every in left)
        by = first_of(list(dict.fromkeys(map(self._where, others))))
        return say(
            "never reached: all numbers of {pattern} have more specific entries in {by}",
            pattern=entry.pattern.text,
            by=by,
        )

    def _where(self, entry: _Entry) -> Sentence:
        if entry.place is not None:
            return say("line {line}", line=entry.place.line)
        return say("{file}, line {line}", file=self.file, line=entry.row)


def _written(section: Section, plan: NumberPlan) -> Iterator[_Entry]:
    for word in ("pass", "reject"):
        for item in section.items(word):
            yield _Entry(item, 0, NumberPattern.parse(item.text, plan), in_short(word))


def _rows(step: Callers) -> Iterator[_Entry]:
    yield from (_Entry(None, row, pattern, verdict) for pattern, row, verdict in step.lists.rows())
