"""The service's door to its store: one that all processes of a machine, or several machines, have together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final

from vipgate_fs.aside import Aside
from vipgate_fs.config.store import find_open_to_others
from vipgate_fs.gate.lockout import Attempt, is_in_vain
from vipgate_fs.gate.memory import Judged, Log, Tallies
from vipgate_fs.gate.override import Override
from vipgate_fs.gate.pins import Credential
from vipgate_fs.gate.record import CallRecord, masked
from vipgate_fs.secret import Secret
from vipgate_fs.store import dialect, overrides, records, tallies
from vipgate_fs.store.database import Database
from vipgate_fs.store.key import KeyFile
from vipgate_fs.store.ledger import Ledger
from vipgate_fs.store.meanwhile import Meanwhile
from vipgate_fs.store.writer import StoreGone, Writer

REFRESH: Final = 2.0
"""Seconds between two looks at what other processes have decided."""
PURGE_EVERY: Final = 3600.0
"""Seconds between two deletions of what is too old."""
_PAUSE: Final = 9
"""How much longer than a piece of a deletion the pause after it is: nine tenths of the time are the calls'."""
_RARELY: Final = 100
"""How much longer than counting lockouts takes the pause after it is, at least."""
_LAST_CHANCE: Final = 2.0
"""Seconds to write what is left at the end."""
_UNKNOWN: Final = "overrides are unknown until the store is back; the schedules decide"


class Store:
    """See `vipgate_fs.gate.memory.Memory`. While it is gone, lockouts go on in memory.

    Args:
        url: of its database.
        key_file: has the key of guest PINs; see `vipgate_fs.store.key`.
        log: of lockouts, and of faults of the store.
        retention: seconds that call records are kept.
        mask_numbers: whether telephone numbers in records lose their last three digits.
        clock: gives the Unix time.
    """

    def __init__(  # noqa: PLR0913 - what a store is, and what it is for
        self,
        url: Secret,
        key_file: Path,
        log: Log,
        *,
        retention: float = 30 * 86_400.0,
        mask_numbers: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.overrides: Mapping[str, Override] = MappingProxyType({})
        self.lockouts = 0
        self._database = Database(url)
        self._meanwhile = Meanwhile(log, clock)
        self._key = KeyFile(key_file)
        self._writer = Writer(self._database, self._key, log, self._meanwhile, clock)
        self._aside = Aside(native=self._database.dialect.file is not None)
        self._log = log
        self._retention = retention
        self._mask_numbers = mask_numbers
        self._clock = clock
        self._closing = threading.Event()
        self._purge_at = self._count_at = 0.0
        self._exchanging = threading.Thread(target=self._keep_exchanging, name="exchange", daemon=True)

    @property
    def gone_since(self) -> float | None:
        """Unix time; None while the store is there."""
        return self._writer.gone_since

    def open(self) -> None:
        """Bring the store to the present schema, if it is there, and begin to write."""
        self._writer.start()
        if not self.exchange(dialect.PATIENCE):
            self._log.error(_UNKNOWN)
        file = self._database.dialect.file
        if file and (danger := find_open_to_others(file)):
            self._log.error("other users can get at the store", why=danger)
        self._exchanging.start()

    def close(self) -> None:
        """Write what is left and close the database."""
        self._closing.set()
        self._writer.close(_LAST_CHANCE)
        if self._exchanging.ident is not None:
            self._exchanging.join(_LAST_CHANCE)
        self._database.close()

    def judge(self, attempt: Attempt, expected: Credential, entered: str) -> Judged:
        """See Memory."""
        try:
            return self._writer.judge(attempt, expected, entered)
        except StoreGone:
            return self._meanwhile.judge(attempt, expected, entered)

    def is_locked(self, attempt: Attempt) -> bool:
        """See Memory. While the store is unavailable, the answer is what this worker saw last."""

        def read() -> Tallies:
            with self._database.reading() as connection:
                ledger = Ledger(connection, self._database.dialect, self._key, reads=True)
                return ledger.tallies(attempt.accounts)

        found = dict(self._meanwhile.tallies(attempt.accounts))
        if self.gone_since is None:
            unsaved = self._meanwhile.unsaved(attempt.accounts)
            try:
                kept = self._aside.run(read, dialect.PATIENCE)
            except Exception:  # noqa: BLE001, S110 - a driver may raise anything; the attempt will show it
                pass
            else:
                found = dict(kept)
                for account, (tally, lockout) in unsaved.items():
                    found[account] = found[account].joined(tally, lockout.of(account))
        return is_in_vain(attempt, found, self._clock())

    def record(self, record: CallRecord) -> None:
        """See Memory."""
        self._writer.record(masked(record) if self._mask_numbers else record)

    def exchange(self, patience: float = dialect.HANG) -> bool:
        """Look what other processes have decided; whether that was possible."""
        try:
            self.overrides = self._aside.run(lambda: self._database.transact(overrides.read, reads=True), patience)
        except Exception as error:  # noqa: BLE001 - a driver may raise anything
            if self.gone_since is None and not self._database.is_busy(error) and self._database.is_lost(error):
                self._writer.lose(error)
            return False
        if self._database.was_replaced or self.gone_since is not None:
            self._writer.wake()
        return True

    def _keep_exchanging(self) -> None:
        while not self._closing.wait(REFRESH):
            if self.exchange():
                self._count_lockouts()
                if time.monotonic() >= self._purge_at and not self._purge(REFRESH):
                    self._purge_at = time.monotonic() + PURGE_EVERY

    def _count_lockouts(self) -> None:
        """For the figures; no call waits for it, and where there are many accounts it is done less often."""
        started, now = time.monotonic(), self._clock()
        if started < self._count_at:
            return
        with suppress(Exception):  # a driver may raise anything; then the number is the last that was seen
            self.lockouts = self._aside.run(
                lambda: self._database.transact(lambda connection: tallies.count_locked(connection, now), reads=True),
                dialect.HANG,
            )
        self._count_at = time.monotonic() + (time.monotonic() - started) * _RARELY

    def _purge(self, seconds: float) -> bool:
        """Delete what is too old, a piece at a time and for so long; whether there is more."""
        until = time.monotonic() + seconds
        now = self._clock()
        while not self._closing.is_set():
            started = time.monotonic()
            if started > until:
                return True
            try:
                more = self._aside.run(
                    lambda: self._database.transact(
                        lambda connection: (
                            records.purge(connection, now - self._retention) or tallies.forget(connection, now)
                        )
                    ),
                    dialect.HANG,
                )
            except Exception:  # noqa: BLE001 - a driver may raise anything
                return True
            if not more:
                return False
            self._closing.wait((time.monotonic() - started) * _PAUSE)
        return True
