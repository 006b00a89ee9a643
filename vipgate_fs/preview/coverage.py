"""What of a configuration no expectation reaches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.decision import Decision
from vipgate_fs.gate.dialogue import Result as Ending
from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.step import Step
from vipgate_fs.gate.verdict import AskForPin
from vipgate_fs.preview.expectations import Result

GIVEN: Final = "what it asks, because its answers are given here"
"""Of a step that asks elsewhere no expectation ever shows its URL, its query or its options."""


@dataclass(frozen=True, slots=True, order=True)
class Uncovered:
    """A part that no call has met.

    Attributes:
        line: of the configuration, from 1.
        what: the part, in a few words.
    """

    line: int
    what: str


def uncovered(configuration: Configuration, results: Iterable[Result]) -> tuple[Uncovered, ...]:
    """The gates, targets, spans, steps and verdicts that no call has met, in the order of the file."""
    reached = {part for result in results for part in _met(result)}
    return tuple(sorted(part for gate in configuration.gates for part in _parts(gate) if part not in reached))


def _parts(gate: Gate) -> Iterator[Uncovered]:
    yield Uncovered(gate.line, f"gate {gate.name}")
    for pattern, line in gate.protects.numbers:
        yield Uncovered(line, f"gate {gate.name}: number {pattern}")
    for user, line in gate.protects.users.items():
        yield Uncovered(line, f"gate {gate.name}: user {user}")
    for group, line in gate.protects.groups.items():
        yield Uncovered(line, f"gate {gate.name}: group {group}")
    if gate.active is not None:
        yield Uncovered(gate.active.line, f"gate {gate.name}: when it is active")
        yield Uncovered(gate.active.line, f"gate {gate.name}: when it is not active")
        for span in gate.active.schedule.spans:
            yield Uncovered(span.line, f"schedule {gate.active.schedule.name}: this span")
    yield from (part for step in gate.steps for part in _parts_of(step))
    if gate.otherwise_line is not None and not any(step.always_answers for step in gate.steps):
        yield Uncovered(gate.otherwise_line, f"gate {gate.name}: otherwise")
    if any(step.kind.endswith("_pin") for step in gate.steps) or isinstance(gate.otherwise, AskForPin):
        yield Uncovered(gate.line, f"gate {gate.name}: the right PIN")
        yield Uncovered(gate.line, f"gate {gate.name}: wrong PINs")


def _parts_of(step: Step) -> Iterator[Uncovered]:
    yield Uncovered(step.line, f"{step.kind}: an answer")
    if step.on_failure is not None:
        yield Uncovered(step.line, f"{step.kind}: on_failure")
    if step.waits:
        yield Uncovered(step.line, f"{step.kind}: {GIVEN}")


def _met(result: Result) -> Iterator[Uncovered]:
    if result.rehearsal is None or result.rehearsal.decision.gate is None:
        return
    decision, gate = result.rehearsal.decision, result.rehearsal.decision.gate
    yield Uncovered(gate.line, f"gate {gate.name}")
    yield from _targets(gate, decision)
    if gate.active is not None:
        state = "active" if decision.active else "not active"
        yield Uncovered(gate.active.line, f"gate {gate.name}: when it is {state}")
    for reason in decision.reasons:
        if reason.subject == "active" and gate.active is not None and reason.line is not None:
            yield Uncovered(reason.line, f"schedule {gate.active.schedule.name}: this span")
        if reason.subject == "otherwise" and reason.line is not None:
            yield Uncovered(reason.line, f"gate {gate.name}: otherwise")
    asked = [reason for reason in decision.reasons if reason.subject == "step"]
    for step, reason in zip(gate.steps, asked, strict=False):
        if reason.failed:
            yield Uncovered(step.line, f"{step.kind}: on_failure")
        elif reason is decision.reasons[-1]:
            yield Uncovered(step.line, f"{step.kind}: an answer")
    endings = {Ending.PIN_CORRECT: "the right PIN", Ending.PIN_INCORRECT: "wrong PINs"}
    if (ending := endings.get(result.rehearsal.outcome.result)) is not None:
        yield Uncovered(gate.line, f"gate {gate.name}: {ending}")


def _targets(gate: Gate, decision: Decision) -> Iterator[Uncovered]:
    for part in _parts(gate):
        if part.line == decision.reasons[0].line and part.what.partition(": ")[2] in decision.reasons[0].text:
            yield part
