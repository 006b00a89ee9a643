"""Decide: gates + call + time + the steps' answers in, a verdict and its reasons out. Nothing else happens here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.gates import Gates
from vipgate_fs.gate.override import Override
from vipgate_fs.gate.reason import Reason
from vipgate_fs.gate.schedules import Calendar, Schedule, Span
from vipgate_fs.gate.step import Ask, Evidence, NotAsked, Step, StepFailed
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject, Verdict
from vipgate_fs.once import once
from vipgate_fs.sentences import NOTHING, Sentence, joined, said, say

_FEW: Final = 100
"""Schedules whose last minute is kept."""
_NO_OVERRIDES: Final[Mapping[str, Override]] = MappingProxyType({})


@dataclass(frozen=True)
class Decision:
    """A verdict and how it came about; the last reason is the one that decided.

    Attributes:
        verdict: what happens to the call.
        gate: the gate that it met; None when no gate protects what was called.
        reasons: what was considered, in order.
        active: whether there was a gate and it was active.
    """

    verdict: Verdict
    gate: Gate | None
    reasons: tuple[Reason, ...]
    active: bool = True

    def sees(self, call: Call) -> Call:
        """The call as far as it may be known: use this one for anything logged, stored or asked.

        If no gate takes the call, a restricted number stays hidden.
        """
        if self.gate is not None:
            return self.gate.sees(call)
        return call.withheld() if call.restricted else call

    @once
    def why(self) -> Sentence:
        """The deciding reason, preceded by the steps that failed: short enough for a log line or record."""
        *earlier, decisive = self.reasons
        return joined("; ", map(str, (*(reason for reason in earlier if reason.failed), decisive)))


def describe(verdict: Verdict) -> Sentence:
    """A verdict in a few words, without its PIN."""
    match verdict:
        case Pass():
            return say("pass")
        case Reject():
            return say("reject")
        case Forward(target):
            return say("forward to {target}", target=target)
        case AskForPin():
            return say("ask for PIN")


_FAILED: Final = frozenset(
    sentence.template
    for sentence in (
        say("failed: {why}; counts as don't know", why=""),
        say("failed: {why}; on_failure: {then}", why="", then=""),
    )
)
_OTHERWISE: Final = frozenset(
    sentence.template
    for sentence in (say("otherwise: {then}", then=""), say("otherwise (nothing configured): {then}", then=""))
)


def says_failed(text: str) -> bool:
    """Whether this, as a step's reason, says that it could not find out."""
    return isinstance(text, Sentence) and text.template in _FAILED


def says_otherwise(text: str) -> bool:
    """Whether this, as a reason, says that no step knew."""
    return isinstance(text, Sentence) and text.template in _OTHERWISE


def ask_step(step: Step, call: Call) -> Verdict | None:
    """Ask a step as a live call does."""
    return step.identify(call)


def decide(  # noqa: PLR0913, PLR0917 - all that a decision depends on
    gates: Gates,
    call: Call,
    at: dt.datetime,
    calendar: Calendar,
    ask: Ask = ask_step,
    overrides: Mapping[str, Override] = _NO_OVERRIDES,
) -> Decision:
    """Decide what happens to a call.

    Args:
        gates: of the configuration.
        call: its facts.
        at: the moment to decide for, with a time zone.
        calendar: the site's clock and holidays.
        ask: asks a step; its StepFailed is the step's failure. It is called for one step after the other, only until
            one of them knows.
        overrides: by the gate's name; those that have ended do no harm.
    """
    found = gates.find(call)
    if found is None:
        return Decision(Pass(), None, (gates.why_none(call),), active=False)
    gate, reason = found
    call = gate.sees(replace(call, at=calendar.local(at)))
    reasons = [reason]
    active, reason = _activation(gate, at, calendar, overrides.get(gate.name))
    reasons.append(reason)
    if not active:
        return Decision(Pass(), gate, tuple(reasons), active=False)
    for step in gate.steps:
        verdict, reason = answer(step, call, ask)
        reasons.append(reason)
        if verdict is not None:
            return Decision(verdict, gate, tuple(reasons))
    line, then = gate.otherwise_line, describe(gate.otherwise)
    text = say("otherwise: {then}", then=then) if line else say("otherwise (nothing configured): {then}", then=then)
    reasons.append(Reason("otherwise", line, text))
    return Decision(gate.otherwise, gate, tuple(reasons))


def _activation(gate: Gate, at: dt.datetime, calendar: Calendar, override: Override | None) -> tuple[bool, Reason]:
    if override is not None and override.holds(at):
        return override.active, Reason("active", None, _state(override.active, override.describe(calendar)))
    if gate.active is None:
        return True, Reason("active", gate.line, say("active: always"))
    minute = at.astimezone(dt.UTC).replace(second=0, microsecond=0)
    is_on, span, why = _in_the_minute(gate.active.schedule, minute, calendar)
    active = is_on != gate.active.outside
    return active, Reason("active", span.line if span else gate.active.line, _state(active, why))


@lru_cache(_FEW)
def _in_the_minute(schedule: Schedule, at: dt.datetime, calendar: Calendar) -> tuple[bool, Span | None, Sentence]:
    """What a schedule says for a minute, the shortest time that it knows: many calls come in the same one."""
    return *schedule.at(at, calendar), schedule.explain(at, calendar)


def _state(active: bool, why: Sentence) -> Sentence:  # noqa: FBT001 - the state itself
    return say("active: {why}", why=why) if active else say("not active, the call passes: {why}", why=why)


def answer(step: Step, call: Call, ask: Ask = ask_step) -> tuple[Verdict | None, Reason]:
    """What one step says of a call, its `on_failure` included, and why."""
    try:
        verdict = ask(step, call)
    except NotAsked as skipped:
        text = say("not asked, counts as don't know: {why}", why=said(skipped))
        return None, Reason("step", step.line, text, step.kind)
    except StepFailed as failure:
        verdict, why = step.on_failure, said(failure)
        if verdict is None:
            text = say("failed: {why}; counts as don't know", why=why)
        else:
            text = say("failed: {why}; on_failure: {then}", why=why, then=describe(verdict))
        return verdict, Reason("step", step.line, text, step.kind, failed=True)
    if verdict is None:
        return None, Reason("step", step.line, say("don't know"), step.kind)
    evidence = step.evidence(call) or Evidence(step.line)
    text = describe(verdict)
    if evidence.file:
        text = say("{verdict} ({file} line {line})", verdict=text, file=evidence.file, line=evidence.file_line)
    doubt = verdict.doubt if isinstance(verdict, Forward | AskForPin) else NOTHING
    return verdict, Reason("step", evidence.line, joined("; ", [text, doubt]), step.kind)
