"""What figures call gates' steps and verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.step import Step
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject, Verdict


def label_of(verdict: Verdict) -> str:
    """A verdict's; unlike `vipgate_fs.gate.decision.describe`, without the number that it forwards to."""
    match verdict:
        case Pass():
            return "pass"
        case Reject():
            return "reject"
        case Forward():
            return "forward"
        case AskForPin():
            return "ask_for_pin"


def labels_of_steps(gate: Gate) -> Iterator[tuple[Step, tuple[str, str]]]:
    """Each step of a gate with the gate's name and the step's own: its kind; the second of a kind is `kind#2`."""
    kinds: Counter[str] = Counter()
    for step in gate.steps:
        kinds[step.kind] += 1
        count = kinds[step.kind]
        yield step, (gate.name, step.kind if count == 1 else f"{step.kind}#{count}")
