"""A store in a SQLite file. All processes of a machine share it; it has one writer at a time."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event

from vipgate_fs.store.dialect import MOMENT

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",  # `vipgate calls` reads while the service writes
    # What was acknowledged survives a power cut, too: one fsync for all attempts that wait at the same moment.
    "PRAGMA synchronous = FULL",
    f"PRAGMA busy_timeout = {round(MOMENT * 1000)}",
)
_TURN: Final = "PRAGMA busy_timeout = 8"
"""SQLite asks again after 1, 2 and 5 ms, then ever more seldom: whoever begins anew after these waits the shortest."""
_PATH_ONLY: Final = getattr(os, "O_PATH", 0)
"""Of Linux: another system does not notice that the file is replaced."""
_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_PRIMARY: Final = 0xFF
"""Of an extended result code (sqlite.org/rescode.html)."""


class Sqlite:
    """See `vipgate_fs.store.dialect.Dialect`."""

    listed = "json_each(?)"
    locks = False

    def __init__(self, url: URL) -> None:
        self.file = url.database
        self._url = url
        self._held = -1

    def engine(self) -> Engine:
        """See Dialect."""
        if self.file:
            _make(self.file)
        engine = create_engine(self._url, hide_parameters=True)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine

    def begin(self, connection: Any) -> None:
        """See Dialect."""
        connection.execute(_TURN)
        until = time.monotonic() + MOMENT
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not self.is_busy(error) or time.monotonic() > until:
                    raise
            else:
                return

    def is_busy(self, error: BaseException) -> bool:
        """See Dialect."""
        return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _BUSY

    def hold(self) -> bool:
        """See Dialect."""
        if not self.file or not _PATH_ONLY:
            return False
        # Nobody else gets its number as long as it is held; and to close what was opened so takes no locks of SQLite's.
        held = os.open(self.file, _PATH_ONLY | os.O_CLOEXEC)
        before, self._held = self._held, held
        if before < 0:
            return False
        is_other = not os.path.sameopenfile(before, held)
        os.close(before)
        return is_other

    def is_held(self) -> bool:
        """See Dialect."""
        try:
            return not self.file or self._held < 0 or os.path.samestat(os.stat(self.file), os.fstat(self._held))  # noqa: PTH116 - each call
        except OSError:
            return False


def _make(file: str) -> None:
    """A file that nobody else may read: callers' numbers are in it.

    One that is there is left alone: to close it would take SQLite's locks from this process, and another one would then
    delete the log of what has not got into the file yet (sqlite.org/howtocorrupt.html, 2.2).
    """
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins no transactions of its own
    until = time.monotonic() + MOMENT
    while True:
        try:
            for pragma in _PRAGMAS:
                connection.execute(pragma)
        except sqlite3.OperationalError:
            # Workers make a store at the same moment: who is second is not made to wait for WAL, but refused.
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    """Who is going to write says so at once: to find out later that somebody else does, too, is an error in SQLite."""
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
