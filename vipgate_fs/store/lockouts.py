"""Lockouts as the service keeps them: in a database that all processes share, and in memory while there is none."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from vipgate_fs.gate.lockout import Account, Entry, Judgement, Tally, is_held, judge
from vipgate_fs.store.database import Database, Log, StoreGone

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from vipgate_fs.store.tallies import Tallies

MOST: Final = 100_000
"""Accounts that are kept in memory; those that were asked for longest ago go first."""


class Lockouts:
    """See `vipgate_fs.gate.lockout.Lockouts`.

    What the database says is kept in memory as well, so that its end gives nobody new tries; what is counted without it
    is added when it is back.

    Args:
        log: told of each lockout that begins.
        database: None: memory only.
        clock: tells the Unix time.
    """

    def __init__(self, log: Log, database: Database | None = None, clock: Callable[[], float] = time.time) -> None:
        self._log = log
        self._database = database
        self._clock = clock
        self._memory: OrderedDict[Account, Tally] = OrderedDict()
        self._unsaved: set[Account] = set()
        self._lock = threading.Lock()

    def judge(self, entry: Entry) -> Judgement:
        """What an entry is worth. A wrong one has been counted when this returns, in the database if there is one."""
        now = self._clock()
        try:
            judgement, changed = self._judge_in_database(entry, now)
        except StoreGone:
            judgement, changed = self._judge_in_memory(entry, now)
        for account, tally in changed.items():
            if tally.is_locked(now):
                seconds = round(tally.locked_until - now)
                self._log.warning("a lockout begins", **account._asdict(), seconds=seconds)
        return judgement

    def is_locked(self, entry: Entry) -> bool:
        """Whether an entry of this caller would be in vain, whatever it is."""
        tallies = self._remembered(entry.limits)
        if self._database is not None:
            from vipgate_fs.store.tallies import read  # noqa: PLC0415 - see vipgate_fs.store

            with suppress(StoreGone):
                kept = self._database.run(lambda connection: read(connection, entry.limits), reads=True)
                tallies = {account: self._with_unsaved(account, tally) for account, tally in kept.items()}
        return is_held(entry, tallies, self._clock())

    def _judge_in_memory(self, entry: Entry, now: float) -> tuple[Judgement, Tallies]:
        with self._lock:
            judgement, changed = judge(entry, self._remembered(entry.limits), now)
            self._remember(changed)
            if self._database is not None:
                self._unsaved.update(changed)
        return judgement, changed

    def _judge_in_database(self, entry: Entry, now: float) -> tuple[Judgement, Tallies]:
        if self._database is None:
            raise StoreGone("there is none")
        from vipgate_fs.store.tallies import change  # noqa: PLC0415 - see vipgate_fs.store

        unsaved = {account: self._memory[account] for account in entry.limits if account in self._unsaved}

        def work(connection: Connection) -> tuple[Judgement, Tallies, Tallies]:
            judged: list[tuple[Judgement, Tallies, Tallies]] = []

            def make(kept: Tallies) -> Tallies:
                before = {account: kept[account].joined(unsaved.get(account, Tally())) for account in entry.limits}
                judgement, changed = judge(entry, before, now)
                after = before | changed
                judged.append((judgement, changed, after))
                return after

            change(connection, entry.limits, make, lambda tally: tally.forget_at(entry.lockout))
            return judged[0]

        judgement, changed, after = self._database.run(work)
        self._unsaved -= {account for account, tally in unsaved.items() if self._memory.get(account) == tally}
        self._remember(after)
        return judgement, changed

    def _with_unsaved(self, account: Account, tally: Tally) -> Tally:
        return tally.joined(self._memory[account]) if account in self._unsaved else tally

    def _remembered(self, accounts: Iterable[Account]) -> dict[Account, Tally]:
        return {account: self._memory.get(account, Tally()) for account in accounts}

    def _remember(self, tallies: Tallies) -> None:
        for account, tally in tallies.items():
            self._memory[account] = tally
            self._memory.move_to_end(account)
        while len(self._memory) > MOST:
            self._unsaved.discard(self._memory.popitem(last=False)[0])
