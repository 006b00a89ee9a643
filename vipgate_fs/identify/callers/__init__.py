"""`callers`: lists of numbers that get through, or do not, without a PIN."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final, NamedTuple

from vipgate_fs.document.section import Section
from vipgate_fs.gate.call import WITHHELD, Call
from vipgate_fs.gate.doubts import doubt
from vipgate_fs.gate.gate import Evidence, StepDefaults
from vipgate_fs.gate.number_table import NumberTable
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.verdict import Pass, Reject, Verdict
from vipgate_fs.identify import Surroundings
from vipgate_fs.identify.callers.cells import Fault
from vipgate_fs.identify.callers.remarks import Remarks, open_list
from vipgate_fs.identify.verdicts import in_short

_MOST_NAMES: Final = 6


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
    _add_list(table, section, plan)
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


def _add_list(table: NumberTable[Entry], section: Section, plan: NumberPlan) -> None:
    if (rows := open_list(section, "number", "verdict")) is None:
        return
    remarks, line, name, is_empty = Remarks(section, rows.path), section.keys["file"].line, rows.path.name, True
    for row in rows:
        is_empty = False
        if isinstance(row, Fault):
            remarks.error(row.line, row.message)
            continue
        try:
            _add(table, plan, row.key, Entry(_verdict(row.value), Evidence(line, name, row.line)))
        except ValueError as error:
            remarks.error(row.line, str(error))
        else:
            if why := doubt(row.key, plan):
                remarks.warn(row.line, str(why))
    remarks.close()
    if is_empty:
        section.warn(f"{name} has no numbers, only the line that names the columns", "file")
    if rows.unread and not rows.has_values:
        unread = ", ".join(rows.unread[:_MOST_NAMES]) + (", …" if len(rows.unread) > _MOST_NAMES else "")
        section.warn(f"{name} has no column verdict, so all its numbers pass; not read: {unread}", "file")


@lru_cache
def _verdict(written: str | None) -> Verdict:
    if written is None:
        return Pass()
    word, colon, target = written.partition(":")
    text = f"{word.lower().rstrip()}{colon}{target.lstrip()}"
    if text not in {"pass", "reject"} and not text.startswith("forward:"):
        found = "this is no verdict" if written else "the verdict is missing"
        raise ValueError(f"{found}; allowed: pass, reject or forward:TARGET")
    return in_short(text)
