"""What a worker remembers while the store is unavailable: lockouts as last seen, and what it has counted since."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from itertools import islice
from typing import Never

from vipgate_fs.gate.lockout import Account, Attempt, Lockout, Tally
from vipgate_fs.gate.memory import InMemory, Judged, Log, Tallies
from vipgate_fs.gate.pins import Credential, Unchecked
from vipgate_fs.store.ledger import Limited

SAVED_AT_ONCE = 200


class Meanwhile(InMemory):
    """Judges by what the store said last: its end gives nobody new attempts. What is good once can't be checked.

    Args:
        log: of each lockout that begins.
        clock: gives the Unix time.
    """

    def __init__(self, log: Log, clock: Callable[[], float] = time.time) -> None:
        super().__init__(log, clock)
        self._limits: dict[Account, Lockout] = {}
        """Of each account, the limits of its gate."""
        self._unsaved: set[Account] = set()

    def learn(self, tallies: Tallies, limits: Mapping[Account, Lockout]) -> None:
        """Remember what the store says."""
        with self._turn:
            unsaved = {
                account: tallies[account].joined(self._tallies[account], limits[account].of(account))
                for account in self._unsaved & tallies.keys()
            }
            learned = {account: tally for account, tally in {**tallies, **unsaved}.items() if tally != Tally()}
            for account in tallies.keys() - learned.keys():  # nothing is known of them, or no longer
                self._tallies.pop(account, None)
                self._forget(account)
            self._limits.update((account, limits[account]) for account in learned)
            self.keep(learned)

    def judge(self, attempt: Attempt, expected: Credential, entered: str) -> Judged:
        """See Memory."""
        with self._turn:
            before = self.tallies(attempt.accounts)
            judged = super().judge(attempt, expected, entered)
            after = self.tallies(attempt.accounts)
            changed = [account for account in after if after[account] != before[account]]
            self._limits.update(dict.fromkeys(changed, attempt.lockout))
            self._unsaved.update(changed)
        return judged

    def doubt(self) -> None:
        """The store has forgotten: all that is remembered is to be saved."""
        with self._turn:
            self._unsaved.update(self._tallies)

    def unsaved(self, accounts: Collection[Account] | None = None) -> Limited:
        """What the store does not know of accounts; None: of some of all those that there are."""
        with self._turn:
            some = islice(self._unsaved, SAVED_AT_ONCE) if accounts is None else self._unsaved.intersection(accounts)
            return {account: (self._tallies[account], self._limits[account]) for account in some}

    def saved(self, saved: Limited) -> None:
        """The store knows these now."""
        with self._turn:
            same = (account for account, (tally, _) in saved.items() if self._tallies.get(account) == tally)
            self._unsaved.difference_update(same)

    def _forget(self, account: Account) -> None:
        self._unsaved.discard(account)
        self._limits.pop(account, None)

    def find_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> Never:  # noqa: ARG002 - see OneTime
        """It can't be determined."""
        raise Unchecked

    def last_time_step(self, owner: str) -> Never:  # noqa: ARG002 - see OneTime
        """It can't be determined: another process may have accepted a later one."""
        raise Unchecked
