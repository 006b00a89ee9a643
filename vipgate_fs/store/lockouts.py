"""Lockouts as the service keeps them: in a database that all processes share, and in memory while there is none."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Final

from vipgate_fs.gate.lockout import Account, Entry, Judgement, Lockout, Tally, is_in_vain, judge
from vipgate_fs.store.database import Database, Log, Refused, StoreGone

if TYPE_CHECKING:
    from vipgate_fs.store.tallies import Tallies

MOST: Final = 100_000
"""Accounts that are kept in memory; those that were asked for longest ago go first."""
_SAVED_AT_ONCE: Final = 200


class Lockouts:
    """See `vipgate_fs.gate.lockout.Lockouts`.

    What the database says is kept in memory as well, so that its end gives nobody new tries; what is counted without it
    is added when it is back: of whom an entry is judged at once, the rest by `save`.

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
        self._unsaved: dict[Account, Lockout] = {}
        """What the database does not know, with the limits of its gate."""
        self._lock = threading.Lock()
        """Held for everything that is done with the two above, and never while the database is asked."""

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
        with self._lock:
            tallies = self._remembered(entry.accounts)
        if self._database is not None:
            from vipgate_fs.store.tallies import read  # noqa: PLC0415 - see vipgate_fs.store

            with suppress(StoreGone):
                kept = self._database.run(lambda connection: read(connection, entry.accounts), reads=True)
                tallies = _joined(kept, self._only_remembered(entry.accounts))
        return is_in_vain(entry, tallies, self._clock())

    def save(self) -> None:
        """Write what was counted while the database was gone.

        Raises:
            StoreGone: it still is.
        """
        most = _SAVED_AT_ONCE
        while self._unsaved:
            with self._lock:
                some = dict(islice(self._unsaved.items(), most))
            try:
                self._change(some, dict)
            except Refused:
                if most > 1:  # one of them; the others must not be lost with it
                    most = 1
                    continue
                with self._lock:
                    for account in some:
                        self._unsaved.pop(account, None)

    def _judge_in_memory(self, entry: Entry, now: float) -> tuple[Judgement, Tallies]:
        with self._lock:
            judgement, changed = judge(entry, self._remembered(entry.accounts), now)
            self._remember(changed)
            if self._database is not None:
                self._unsaved.update(dict.fromkeys(changed, entry.lockout))
        return judgement, changed

    def _judge_in_database(self, entry: Entry, now: float) -> tuple[Judgement, Tallies]:
        judged: list[tuple[Judgement, Tallies]] = []

        def make(kept: Tallies) -> Tallies:
            judged.append(judge(entry, kept, now))
            return {**kept, **judged[0][1]}

        self._change(dict.fromkeys(entry.accounts, entry.lockout), make)
        return judged[0]

    def _change(self, limits: Mapping[Account, Lockout], make: Callable[[Tallies], Tallies]) -> None:
        if self._database is None:
            raise StoreGone("there is none")
        from vipgate_fs.store.tallies import change  # noqa: PLC0415 - see vipgate_fs.store

        unsaved = self._only_remembered(limits)
        after = self._database.run(
            lambda connection: change(connection, limits, lambda kept: make(_joined(kept, unsaved)))
        )
        with self._lock:
            for account, tally in unsaved.items():
                if self._memory.get(account) == tally:
                    self._unsaved.pop(account, None)
            self._remember(_joined(after, {each: self._memory[each] for each in after if each in self._unsaved}))

    def _only_remembered(self, accounts: Iterable[Account]) -> dict[Account, Tally]:
        """Those that the database does not know as they are."""
        with self._lock:
            return {account: self._memory[account] for account in accounts if account in self._unsaved}

    def _remembered(self, accounts: Iterable[Account]) -> dict[Account, Tally]:
        return {account: self._memory.get(account, Tally()) for account in accounts}

    def _remember(self, tallies: Tallies) -> None:
        for account, tally in tallies.items():
            self._memory[account] = tally
            self._memory.move_to_end(account)
        while len(self._memory) > MOST:
            self._unsaved.pop(self._memory.popitem(last=False)[0], None)


def _joined(kept: Tallies, unsaved: Tallies) -> dict[Account, Tally]:
    return {account: tally.joined(unsaved[account]) if account in unsaved else tally for account, tally in kept.items()}
