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
    happened: list[str] = field(default_factory=list)

    def answer(self) -> None:
        """Note that the call is answered."""
        self.happened.append("the call is answered")

    def ask(self, prompt: Prompt) -> str:
        """Note what is played, and enter `digits`."""
        self.happened.append(f"hears {' and '.join(map(_name, prompt.sounds))}, keys in digits")
        return self.digits

    def transfer(self, target: str, route: Route) -> None:
        """Note where the call goes."""
        self.happened.append(f"goes to {target} in context {route.context} ({route.dialplan})")

    def reject(self, rejection: Rejection) -> None:
        """Note how the call is rejected."""
        if rejection.announcement is not None:
            self.happened.append(f"hears {_name(rejection.announcement)}")
        self.happened.append(
            "hears busy (SIP 486)" if rejection.code == BUSY else f"is rejected with SIP {rejection.code}"
        )


def narrate(decision: Decision, call: Call, memory: Memory | None = None) -> Iterator[tuple[str, list[str], Outcome]]:
    """What comes of a decision: (condition, what happens, outcome), one for each way that the caller can take."""
    verdict = decision.verdict
    if not isinstance(verdict, AskForPin):
        narrator = Narrator()
        outcome = conduct(decision, call, narrator, memory)
        yield "", narrator.happened, outcome
        return
    known = Pin(_RIGHT)
    expected = PinTable({_RIGHT: known}) if isinstance(verdict.expected, PinTable) else known
    rehearsal = replace(decision, verdict=replace(verdict, expected=expected))
    for condition, digits in (("with the right PIN", _RIGHT), ("with wrong PINs", _WRONG)):
        narrator = Narrator(digits)
        outcome = conduct(rehearsal, call, narrator, memory)
        yield condition, narrator.happened, outcome


def _name(sound: str) -> str:
    return PurePath(sound).name
