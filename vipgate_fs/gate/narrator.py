"""A channel that only tells: what a caller would hear and where his call would go. For `explain`."""

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
    """`vipgate_fs.gate.channel.Channel` that writes down what it is told to do.

    Attributes:
        entry: what the caller keys in each time he is asked.
        told: what happened, in the order in which it happened.
    """

    entry: str = ""
    told: list[str] = field(default_factory=list)

    def answer(self) -> None:
        """Tell that the call is answered."""
        self.told.append("the call is answered")

    def ask(self, prompt: Prompt) -> str:
        """Tell what is played, and enter `entry`."""
        self.told.append(f"hears {' and '.join(map(_name, prompt.sounds))}, keys in digits")
        return self.entry

    def transfer(self, target: str, route: Route) -> None:
        """Tell where the call goes."""
        self.told.append(f"goes to {target} in context {route.context} ({route.dialplan})")

    def reject(self, rejection: Rejection) -> None:
        """Tell how the caller is turned away."""
        if rejection.announcement is not None:
            self.told.append(f"hears {_name(rejection.announcement)}")
        self.told.append("hears busy (SIP 486)" if rejection.code == BUSY else f"is rejected with SIP {rejection.code}")


def narrate(decision: Decision, call: Call, memory: Memory | None = None) -> Iterator[tuple[str, list[str], Outcome]]:
    """What comes of a decision: (condition, what happens, outcome), one for each way that the caller can take."""
    verdict = decision.verdict
    if not isinstance(verdict, AskForPin):
        narrator = Narrator()
        outcome = conduct(decision, call, narrator, memory)
        yield "", narrator.told, outcome
        return
    known = Pin(_RIGHT)
    expected = PinTable({_RIGHT: known}) if isinstance(verdict.expected, PinTable) else known
    rehearsal = replace(decision, verdict=replace(verdict, expected=expected))
    for condition, entry in (("with the right PIN", _RIGHT), ("with wrong PINs", _WRONG)):
        narrator = Narrator(entry)
        outcome = conduct(rehearsal, call, narrator, memory)
        yield condition, narrator.told, outcome


def _name(sound: str) -> str:
    return PurePath(sound).name
