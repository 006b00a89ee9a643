"""What a gate may do with a call. `vipgate_fs.esl.channel` does it on a switch; `explain` only tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vipgate_fs.gate.gate import Rejection, Route, Timing


class CallEnded(Exception):
    """There is no call any more: the caller hung up, or the connection to the switch is gone. The text says which."""


class CallTaken(CallEnded):
    """Somebody else has the call now: it was transferred, picked up or parked. Nobody may touch it any more."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the caller hears before he keys in digits.

    Attributes:
        sounds: one sound file after the other; a digit breaks them off.
        timing: how long he may take.
    """

    sounds: tuple[str, ...]
    timing: Timing


class Channel(Protocol):
    """One call on the switch. Every method raises CallEnded when the caller has gone."""

    def answer(self) -> None:
        """Answer the call: from here on it costs the caller money."""

    def ask(self, prompt: Prompt) -> str:
        """Play the prompt; what was keyed in before `#` or the time-out, "" for nothing. Never to be logged."""

    def transfer(self, target: str, route: Route) -> None:
        """Send the call on to a dialable target and let go of it."""

    def reject(self, rejection: Rejection) -> None:
        """Turn the caller away and let go of the call."""
