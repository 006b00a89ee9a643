"""`callers`: lists of numbers that pass or are rejected without a PIN."""

from __future__ import annotations

from dataclasses import dataclass

from vipgate_fs.document.section import Section
from vipgate_fs.gate.call import WITHHELD, Call
from vipgate_fs.gate.doubts import doubt
from vipgate_fs.gate.step import Evidence, Step
from vipgate_fs.gate.verdict import Reject, Verdict
from vipgate_fs.identify import Surroundings
from vipgate_fs.identify.callers.lists import Entry, Lists
from vipgate_fs.identify.verdicts import in_short
from vipgate_fs.sentences import said


@dataclass(frozen=True, slots=True)
class Callers(Step):
    """Knows callers by their numbers. See `vipgate_fs.gate.step.Step` for the other attributes.

    Attributes:
        lists: what is said of numbers.
        withheld: what happens to callers who withhold their number; None: don't know.
        rejects: whether the lists reject anybody: then a guess does, too.
    """

    lists: Lists
    withheld: Entry | None
    rejects: bool

    def identify(self, call: Call) -> Verdict | None:
        """What the lists say of the caller."""
        return self.verdict_on(call.caller)

    def verdict_on(self, number: str) -> Verdict | None:
        """What the lists say of a canonical number, or of WITHHELD."""
        entry = self._entry(number)
        return entry.verdict if entry else None

    def evidence(self, call: Call) -> Evidence | None:
        """The item of a list, or the line of the file, that has the caller."""
        entry = self._entry(call.caller)
        return entry.evidence if entry else None

    def _entry(self, number: str) -> Entry | None:
        if number == WITHHELD:
            return self.withheld
        entry = self.lists.find(number)
        if entry or not self.rejects:
            return entry
        guess = self.lists.guess(number)
        return guess if guess and guess.verdict == Reject() else None


def build(section: Section, around: Surroundings) -> Callers:
    """The step as it is configured."""
    plan = around.site.plan
    lists = Lists(plan)
    for word in ("pass", "reject"):
        for item in section.items(word):
            try:
                lists.add(item.text, Entry(in_short(word), Evidence(item.line)))
            except ValueError as error:
                section.report.error(item, said(error))
            else:
                if why := doubt(item.text, plan):
                    section.report.warning(item, said(why))
    lists.add_file(section)
    withheld = None
    if verdict := section.find("withheld", in_short):
        withheld = Entry(verdict, Evidence(section.keys["withheld"].line))
    rejects = Reject() in lists.verdicts()
    return Callers(lists, withheld, rejects, restricted_as_withheld=section.text("hidden") == "as_withheld")
