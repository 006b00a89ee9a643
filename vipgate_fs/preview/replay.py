"""Recorded calls decided again by another file: which of them would have ended differently.

A record says who called whom and when, what was decided, and how it ended. What the caller keyed in, and what a
webservice, database or plug-in answered, is taken from it where the same gate comes to the same question again, and is
unknown where it does not. PINs are in no record: a caller who is asked again is taken to know what they knew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.decision import Decision, ask_step, decide, describe, says_failed, says_otherwise
from vipgate_fs.gate.dialogue import LOCKED_OUT, Result
from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.reason import pieces
from vipgate_fs.gate.record import CallRecord, mask
from vipgate_fs.gate.step import Step, StepFailed
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject, Verdict
from vipgate_fs.sentences import Sentence, said, say

_MASKED: Final = "*"
_FORWARD: Final = describe(Forward(""))
_VERDICTS: Final = (describe(Pass()), describe(Reject()), describe(AskForPin(Pin.of_nobody())))


@dataclass(frozen=True, slots=True)
class Replayed:
    """A call, decided again.

    Attributes:
        record: what became of it.
        then: that in a few words.
        now: what would become of it; None: it can't be known.
        why: what decides now, or what is not known.
        line: of the other file, which decides; None: no line does.
    """

    record: CallRecord
    then: str
    now: str | None
    why: Sentence
    line: int | None = None

    @property
    def differs(self) -> bool:
        """Whether it would have ended differently, as far as that is known."""
        return self.now is not None and self.now != self.then


class _Unknown(Exception):
    """What the record does not say. The text says what that is."""


def replay(record: CallRecord, configuration: Configuration, before: Configuration | None = None) -> Replayed:
    """Decide a recorded call again.

    Args:
        record: what became of it.
        configuration: that is to decide now.
        before: that decided then, as far as anybody knows: a step that it does not have was not asked. None: the same.
    """
    then = _ended(record.verdict, record.outcome, record.target)
    try:
        decision = _decide(record, configuration, before or configuration)
        now = _end(record, decision)
    except _Unknown as why:
        return Replayed(record, then, None, said(why))
    reason = decision.reasons[-1]
    return Replayed(record, then, now, said(reason), reason.line)


def _decide(record: CallRecord, configuration: Configuration, before: Configuration) -> Decision:
    if record.verdict == "none":
        raise _Unknown(say("what would have been decided: the call was over before"))
    if _MASKED in record.caller or _MASKED in record.called:
        raise _Unknown(say("the number, which is masked in the record"))
    calendar = configuration.site.calendar
    at = calendar.at(record.began)
    call = _call(record, configuration)
    return decide(configuration.gates, call, at, calendar, _Answers(record, configuration, before))


def _call(record: CallRecord, configuration: Configuration) -> Call:
    """The call's facts. Who in the switch's directory was called is known from the gate that took it then."""
    dialled = record.target if record.outcome == Result.PASSED and record.target else record.called
    call = Call(record.uuid, record.caller, record.called, dialled)
    found = configuration.gates.find(call)
    if (found[0].name if found else None) == record.gate or not configuration.gates.needs_directory(call):
        return call
    then = next((gate for gate in configuration.gates if gate.name == record.gate), None)
    if then is not None:
        named = replace(
            call, called_users=frozenset(then.protects.users), called_groups=frozenset(then.protects.groups)
        )
        found = configuration.gates.find(named)
        if found and found[0] is then:
            return named
    raise _Unknown(say("the users and groups of the called number"))


class _Answers:
    """What steps answered then; see `vipgate_fs.gate.step.Ask`.

    Args:
        record: of the call.
        configuration: whose steps are asked.
        before: whose steps were asked then.
    """

    def __init__(self, record: CallRecord, configuration: Configuration, before: Configuration) -> None:
        self._record = record
        self._reasons = [*pieces(record.reason)]
        self._asked = {step.kind for gate in before.gates if gate.name == record.gate for step in gate.steps}
        self._gates = {id(step): gate for gate in configuration.gates for step in gate.steps}

    def __call__(self, step: Step, call: Call) -> Verdict | None:
        """The step's answer. Raises StepFailed, and _Unknown."""
        if not step.waits and not step.variables:
            return ask_step(step, call)
        gate = self._gates[id(step)]
        if gate.name == self._record.gate and step.kind in self._asked:
            alike = [each for each in gate.steps if each.kind == step.kind]
            spoken = [text for kind, text in self._reasons if kind == step.kind]
            place = next(place for place, each in enumerate(alike) if each is step)
            if len(spoken) == len(alike):
                return self._said(spoken[place])
            if len(spoken) == 1 and not says_failed(spoken[0]):
                return _verdict(self._record)  # the first of several: whatever the others say, it ends like this
            if not spoken and self._is_decided_after(gate, step):
                return None
        raise _Unknown(say("what {kind} in line {line} would have answered", kind=step.kind, line=step.line))

    def _said(self, text: str) -> Verdict:
        if says_failed(text):
            raise StepFailed(say("as it did then"))
        return _verdict(self._record)

    def _is_decided_after(self, gate: Gate, step: Step) -> bool:
        """Whether something spoke that only does when the step does not know."""
        place = next(place for place, each in enumerate(gate.steps) if each is step)
        later = {each.kind for each in gate.steps[place + 1 :]}
        return any(kind in later if kind else says_otherwise(text) for kind, text in self._reasons)


