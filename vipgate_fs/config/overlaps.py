"""Targets that more than one gate protects: which of them a call would meet is not what anybody should have to know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vipgate_fs.document.findings import Place, Report
from vipgate_fs.gate.targets import NumberPattern


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


def report_overlaps(claims: Sequence[Claim], report: Report) -> None:
    """Report every target that two gates protect (error), or one gate twice (warning).

    A user is protected by the number that is called, too (see `vipgate_fs.gate.decision`).
    """
    _compare([claim for claim in claims if claim.kind != "group"], report)
    _compare([claim for claim in claims if claim.kind == "group"], report)


def _compare(claims: Iterable[Claim], report: Report) -> None:
    """Names and plain numbers, of which there may be thousands, are looked up; patterns are compared one by one."""
    single: defaultdict[str, dict[str, Claim]] = defaultdict(dict)  # by what is claimed, then by the gate
    patterns: list[Claim] = []
    for claim in claims:
        only = claim.target.only
        if only is None:
            earlier = [*patterns, *(first for of_gates in single.values() for first in of_gates.values())]
            patterns.append(claim)
        else:
            earlier = [*patterns, *single[only].values()]
            single[only].setdefault(claim.gate, claim)
        for first in earlier:
            if (example := first.target.common(claim.target)) is not None:
                _tell(first, claim, example, report)


def _tell(first: Claim, second: Claim, example: str, report: Report) -> None:
    what, where = f"{second.kind} {example}", f"in line {first.place.line}"
    if first.gate == second.gate:
        report.warning(second.place, f"{what} is also covered {where}")
    else:
        report.error(second.place, f"{what} is already protected by gate {first.gate} {where}; allowed: one gate")
