"""The simulated switch's dialplan: what an incoming call meets, and where calls may be transferred to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

ENTRY_CONTEXT: Final = "public"
"""The context that incoming calls begin in."""

Action = tuple[str, str]
"""An application and its argument."""


@dataclass(frozen=True, slots=True)
class Extension:
    """A list of actions.

    Attributes:
        actions: run one after the other; a call that comes to their end is hung up.
        matches: whether the condition captured the number, which leaves it in DP_MATCH.
    """

    actions: tuple[Action, ...]
    matches: bool = False


def answered(seconds: float = 2.0) -> Extension:
    """An extension that answers, speaks for some seconds, and hangs up."""
    tone = f"tone_stream://%({round(seconds * 1000)},0,440)"
    return Extension((("answer", ""), ("playback", tone), ("hangup", "NORMAL_CLEARING")))


def _action(text: str) -> Action:
    application, _, argument = text.partition(":")
    return application, argument


@dataclass(frozen=True, slots=True)
class Dialplan:
    """Where a number leads.

    Attributes:
        entry: for every number that is called from outside.
        numbers: for these numbers called from outside, instead of `entry`.
        extensions: for the other contexts. None: whoever is transferred anywhere is answered.
        missing: for a number that is not among them.
    """

    entry: Extension
    numbers: Mapping[str, Extension] = field(default_factory=dict)
    extensions: Mapping[str, Extension] | None = None
    missing: Extension = Extension((("respond", "404"),), matches=True)

    def find(self, destination: str, context: str, dialplan: str) -> tuple[Extension, bool]:
        """The extension for a number, and whether it exists. The `inline` dialplan takes the number for its actions."""
        if dialplan.lower() == "inline":
            return Extension(tuple(_action(part) for part in destination.split(","))), True
        if context == ENTRY_CONTEXT:
            return self.numbers.get(destination, self.entry), True
        if self.extensions is None:
            return answered(), True
        if destination in self.extensions:
            return self.extensions[destination], True
        return self.missing, False
