"""The four verdicts: everything that can identify a caller answers with one of them, or with None for "don't know"."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from vipgate_fs.gate.pins import Credential, PinTable


@dataclass(frozen=True, slots=True)
class Pass:
    """The call goes on to the number that was called."""


@dataclass(frozen=True, slots=True)
class Reject:
    """The call is turned away, in the way that its gate says (busy, announcement, SIP code)."""


@dataclass(frozen=True, slots=True)
class Forward:
    """The call goes to another target, and no PIN is asked.

    Attributes:
        target: a dialable string (see `vipgate_fs.gate.dialable`).
        doubt: what the administrator should know of how it was answered, without secrets; "": nothing.
    """

    target: str
    doubt: str = field(default="", compare=False)


class Targets(NamedTuple):
    """Where a PIN leads, each a dialable string (see `vipgate_fs.gate.dialable`).

    Attributes:
        correct: where the call goes after the right PIN; None: not said.
        incorrect: where it goes after the last wrong entry; None: not said.
    """

    correct: str | None = None
    incorrect: str | None = None


@dataclass(frozen=True, slots=True)
class AskForPin:
    """The caller is asked for a PIN.

    Attributes:
        expected: what he is to key in, or a table when the caller keys in a customer number first.
        correct: where the call goes after the right PIN; None: as the gate says, else to the number that was called.
        incorrect: where it goes after the last wrong entry; None: as the gate says, else it is rejected.
        attempts: number of entries, 1 to 10; None: as many as the gate says.
        doubt: see `Forward`.
    """

    expected: Credential | PinTable
    correct: str | None = None
    incorrect: str | None = None
    attempts: int | None = None
    doubt: str = field(default="", compare=False)


Verdict = Pass | Reject | Forward | AskForPin
