"""A call played against a configuration, with answers that are given instead of asked for: no switch, no store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.channel import Prompt
from vipgate_fs.gate.decision import Decision, ask_step, decide
from vipgate_fs.gate.dialogue import Outcome, conduct
from vipgate_fs.gate.gate import Rejection, Route
from vipgate_fs.gate.step import Step, StepFailed
from vipgate_fs.gate.verdict import Verdict
from vipgate_fs.sentences import say

Answer = Verdict | StepFailed | None
"""What a step is taken to answer: a verdict, a failure, or None for "don't know"."""


class Unanswered(Exception):
    """A step asks elsewhere, and nobody has said what it would be answered. The text names the step."""


class Answers:
    """Given answers, in the place of webservices, databases and plug-ins; see `vipgate_fs.gate.step.Ask`.

    Args:
        given: by the step's kind, one step of the kind after the other; the last one holds for all further ones.
    """

    def __init__(self, given: Mapping[str, Sequence[Answer]]) -> None:
        self._left: dict[str, Iterator[Answer]] = {kind: iter(answers) for kind, answers in given.items()}
        self._last = {kind: answers[-1] for kind, answers in given.items()}

    def __call__(self, step: Step, call: Call) -> Verdict | None:
        """The step's answer. Raises StepFailed, and Unanswered."""
        if not step.waits:
            return ask_step(step, call)
        if step.kind not in self._left:
            raise Unanswered(
                say("{kind} in line {line}: say under answers what it is answered", kind=step.kind, line=step.line)
            )
        answer = next(self._left[step.kind], self._last[step.kind])
        if isinstance(answer, StepFailed):
            raise answer
        return answer


@dataclass(slots=True)
class Listener:
    """`vipgate_fs.gate.channel.Channel` of a caller who enters what is given, prompt by prompt, and then nothing.

    Attributes:
        enters: what is left to enter. Never to be shown.
        answered: whether the call was answered.
        heard: the sound files, without their folders.
    """

    enters: list[str] = field(repr=False)
    answered: bool = False
    heard: list[str] = field(default_factory=list)

    def answer(self) -> None:
        """The call is answered."""
        self.answered = True

    def ask(self, prompt: Prompt) -> str:
        """The prompt is heard; the next entry."""
        self.heard += [PurePath(sound).name for sound in prompt.sounds]
        return self.enters.pop(0) if self.enters else ""

    def transfer(self, target: str, route: Route) -> None:
        """The call goes on: the outcome says where to."""

    def reject(self, rejection: Rejection) -> None:
        """The call is rejected, with an announcement if there is one."""
        if rejection.announcement is not None:
            self.heard.append(PurePath(rejection.announcement).name)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What became of a call.

    Attributes:
        answered: whether the gate answered it.
        heard: the sound files, one after the other.
    """

    decision: Decision
    outcome: Outcome
    answered: bool
    heard: tuple[str, ...]


def rehearse(
    configuration: Configuration, call: Call, at: dt.datetime, enters: Sequence[str], answers: Answers
) -> Rehearsal:
    """Play a call. Without lockouts, overrides and guest PINs: they belong to a store, not to a configuration.

    Raises:
        Unanswered: a step asks elsewhere, and `answers` does not say what it is answered.
    """
    decision = decide(configuration.gates, call, at, configuration.site.calendar, answers)
    listener = Listener(list(enters))
    outcome = conduct(decision, decision.sees(call), listener)
    return Rehearsal(decision, outcome, listener.answered, tuple(listener.heard))
