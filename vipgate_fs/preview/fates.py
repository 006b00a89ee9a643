"""What a gate does with a caller, as something that can be compared and said: nothing of it shows a PIN."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.gate import BUSY, Gate, Rejection, Route
from vipgate_fs.gate.pins import AnyOf, Pin, PinTable
from vipgate_fs.gate.step import Step
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject, Verdict
from vipgate_fs.identify.guest_pin import GuestCredential
from vipgate_fs.sentences import Sentence, alternatives, say

PATIENCE: Final = frozenset({"timeouts", "timeout", "cache", "failures_until_skipped", "skipped_for", "on_failure"})
"""Settings of a step that do not change what it is answered."""
_ASKED_WITH_FACTS: Final = ("webservice", "database")
"""Steps that pass on facts of the call (`vipgate_fs.identify.facts`)."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to a call.

    Attributes:
        was, now: in a few words, in both tenses.
        details: whatever else differs in what callers notice: by name, something that can be compared.
    """

    was: Sentence
    now: Sentence
    details: tuple[tuple[Sentence, Hashable], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A step that asks elsewhere, and may be answered anything.

    Attributes:
        kind: of the step.
        signature: equal for steps that ask the same. May hold secrets.
        failure: what happens when it fails; None: as if it did not know.
    """

    kind: str
    signature: Hashable = field(repr=False)
    failure: Fate | None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a gate does with a caller at a time.

    Attributes:
        asked: the steps that are asked elsewhere first.
        fate: what happens when none of them knows.
        answers: what the gate makes of their answers, whichever they give; like `Fate.details`.
    """

    asked: tuple[Asked, ...]
    fate: Fate
    answers: tuple[tuple[Sentence, Hashable], ...] = ()

    @property
    def was(self) -> Sentence:
        """What happened to calls, in a few words."""
        return self._described(self.fate.was)

    @property
    def now(self) -> Sentence:
        """What happens to calls, in a few words."""
        return self._described(self.fate.now)

    def _described(self, fate: Sentence) -> Sentence:
        kinds = [asked.kind for asked in self.asked]
        return say("{fate} unless {kinds} says otherwise", fate=fate, kinds=alternatives(kinds)) if kinds else fate


def differing(old: Behaviour, new: Behaviour) -> list[Sentence]:
    """What of the same fate is another, such as `the PINs`; never how."""
    names: list[Sentence] = []
    for one, other in ((old.fate.details, new.fate.details), (old.answers, new.answers)):
        before = dict(one)
        names += [name for name, value in other if before.get(name, value) != value and name not in names]
    if old.asked != new.asked:
        names.append(say("what is asked elsewhere, or what happens when that fails"))
    return names


def not_protected(route: Route) -> Behaviour:
    """What happens where no gate protects, or none is active: calls pass."""
    return Behaviour((), _fate(Pass(), None, route))


def behaviour(gate: Gate, call: Call, signatures: Mapping[int, Hashable]) -> Behaviour:
    """What an active gate does with a call.

    Args:
        gate: the gate.
        call: its facts, with the time that counts.
        signatures: of the steps that ask elsewhere, by their `id`: several may stand in one line.
    """
    asked: list[Asked] = []
    call = gate.sees(call)
    for step in gate.steps:
        if step.waits or step.variables:
            failure = None if step.on_failure is None else _fate(step.on_failure, gate, gate.route)
            question = Asked(step.kind, signatures[id(step)], failure)
            if asked and asked[-1] == replace(question, failure=None):
                asked.pop()  # it fails again
            if not any(_leaves_nothing_of(question, earlier) for earlier in asked):
                asked.append(question)
        elif (verdict := step.identify(call)) is not None:
            return _behaviour(gate, asked, _fate(verdict, gate, gate.route))
    return _behaviour(gate, asked, _fate(gate.otherwise, gate, gate.route))


def _behaviour(gate: Gate, asked: list[Asked], fate: Fate) -> Behaviour:
    """Without what makes no difference: a last step that fails leads where one leads that does not know."""
    while asked:
        last = asked.pop()
        last = replace(last, failure=None) if last.failure == fate else last
        if not any(_leaves_nothing_of(last, earlier) for earlier in asked):
            asked.append(last)
            break
    return Behaviour(tuple(asked), fate, _answers(gate) if asked else ())


def _answers(gate: Gate) -> tuple[tuple[Sentence, Hashable], ...]:
    return (
        (say("the context that calls go on in"), gate.route),
        (say("how calls are rejected"), gate.rejection),
        (say("where the right PIN leads"), gate.targets.correct),
        (say("where wrong PINs lead"), gate.targets.incorrect),
        *_asking(gate, None),
    )


def _leaves_nothing_of(question: Asked, earlier: Asked) -> bool:
    """Whether the same has been asked before in the call, and whatever came of that decides."""
    return question.signature == earlier.signature and (question.failure is None or earlier.failure is not None)


def signature(step: Step, values: Mapping[str, Any], facts: Mapping[str, str]) -> Hashable:
    """What distinguishes one question from another: the kind of the step, and its settings but those of PATIENCE.

    Args:
        step: that asks.
        values: its settings, as they are written.
        facts: what a webservice or database gets only if the settings name it, or if it gets everything.
    """
    asked = _frozen({key: value for key, value in values.items() if key not in PATIENCE})
    everything, written = str(values.get("method")).upper() == "POST", str(values)
    shown = {name: fact for name, fact in facts.items() if everything or _names(written, name)}
    return step.kind, asked, _frozen(shown if step.kind in _ASKED_WITH_FACTS else {})


def _names(written: str, fact: str) -> bool:
    """Whether a URL has ###FACT### in it, or a query :fact."""
    return re.search(rf"(###|:)([a-z]+_)?{fact}(?![a-z_])", written, re.IGNORECASE) is not None


