"""What a process that serves calls keeps: lockouts always, call records where there is a database."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Final

from vipgate_fs.config.model import Configuration
from vipgate_fs.gate import lockout as gate
from vipgate_fs.store.database import Database, Log, StoreGone
from vipgate_fs.store.lockouts import Lockouts
from vipgate_fs.store.overrides import Overrides
from vipgate_fs.store.records import CallRecord, Recorder
from vipgate_fs.store.vault import StoreVault

REFRESH: Final = 2.0
"""Seconds between two exchanges with the store in the background."""


class Keeper:
    """Lockouts in memory and no records; `site_keeper` makes one with the site's store.

    Args:
        log: told of lockouts, and of what is wrong with the store.
        database: where they are kept.
        recorder: writes the records; it is started with the keeper.

    Attributes:
        lockouts: judges entries.
        overrides: what people have decided about gates.
    """

    def __init__(self, log: Log, database: Database | None = None, recorder: Recorder | None = None) -> None:
        self._counted = Lockouts(log, database)
        self.lockouts: gate.Lockouts = self._counted
        self.overrides = Overrides(database)
        self._log = log
        self._database = database
        self._recorder = recorder
        self._closing = threading.Event()

    @property
    def store_gone_since(self) -> float | None:
        """Unix time; None while the store is there, or when there is to be none."""
        return self._database.gone_since if self._database is not None else None

    def start(self) -> None:
        """Open the store and begin to write records. To be called in the process that serves, not before a fork."""
        if self._database is not None:
            self._database.open()
            self._exchange()
            if not self.overrides.are_known:
                self._log.error("overrides are unknown until the store is back; the schedules decide")
            threading.Thread(target=self._keep_exchanging, name="store", daemon=True).start()
        if self._recorder is not None:
            self._recorder.start()

    def record(self, record: CallRecord) -> None:
        """Take the record of a call. Returns at once."""
        if self._recorder is not None:
            self._recorder.record(record)

    def close(self) -> None:
        """Write what is left and close the database."""
        self._closing.set()
        if self._database is not None:
            self._database.try_again()  # it is the last chance
        self._exchange()
        if self._recorder is not None:
            self._recorder.close()
        if self._database is not None:
            self._database.close()

    def _keep_exchanging(self) -> None:
        while not self._closing.wait(REFRESH):
            self._exchange()

    def _exchange(self) -> None:
        """Tell the store what it missed, and look what other processes have decided."""
        with suppress(StoreGone):
            self._counted.save()
            self.overrides.refresh()


def site_keeper(configuration: Configuration, log: Log) -> Keeper:
    """A keeper with the site's store, which the site's steps get, too. Nothing is opened before it is needed."""
    if configuration.store.url is None:
        return Keeper(log)
    database = Database(configuration.store.url, log)
    configuration.vault_slot.vault = StoreVault(log, database, configuration.store.key_file)
    records = configuration.records
    recorder = Recorder(database, log, retention=records.retention, mask_numbers=records.mask_numbers)
    return Keeper(log, database, recorder)
