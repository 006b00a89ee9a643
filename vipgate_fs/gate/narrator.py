"""A channel that only describes what callers would hear and where their calls would go. For `explain`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Final

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.channel import Prompt
from vipgate_fs.gate.decision import Decision
from vipgate_fs.gate.dialogue import Outcome, conduct
from vipgate_fs.gate.gate import BUSY, Rejection, Route
from vipgate_fs.gate.memory import Memory
from vipgate_fs.gate.pins import Pin, PinTable
from vipgate_fs.gate.verdict import AskForPin
from vipgate_fs.sentences import NOTHING, Sentence, listed, say

_RIGHT: Final = "1"
_WRONG: Final = "2"


@dataclass(slots=True)
class Narrator:
    """A `vipgate_fs.gate.channel.Channel` that writes down what it would do.

    Attributes:
        digits: what the caller enters each time they are asked.
        happened: what happened, in order.
    """

    digits: str = ""
    happened: list[Sentence] = field(default_factory=list)

    def answer(self) -> None:
        """Note that the call is answered."""
        self.happened.append(say("the call is answered"))

    def ask(self, prompt: Prompt) -> str:
        """Note what is played, and enter `digits`."""
        sounds = listed([_name(sound) for sound in prompt.sounds])
        self.happened.append(say("hears {sounds}, keys in digits", sounds=sounds))
        return self.digits

    def transfer(self, target: str, route: Route) -> None:
        """Note where the call goes."""
        self.happened.append(
            say(
                "goes to {target} in context {context} ({dialplan})",
                target=target,
                context=route.context,
                dialplan=route.dialplan,
            )
        )

    def reject(self, rejection: Rejection) -> None:
        """Note how the call is rejected."""
        if rejection.announcement is not None:
            self.happened.append(say("hears {sound}", sound=_name(rejection.announcement)))
        if rejection.code == BUSY:
            self.happened.append(say("hears busy (SIP 486)"))
        else:
            self.happened.append(say("is rejected with SIP {code}", code=rejection.code))


def narrate(
    decision: Decision, call: Call, memory: Memory | None = None
) -> Iterator[tuple[Sentence, list[Sentence], Outcome]]:
    """What comes of a decision: (condition, what happens, outcome), one for each way that the caller can take."""
    verdict = decision.verdict
    if not isinstance(verdict, AskForPin):
        narrator = Narrator()
        outcome = conduct(decision, call, narrator, memory)
        yield NOTHING, narrator.happened, outcome
        return
    known = Pin(_RIGHT)
    expected = PinTable({_RIGHT: known}) if isinstance(verdict.expected, PinTable) else known
    rehearsal = replace(decision, verdict=replace(verdict, expected=expected))
    for condition, digits in ((say("with the right PIN"), _RIGHT), (say("with wrong PINs"), _WRONG)):
        narrator = Narrator(digits)
        outcome = conduct(rehearsal, call, narrator, memory)
        yield condition, narrator.happened, outcome


def _name(sound: str) -> str:
    return PurePath(sound).name
