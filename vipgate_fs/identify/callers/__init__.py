"""`callers`: lists of numbers that get through, or do not, without a PIN."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, NamedTuple

from vipgate_fs.document.section import Section
from vipgate_fs.gate.call import WITHHELD, Call
from vipgate_fs.gate.doubts import doubt
from vipgate_fs.gate.gate import Evidence, StepDefaults
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.verdict import Pass, Reject, Verdict
from vipgate_fs.identify import Surroundings
from vipgate_fs.identify.callers.file import CallersFile
from vipgate_fs.identify.number_table import NumberTable
from vipgate_fs.identify.verdicts import in_short

MOST_FINDINGS: Final = 20
"""Errors in one CSV file that are told; then its rest is left unread."""


class Entry(NamedTuple):
    """What a list says of a number."""

    verdict: Verdict
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Callers(StepDefaults):
    """Knows callers by their numbers. See `vipgate_fs.gate.gate.Step` for the other attributes.

    Attributes:
        table: what the lists say.
        withheld: what happens to callers who show no number; None: don't know.
        as_withheld: whether a restricted number counts as withheld, at the whole gate.
    """

    table: NumberTable[Entry]
    withheld: Entry | None
    as_withheld: bool
    line: int
    kind: ClassVar[str] = "callers"
    on_failure: ClassVar[None] = None

    @property
    def restricted_as_withheld(self) -> bool:  # type: ignore[override]
        """See Step."""
        return self.as_withheld

    def identify(self, call: Call) -> Verdict | None:
        """What the lists say of the caller."""
        entry = self._entry(call)
        return entry.verdict if entry else None

    def evidence(self, call: Call) -> Evidence | None:
        """The item of a list, or the line of the CSV file, that has the caller."""
        entry = self._entry(call)
        return entry.evidence if entry else None

    def _entry(self, call: Call) -> Entry | None:
        if call.caller == WITHHELD:
            return self.withheld
        if entry := self.table.find(call.caller):
            return entry
        guess = self.table.guess(call.caller)
        return guess if guess and guess.verdict == Reject() else None


def build(section: Section, around: Surroundings) -> Callers:
    """The step as it is configured."""
    plan = around.site.plan
    table: NumberTable[Entry] = NumberTable(plan)
    for word in ("pass", "reject"):
        for item in section.items(word):
            try:
                _add(table, plan, item.text, Entry(in_short(word), Evidence(item.line)))
            except ValueError as error:
                section.report.error(item, str(error))
            else:
                if why := doubt(item.text, plan):
                    section.report.warning(item, str(why))
    if file := section.find("file", str):
        _add_file(table, section.folder / file, section, plan)
    withheld = None
    if verdict := section.find("withheld", in_short):
        withheld = Entry(verdict, Evidence(section.keys["withheld"].line))
    return Callers(table, withheld, section.text("hidden") == "as_withheld", section.line)


def _add(table: NumberTable[Entry], plan: NumberPlan, written: str, entry: Entry) -> None:
    if written.strip() and plan.is_withheld(written):
        raise ValueError(
            f"{written!r} is what callers have who show no number, and the lists do not apply to them; write "
            f"`withheld: {'pass' if entry.verdict == Pass() else 'reject'}` beside the lists"
        )
    first = table.add(written, entry)
    if first.verdict != entry.verdict:
        line, file, file_line = first.evidence.line, first.evidence.file, first.evidence.file_line
        where = f"{file}, line {file_line}" if file else f"line {line} of the configuration"
        raise ValueError(f"{where}, says something else of the same numbers; allowed: one verdict for each")


def _add_file(table: NumberTable[Entry], file: Path, section: Section, plan: NumberPlan) -> None:
    try:
        rows = CallersFile(file.read_bytes())
    except OSError as error:
        section.error(f"{file}: {error.strerror}", "file")
        return
    line, is_empty = section.keys["file"].line, True
    for errors in range(MOST_FINDINGS):
        try:
            for number, verdict in rows:
                is_empty = False
                _add(table, plan, number, Entry(verdict, Evidence(line, file.name, rows.line)))
                if why := doubt(number, plan):
                    section.warn(f"{file.name}, line {rows.line}: {why}", "file")
        except ValueError as error:
            section.error_in(file, rows.line, str(error), "file")
        else:
            if is_empty and not errors:
                section.warn(f"{file.name} has no numbers, only the line that names the columns", "file")
            return
    section.error_in(file, rows.line, f"after {MOST_FINDINGS} errors the rest is left unread", "file")
