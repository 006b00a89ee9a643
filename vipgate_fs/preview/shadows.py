"""Callers whom an earlier step has answered by the time that a later one is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final

from vipgate_fs.document.nodes import Scalar
from vipgate_fs.document.section import Section
from vipgate_fs.gate.call import WITHHELD, Call
from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.step import Step
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.identify.caller_pin import CallerPin
from vipgate_fs.identify.callers import Callers
from vipgate_fs.identify.callers.remarks import spans as in_spans
from vipgate_fs.preview.classes import NumberClasses, TooManyPatterns
from vipgate_fs.sentences import say

WITHHELD_CALL: Final = Call("check", WITHHELD, "", "")
_MOST: Final = 300
"""Patterns of earlier steps that are looked at together; of longer lists, each is looked at by itself."""


def check(gate: Gate, steps: Sequence[Section], plan: NumberPlan) -> None:
    """Report what earlier steps leave nothing of.

    Args:
        gate: whose steps are looked at.
        steps: as they are written.
        plan: how numbers are read.
    """
    earlier = _Earlier()
    for step, section in zip(gate.steps, steps, strict=True):
        if not isinstance(step, Callers | CallerPin):
            continue
        own = list(_own_callers(step, section, plan))
        together = earlier.lines_together([pattern for _, pattern in own])
        for place, pattern in own:
            if line := earlier.line(pattern) or together.get(pattern):
                what = say(
                    "never reached: line {line} answers before it, for example a call from {number}",
                    line=line,
                    number=pattern.forms[0].replace("?", "0").replace("*", ""),
                )
                section.report.warning(place, what)
        _check_rows(step, section, earlier)
        withheld = earlier.line_of_withheld()
        if isinstance(step, Callers) and step.withheld and withheld:
            section.warn(say("never reached: line {line} answers callers without a number", line=withheld), "withheld")
        if isinstance(step, Callers) or step.by == "caller_number":
            earlier.add(step)


class _Earlier:
    """Steps that have been asked before."""

    def __init__(self) -> None:
        self._steps: list[Callers | CallerPin] = []

    def add(self, step: Callers | CallerPin) -> None:
        """Enter one more."""
        self._steps.append(step)

    def line(self, pattern: NumberPattern) -> int | None:
        """The line of what answers all callers of a pattern; None: nothing answers all."""
        return next(filter(None, (_answers(each, pattern) for each in self._steps)), None)

    def lines_together(self, patterns: Iterable[NumberPattern]) -> dict[NumberPattern, int]:
        """Patterns all of whose callers are answered, if by several entries, and the first line that answers some."""
        wide = [pattern for pattern in patterns if pattern.only is None]
        named = list(islice(chain.from_iterable(map(_named, self._steps)), _MOST)) if wide else []
        if not named or len(named) + len(wide) > _MOST:
            return {}
        try:
            classes = list(NumberClasses([*wide, *named]))
        except TooManyPatterns:
            return {}
        found = {}
        for pattern in wide:
            texts = {pattern.text, pattern.forms[0]}
            lines = [self._line_of(one.example) for one in classes if texts.intersection(one.patterns)]
            if lines and None not in lines:
                found[pattern] = min(filter(None, lines))
        return found

    def _line_of(self, number: str) -> int | None:
        exactly = NumberPattern.exactly(number)
        return next(filter(None, (_answers(each, exactly) for each in self._steps)), None)

    def line_of_withheld(self) -> int | None:
        """The line of the step that answers callers without a number."""
        return next((each.line for each in self._steps if each.identify(WITHHELD_CALL)), None)


def _named(step: Callers | CallerPin) -> Iterator[NumberPattern]:
    if isinstance(step, Callers):
        return (pattern for pattern, _ in step.lists.items())
    return (NumberPattern.exactly(owner) for owner, _ in step.table.items())


def _own_callers(
    step: Callers | CallerPin, section: Section, plan: NumberPlan
) -> Iterator[tuple[Scalar, NumberPattern]]:
    if isinstance(step, Callers):
        for word in ("pass", "reject"):
            yield from ((item, NumberPattern.parse(item.text, plan)) for item in section.items(word))
    elif step.by == "caller_number":
        keys = section.section("pins").keys
        yield from ((key, NumberPattern.exactly(plan.caller(text))) for text, key in keys.items())


def _check_rows(step: Callers | CallerPin, section: Section, earlier: _Earlier) -> None:
    shadowed: defaultdict[int, list[int]] = defaultdict(list)
    for pattern, row in _rows(step):
        if line := earlier.line(pattern):
            shadowed[line].append(row)
    for line, rows in shadowed.items():
        what = say(
            "{file}, line {rows}: never reached: line {line} answers before",
            "{file}, lines {rows}: never reached: line {line} answers before",
            count=len(rows),
            file=section.text("file"),
            rows=in_spans(sorted(rows)),
            line=line,
        )
        section.warn(what, "file")


def _rows(step: Callers | CallerPin) -> Iterator[tuple[NumberPattern, int]]:
    """What a step's file says, with the lines."""
    if isinstance(step, Callers):
        yield from ((pattern, row) for pattern, row, _ in step.lists.rows())
    elif step.by == "caller_number":
        yield from ((NumberPattern.exactly(owner), line) for owner, line in step.listed.lines.items())


def _answers(step: Step, pattern: NumberPattern) -> int | None:
    """The line of what in a step answers all callers of a pattern; None: nothing answers all."""
    if isinstance(step, Callers):
        entry = step.lists.covering(pattern)
        return entry.evidence.line if entry else None
    known = isinstance(step, CallerPin) and pattern.only is not None and pattern.only in step.table
    return step.line if known else None
