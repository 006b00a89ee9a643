"""What a gate may do with a call. `vipgate_fs.esl.channel` does it on a switch; `explain` only describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vipgate_fs.gate.gate import Rejection, Route, Timing


class CallEnded(Exception):
    """The call is over: the caller hung up, or the connection to the switch was lost. The text says which."""


class CallTaken(CallEnded):
    """The call was taken away: transferred, picked up or parked. The gate must not touch it any more."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What callers hear before they enter digits.

    Attributes:
        sounds: sound files, played in order; a digit interrupts them.
        timing: how long callers may take.
    """

    sounds: tuple[str, ...]
    timing: Timing


class Channel(Protocol):
    """One call on the switch. Every method raises CallEnded once the caller has gone."""

    def answer(self) -> None:
        """Answer the call: from now on the caller pays."""

    def ask(self, prompt: Prompt) -> str:
        """Play the prompt and return the digits entered before `#` or the time-out, "" for none. Never log them."""

    def transfer(self, target: str, route: Route) -> None:
        """Transfer the call to a dialable target and release it."""

    def reject(self, rejection: Rejection) -> None:
        """Reject the call and release it."""