def _frozen(value: Any) -> Hashable:
    if isinstance(value, dict):
        return frozenset((key, _frozen(item)) for key, item in value.items())
    return tuple(map(_frozen, value)) if isinstance(value, list) else (type(value).__name__, value)


def _fate(verdict: Verdict, gate: Gate | None, route: Route) -> Fate:
    on: tuple[tuple[Sentence, Hashable], ...] = ((say("the context that calls go on in"), route),)
    match verdict:
        case Pass():
            return Fate(say("got through"), say("get through"), on)
        case Forward(target):
            return Fate(
                say("were forwarded to {target}", target=target), say("are forwarded to {target}", target=target), on
            )
        case Reject():
            rejection = gate.rejection if gate else Rejection()
            how = say("busy") if rejection.code == BUSY else say("SIP {code}", code=rejection.code)
            return Fate(
                say("were rejected ({how})", how=how),
                say("are rejected ({how})", how=how),
                ((say("the announcement"), rejection.announcement),),
            )
        case AskForPin():
            assert gate is not None, "only a gate asks for a PIN"
            leads_on = credential(verdict.expected) or verdict.incorrect or gate.targets.incorrect
            details = (*_question(verdict, gate), *(on if leads_on else ()))
            return Fate(say("were asked for a PIN"), say("are asked for a PIN"), details)


def _question(verdict: AskForPin, gate: Gate) -> tuple[tuple[Sentence, Hashable], ...]:
    right = credential(verdict.expected)
    leads: Hashable = verdict.correct or gate.targets.correct
    return (
        (say("the PINs"), right),
        *(((say("where the right PIN leads"), leads),) if right else ()),
        (say("where wrong PINs lead"), verdict.incorrect or gate.targets.incorrect or gate.rejection),
        *_asking(gate, verdict.attempts),
    )


def _asking(gate: Gate, attempts: int | None) -> tuple[tuple[Sentence, Hashable], ...]:
    return (
        (say("the attempts"), attempts or gate.attempts),
        (say("the prompts"), gate.prompts),
        (say("the time for digits"), gate.timing),
        (say("the lockout"), gate.lockout),
    )


def credential(expected: object) -> frozenset[Hashable]:
    """Equal for what the same digits fit, empty for what none do. Never to be shown."""
    match expected:
        case Pin():
            return frozenset() if expected == Pin.of_nobody() else frozenset({expected})
        case AnyOf(credentials):
            return frozenset().union(*map(credential, credentials))
        case PinTable():
            return frozenset((owner, credential(one)) for owner, one in expected.items())
        case GuestCredential():
            return frozenset({("guest PINs", expected.gate)})
    return frozenset({("one-time PINs", getattr(expected, "owner", expected))})
