"""Targets of several gates that match a number equally well: nobody should have to guess which gate takes the call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

from vipgate_fs.document.findings import Place, Report
from vipgate_fs.gate.number_table import NumberTable, Shape
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.sentences import Sentence, say


@dataclass(frozen=True, slots=True)
class Claim:
    """One target of a gate.

    Attributes:
        gate: the gate's name.
        kind: `number`, `user` or `group`.
        target: the numbers, or the name.
        place: where it stands.
    """

    gate: str
    kind: str
    target: NumberPattern
    place: Place


def report_overlaps(claims: Sequence[Claim], plan: NumberPlan, report: Report) -> None:
    """Report every target that two gates protect equally (an error), or that one gate protects twice (a warning).

    A user is also protected by the called number (see `vipgate_fs.gate.gates`).
    """
    groups: dict[str, Claim] = {}
    table: NumberTable[Claim] = NumberTable(plan)
    overlaps = _Overlaps(report)
    for claim in claims:
        if claim.kind == "group":
            first = groups.setdefault(claim.target.forms[0], claim)
        else:
            first = table.enter(claim.target, claim)
        overlaps.report(first, claim, claim.target.forms[0])
    for first, second, example in _ties(table):
        overlaps.report(first, second, example)
    numbers = [claim for claim in claims if claim.kind != "group"]
    for first, second in _crossing(numbers):
        overlaps.report(first, second, second.target.forms[0])
    for claim in numbers:
        for wider in table.covering(claim.target.forms[0]):
            if wider.gate == claim.gate:
                overlaps.report(wider, claim, claim.target.forms[0])


class _Overlaps:
    """Reports overlaps, one per target."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._reported: set[int] = set()

    def report(self, one: Claim, other: Claim, example: str) -> None:
        """Report that two targets overlap, at the lower one in the file; nothing if they are the same."""
        first, second = sorted((one, other), key=lambda claim: (claim.place.line, claim.place.column))
        if one is other or id(second) in self._reported:
            return
        self._reported.add(id(second))
        example = example.replace("?", "0").replace("*", "")
        what, line = _named(second.kind, example), first.place.line
        if first.gate == second.gate:
            self._report.warning(second.place, say("{what} is also covered in line {line}", what=what, line=line))
        elif second.target.only is not None:
            self._report.error(
                second.place,
                say(
                    "{what} is already protected by gate {gate} in line {line}; allowed: one gate",
                    what=what,
                    gate=first.gate,
                    line=line,
                ),
            )
        else:
            self._report.error(
                second.place,
                say(
                    "{what} fits {target} of gate {gate} in line {line} as well as this; "
                    "allowed: an exception within a pattern or range, with more digits",
                    what=what,
                    target=first.target,
                    gate=first.gate,
                    line=line,
                ),
            )


def _named(kind: str, name: str) -> Sentence:
    match kind:
        case "number":
            return say("number {pattern}", pattern=name)
        case "user":
            return say("user {user}", user=name)
        case _:
            return say("group {group}", group=name)


def _ties(table: NumberTable[Claim]) -> Iterator[tuple[Claim, Claim, str]]:
    """Patterns with as many digits in other places that fit the same number, with an example.

    Patterns of two shapes fit the same number when they have the same digits where both have digits: so they are looked
    up by these. Between two `*` there is room for anything.
    """
    levels: defaultdict[tuple[float, bool], dict[Shape, list[tuple[str, Claim]]]] = defaultdict(dict)
    for shape, entries in table.shapes():
        for key, found in entries.items():
            for (digits, is_open, _), claim in found:
                levels[digits, is_open].setdefault(shape, []).append((shape.form(key), claim))
    for shapes in levels.values():
        for one, other in combinations_with_replacement(shapes, 2):
            if (one is other and not one.floats) or (places := _shared_places(one.text, other.text)) is None:
                continue
            there: dict[str, tuple[str, Claim]] = {}
            for form, claim in shapes[one]:
                there.setdefault("".join(map(form.__getitem__, places)), (form, claim))
            for form, claim in shapes[other]:
                first = there.get("".join(map(form.__getitem__, places)))
                if first is not None and first[1] is not claim:
                    yield first[1], claim, _both(first[0], form)


def _shared_places(one: str, other: str) -> list[int] | None:
    """Places, those after a `*` counted from the end, at which two shapes have digits; None when nothing fits both."""
    if "*" not in one:
        if len(one) != len(other):
            return None
        places = list(range(len(one)))
    else:
        heads = min(one.index("*"), other.index("*"))
        tails = min(one[::-1].index("*"), other[::-1].index("*"))
        places = [*range(heads), *range(-tails, 0)]
    if any((one[place] == "+") != (other[place] == "+") for place in places):
        return None
    return [place for place in places if one[place] == other[place] == "#"]


def _both(one: str, other: str) -> str:
    """A number that has two forms."""
    if "*" not in one:
        return "".join(mine if mine != "?" else theirs for mine, theirs in zip(one, other, strict=True))
    (head, *floats, tail), (their_head, *their_floats, their_tail) = one.split("*"), other.split("*")
    head, tail = _merged(head, their_head), _merged(tail[::-1], their_tail[::-1])[::-1]
    return head + "".join((*floats, *their_floats)) + tail


def _merged(one: str, other: str) -> str:
    longer, shorter = sorted((one, other), key=len, reverse=True)
    return "".join(
        mine if mine != "?" else theirs for mine, theirs in zip(longer, shorter.ljust(len(longer), "?"), strict=True)
    )


def _crossing(claims: Iterable[Claim]) -> Iterator[tuple[Claim, Claim]]:
    """Ranges that overlap, and neither is inside the other: no exception that anybody meant."""
    ranges = [(*claim.target.ends, claim) for claim in claims if claim.target.ends]
    ranges.sort(key=lambda one: (len(one[0]), one[0], [-int(digit) for digit in one[1].lstrip("+")]))
    around: list[tuple[str, str, Claim]] = []
    for first, last, claim in ranges:
        while around and (len(around[-1][1]) < len(first) or around[-1][1] < first):
            around.pop()
        if around and last > around[-1][1]:
            yield around[-1][2], claim
        around.append((first, last, claim))