def _verdict(record: CallRecord) -> Verdict:
    """What was decided then."""
    if record.verdict.startswith(_FORWARD):
        return Forward(record.verdict.removeprefix(_FORWARD))
    if record.verdict == describe(Pass()):
        return Pass()
    if record.verdict == describe(Reject()):
        return Reject()
    correct = record.target if record.outcome == Result.PIN_CORRECT else None
    incorrect = record.target if record.outcome == Result.PIN_INCORRECT else None
    entries = record.entries if record.outcome == Result.PIN_INCORRECT and record.entries else None
    return AskForPin(Pin.of_nobody(), correct, incorrect, entries)


def _end(record: CallRecord, decision: Decision) -> str:
    """How the call would have ended."""
    verdict = decision.verdict
    worded = describe(verdict)
    is_masked = _MASKED in record.verdict or _MASKED in (record.target or "")
    if (mask(worded) if is_masked else worded) != record.verdict:
        return worded
    if not isinstance(verdict, AskForPin) or record.outcome not in (Result.PIN_CORRECT, Result.PIN_INCORRECT):
        return _ended(record.verdict, record.outcome, record.target)
    gate = decision.gate
    assert gate is not None, "only a gate asks for a PIN"
    most, target = verdict.attempts or gate.attempts, verdict.correct or gate.targets.correct
    is_right = record.outcome == Result.PIN_CORRECT
    if not is_right and record.entries < most and LOCKED_OUT not in (text for _, text in pieces(record.reason)):
        raise _Unknown(say("what would have been keyed in at attempt {attempt}", attempt=record.entries + 1))
    if is_right and record.entries <= most:
        outcome, target = Result.PIN_CORRECT, target or _dialled(record)
    else:
        outcome, target = Result.PIN_INCORRECT, verdict.incorrect or gate.targets.incorrect
    return _ended(record.verdict, outcome, mask(target) if target and is_masked else target)


def _dialled(record: CallRecord) -> str:
    """The called number as it was dialled, if the call went on to it: the same digits at the end."""
    target = record.target or ""
    digits = target.lstrip("+0")
    return target if digits and record.called.endswith(digits) else record.called


def _ended(verdict: str, outcome: str, target: str | None) -> Sentence:
    """A verdict and, of a PIN, what came of it."""
    worded = _worded(verdict)
    if outcome not in (Result.PIN_CORRECT, Result.PIN_INCORRECT):
        return worded
    is_right = outcome == Result.PIN_CORRECT
    ended = (
        say("{verdict}: pin correct", verdict=worded) if is_right else say("{verdict}: pin incorrect", verdict=worded)
    )
    return say("{ended}, to {target}", ended=ended, target=target) if target else ended


def _worded(verdict: str) -> Sentence:
    """A record's verdict, which is kept in English, as a sentence."""
    if verdict.startswith(_FORWARD):
        return describe(Forward(verdict.removeprefix(_FORWARD)))
    return next((each for each in _VERDICTS if each == verdict), said(verdict))
