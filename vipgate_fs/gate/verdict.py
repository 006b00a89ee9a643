"""The four verdicts: everything that can identify a caller answers with one of them, or with None for "don't know"."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from vipgate_fs.gate.pins import Credential, PinTable
from vipgate_fs.sentences import NOTHING, Sentence


@dataclass(frozen=True, slots=True)
class Pass:
    """The call continues to the called number."""


@dataclass(frozen=True, slots=True)
class Reject:
    """The call is rejected, in the way its gate sets (busy, announcement, SIP code)."""


@dataclass(frozen=True, slots=True)
class Forward:
    """The call goes to another target; no PIN is asked for.

    Attributes:
        target: a dialable string (see `vipgate_fs.gate.dialable`).
        doubt: what administrators should know about the answer, without secrets; "": nothing.
    """

    target: str
    doubt: Sentence = field(default=NOTHING, compare=False)


class Targets(NamedTuple):
    """Where a PIN leads, each a dialable string (see `vipgate_fs.gate.dialable`).

    Attributes:
        correct: where the call goes after the right PIN; None: not said.
        incorrect: where it goes after the last wrong attempt; None: not said.
    """

    correct: str | None = None
    incorrect: str | None = None


@dataclass(frozen=True, slots=True)
class AskForPin:
    """The caller is asked for a PIN.

    Attributes:
        expected: what the caller has to enter, or a table if they enter a customer number first.
        correct: where the call goes after the right PIN; None: as the gate says, else to the called number.
        incorrect: where it goes after the last wrong attempt; None: as the gate says, else it is rejected.
        attempts: number of attempts, 1 to 10; None: as many as the gate says.
        doubt: see `Forward`.
    """

    expected: Credential | PinTable
    correct: str | None = None
    incorrect: str | None = None
    attempts: int | None = None
    doubt: Sentence = field(default=NOTHING, compare=False)


Verdict = Pass | Reject | Forward | AskForPin
