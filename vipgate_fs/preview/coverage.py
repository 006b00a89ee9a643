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
from vipgate_fs.sentences import Sentence, say

GIVEN: Final = say("what it asks, because its answers are given here")
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
    yield Uncovered(gate.line, say("gate {gate}", gate=gate.name))
    for pattern, line in gate.protects.numbers:
        yield Uncovered(line, say("gate {gate}: number {pattern}", gate=gate.name, pattern=pattern))
    for user, line in gate.protects.users.items():
        yield Uncovered(line, say("gate {gate}: user {user}", gate=gate.name, user=user))
    for group, line in gate.protects.groups.items():
        yield Uncovered(line, say("gate {gate}: group {group}", gate=gate.name, group=group))
    if gate.active is not None:
        yield Uncovered(gate.active.line, _when(gate, active=True))
        yield Uncovered(gate.active.line, _when(gate, active=False))
        for span in gate.active.schedule.spans:
            yield Uncovered(span.line, say("schedule {schedule}: this span", schedule=gate.active.schedule.name))
    yield from (part for step in gate.steps for part in _parts_of(step))
    if gate.otherwise_line is not None and not any(step.always_answers for step in gate.steps):
        yield Uncovered(gate.otherwise_line, say("gate {gate}: otherwise", gate=gate.name))
    if any(step.kind.endswith("_pin") for step in gate.steps) or isinstance(gate.otherwise, AskForPin):
        yield Uncovered(gate.line, _pins(gate, right=True))
        yield Uncovered(gate.line, _pins(gate, right=False))


def _parts_of(step: Step) -> Iterator[Uncovered]:
    yield Uncovered(step.line, say("{kind}: an answer", kind=step.kind))
    if step.on_failure is not None:
        yield Uncovered(step.line, say("{kind}: on_failure", kind=step.kind))
    if step.waits:
        yield Uncovered(step.line, say("{kind}: {given}", kind=step.kind, given=GIVEN))


def _met(result: Result) -> Iterator[Uncovered]:
    if result.rehearsal is None or result.rehearsal.decision.gate is None:
        return
    decision, gate = result.rehearsal.decision, result.rehearsal.decision.gate
    yield Uncovered(gate.line, say("gate {gate}", gate=gate.name))
    yield from _targets(gate, decision)
    if gate.active is not None:
        yield Uncovered(gate.active.line, _when(gate, active=decision.active))
    for reason in decision.reasons:
        if reason.subject == "active" and gate.active is not None and reason.line is not None:
            yield Uncovered(reason.line, say("schedule {schedule}: this span", schedule=gate.active.schedule.name))
        if reason.subject == "otherwise" and reason.line is not None:
            yield Uncovered(reason.line, say("gate {gate}: otherwise", gate=gate.name))
    asked = [reason for reason in decision.reasons if reason.subject == "step"]
    for step, reason in zip(gate.steps, asked, strict=False):
        if reason.failed:
            yield Uncovered(step.line, say("{kind}: on_failure", kind=step.kind))
        elif reason is decision.reasons[-1]:
            yield Uncovered(step.line, say("{kind}: an answer", kind=step.kind))
    if result.rehearsal.outcome.result in (Ending.PIN_CORRECT, Ending.PIN_INCORRECT):
        yield Uncovered(gate.line, _pins(gate, right=result.rehearsal.outcome.result is Ending.PIN_CORRECT))


def _targets(gate: Gate, decision: Decision) -> Iterator[Uncovered]:
    for part in _parts(gate):
        if part.line == decision.reasons[0].line and part.what.partition(": ")[2] in decision.reasons[0].text:
            yield part


def _when(gate: Gate, *, active: bool) -> Sentence:
    if active:
        return say("gate {gate}: when it is active", gate=gate.name)
    return say("gate {gate}: when it is not active", gate=gate.name)


def _pins(gate: Gate, *, right: bool) -> Sentence:
    return (
        say("gate {gate}: the right PIN", gate=gate.name) if right else say("gate {gate}: wrong PINs", gate=gate.name)
    )
