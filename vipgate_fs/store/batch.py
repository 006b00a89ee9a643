"""What goes to the disk together: attempts whose callers wait, records, and what the store does not know yet."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from vipgate_fs.gate.lockout import Account, Attempt, Lockout, Tally
from vipgate_fs.gate.memory import Judged
from vipgate_fs.gate.pins import Credential
from vipgate_fs.gate.record import CallRecord
from vipgate_fs.once import once
from vipgate_fs.store.ledger import Limited


@dataclass(slots=True, eq=False)
class Waiting:
    """An attempt whose caller waits.

    Attributes:
        error: why it was not judged; None: it was, or is not answered yet.
        given_up: whether nobody waits for it any more.
    """

    attempt: Attempt
    expected: Credential = field(repr=False)
    entered: str = field(repr=False)
    done: threading.Event = field(default_factory=threading.Event)
    judged: Judged | None = None
    error: Exception | None = None
    given_up: bool = False


@dataclass
class Batch:
    """What is done in one transaction.

    Attributes:
        unsaved: what the store does not know of the accounts.
        known: the tallies of the accounts after it.
        changed: those that attempts have changed.
        abandoned: whether it must not happen any more.
    """

    attempts: list[Waiting] = field(default_factory=list)
    records: list[CallRecord] = field(default_factory=list)
    unsaved: Limited = field(default_factory=dict)
    known: Mapping[Account, Tally] = field(default_factory=dict)
    changed: dict[Account, Tally] = field(default_factory=dict)
    abandoned: bool = False

    @once
    def limits(self) -> dict[Account, Lockout]:
        """The accounts, with the limits of their gates."""
        saved = {account: lockout for account, (_, lockout) in self.unsaved.items()}
        return saved | {
            account: waiting.attempt.lockout for waiting in self.attempts for account in waiting.attempt.accounts
        }

    def pieces(self) -> list[Batch]:
        """Each of its pieces of work by itself."""
        return [
            *(Batch(attempts=[each]) for each in self.attempts),
            *(Batch(records=[each]) for each in self.records),
            *(Batch(unsaved={account: each}) for account, each in self.unsaved.items()),
        ]
