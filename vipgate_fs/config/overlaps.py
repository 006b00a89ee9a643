"""Targets that more than one gate protects: which of them a call would meet is not what anybody should have to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from vipgate_fs.config.findings import Place, Report
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
    target: NumberPattern | str
    place: Place


def report_overlaps(claims: Sequence[Claim], report: Report) -> None:
    """Report every target that two gates protect (error), or one gate twice (warning)."""
    for first, second in combinations(claims, 2):
        if first.kind == second.kind and (example := _common(first.target, second.target)) is not None:
            what = f"{first.kind} {example}"
            where = f"in line {first.place.line}"
            if first.gate == second.gate:
                report.warning(second.place, f"{what} is also covered {where}")
            else:
                report.error(
                    second.place, f"{what} is already protected by gate {first.gate} {where}; allowed: one gate"
                )


def _common(first: NumberPattern | str, second: NumberPattern | str) -> str | None:
    if isinstance(first, str) or isinstance(second, str):
        return str(first) if first == second else None
    return first.common(second)
