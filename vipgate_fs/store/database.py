"""The database behind the store: it works beside the calls, a transaction at a time, and knows whether it is there."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from vipgate_fs.aside import Aside
from vipgate_fs.config.store import find_obstacle
from vipgate_fs.secret import Secret

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

PATIENCE: Final = 2.0
"""Seconds that a caller waits for the store; then the gate goes on without it."""
RETRY: Final = 5.0
"""Seconds until a store that is gone is asked again."""
_LONGEST_MESSAGE: Final = 200
_BUSY: Final = "it is busy"
_GONE: Final = "the store is gone; going on with lockouts in memory"
_WITHOUT: Final = "guest PINs are refused, overrides stay as they were last known, call records wait"
_SQLITE: Final = (
    "PRAGMA journal_mode = WAL",  # `vipgate calls` reads while the service writes
    # What was acknowledged survives a power cut, too. That is one fsync a PIN entry, which nobody hears.
    "PRAGMA synchronous = FULL",
    f"PRAGMA busy_timeout = {round(PATIENCE * 500)}",
)

T = TypeVar("T")


class Log(Protocol):
    """Where the store tells what an administrator should know; `vipgate_fs.service.logs.Log` is one."""

    def info(self, event: str, **values: object) -> None:
        """Something is in order again."""

    def warning(self, event: str, **values: object) -> None:
        """Something to look at one day."""

    def error(self, event: str, **values: object) -> None:
        """Something to look at today."""


class StoreGone(Exception):
    """The store did not do it: not there, locked, full, too slow. The text says how it was."""


class Refused(StoreGone):
    """The store is there, but this piece of work is not for it; it would refuse it again."""


class Database:
    """A store's database. Connects when it is first asked, so that it may be made before a process forks.

    Args:
        url: a SQLite file's or PostgreSQL's.
        log: told when the store goes and when it comes back, once each.
        prepare: of `vipgate_fs.store.schema`, what is done at first; None: `migrate`, as the service does.

    Attributes:
        gone_since: Unix time; None while it is there.
    """

    def __init__(self, url: Secret, log: Log, prepare: Callable[[Connection], None] | None = None) -> None:
        from sqlalchemy import make_url  # noqa: PLC0415 - see vipgate_fs.store

        self._url: URL = make_url(url.reveal())
        self._file = self._url.database if self._url.get_backend_name() == "sqlite" else None
        self._log = log
        self._prepare = prepare
        self._aside = Aside(native=self._file is not None)
        self._turn = threading.Lock()
        self._engine: Engine | None = None
        self._inode: int | None = None
        self._gone_until = 0.0
        self.gone_since: float | None = None

    def open(self) -> None:
        """Bring the store to the present schema. One that can't be used is told, and opened when it can be."""
        # What is imported in the middle of a call else: then there may be no file descriptor to read a module with.
        from vipgate_fs.store import guests, steps, tallies  # noqa: F401, PLC0415 - see vipgate_fs.store

        try:
            self._aside.run(lambda: self.transact(lambda _connection: None), PATIENCE)
        except Exception as error:  # noqa: BLE001 - a driver may raise anything
            self._lose(error)

    def run(self, work: Callable[[Connection], T], *, reads: bool = False) -> T:
        """What `work` makes of a connection with a transaction, which is committed when this returns.

        With `reads` it only reads, and does not wait for who writes. One piece of work at a time: SQLite has one writer
        anyway, and a queue here is fairer than its waiting in turns.

        Raises:
            StoreGone: within PATIENCE, the wait for its turn included; at once for RETRY after the store was lost.
        """
        until = time.monotonic() + PATIENCE
        if not self._turn.acquire(timeout=PATIENCE):
            raise StoreGone(_BUSY)
        try:
            return self._run(work, until, reads=reads)
        finally:
            self._turn.release()

    def _run(self, work: Callable[[Connection], T], until: float, *, reads: bool) -> T:
        def in_time(connection: Connection) -> T:
            answer = work(connection)
            if time.monotonic() > until:
                raise TimeoutError  # nobody waits any more: it has not happened
            return answer

        now = time.monotonic()
        if now < self._gone_until:
            raise StoreGone("it was gone a moment ago")
        try:
            answer = self._aside.run(lambda: self.transact(in_time, reads=reads), max(0.0, until - now))
        except Exception as error:  # noqa: BLE001 - a driver may raise anything
            if isinstance(error, TimeoutError) and until - now < PATIENCE / 2:  # others were before it
                raise StoreGone(_BUSY) from None
            raise (self._lose(error) if _is_lost(error) else self._refuse(error)) from None
        if self._gone_until:
            self._gone_until, self.gone_since = 0.0, None
            self._log.info("the store is back")
        return answer

    def transact(self, work: Callable[[Connection], T], *, reads: bool = False) -> T:
        """The same in this thread, for as long as it takes, with whatever the driver raises; for a command line."""
        if self._engine is not None and self._inode != _inode(self._file):
            self._engine.dispose()  # the file was replaced: what is written to the old one is lost
            self._engine = None
        if self._engine is None:
            self._engine = self._open()
        with self._engine.connect() as connection, connection.execution_options(reads=reads).begin():
            return work(connection)

    def try_again(self) -> None:
        """Let the next piece of work ask it, however short ago it was lost."""
        self._gone_until = min(self._gone_until, time.monotonic())

    def close(self) -> None:
        """Close what is open. Whoever asks again, opens again."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _open(self) -> Engine:
        from vipgate_fs.store.schema import migrate  # noqa: PLC0415 - see vipgate_fs.store

        if self._file is not None:
            _make(self._file)
        engine = _engine(self._url)
        try:
            with engine.begin() as connection:
                (self._prepare or migrate)(connection)
        except BaseException:
            engine.dispose()
            raise
        self._inode = _inode(self._file)
        return engine

    def _lose(self, error: Exception) -> StoreGone:
        why = self.told(error)
        if not self._gone_until:
            self.gone_since = time.time()
            obstacle = self._file and find_obstacle(self._file)
            self._log.error(_GONE, why=why, without=_WITHOUT, do=obstacle or f"it is tried again every {RETRY:g} s")
        self._gone_until = time.monotonic() + RETRY
        return StoreGone(why)

    def _refuse(self, error: Exception) -> Refused:
        why = f"{type(error).__name__}: {self.told(error)}"
        self._log.error("the store refused a piece of work", why=why)
        return Refused(why)

    def told(self, error: Exception) -> str:
        """What is wrong, in a line, without the URL's password."""
        if isinstance(error, TimeoutError):
            return f"no answer within {PATIENCE:g} s"
        message = " ".join(str(getattr(error, "orig", None) or error).split())
        if self._url.password:
            message = message.replace(str(self._url.password), "***")
        return message[:_LONGEST_MESSAGE]

    def __repr__(self) -> str:
        return f"Database({self._url.drivername})"


def _is_lost(error: Exception) -> bool:
    """Whether the store itself is the trouble; else it is what it was asked, which must not harm the calls beside."""
    from sqlalchemy import exc  # noqa: PLC0415 - see vipgate_fs.store

    from vipgate_fs.store.schema import WrongSchema  # noqa: PLC0415

    if isinstance(error, exc.StatementError):
        return isinstance(error, exc.DBAPIError) and not isinstance(error, exc.DataError | exc.IntegrityError)
    return isinstance(error, OSError | ImportError | WrongSchema | exc.SQLAlchemyError)


def _make(file: str) -> None:
    """A file that nobody else reads unless he is let: callers' numbers are in it.

    One that is there is left alone: to close it would take SQLite's locks from this process, and another one would then
    delete the log of what has not got into the file yet (sqlite.org/howtocorrupt.html, 2.2).
    """
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _inode(file: str | None) -> int | None:
    try:
        return os.stat(file).st_ino if file else None  # noqa: PTH116 - no pathlib on the way of each call
    except OSError:
        return None


def _engine(url: URL) -> Engine:
    from sqlalchemy import create_engine, event  # noqa: PLC0415 - see vipgate_fs.store

    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": PATIENCE / 2})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    limits = {"statement_timeout": PATIENCE, "lock_timeout": PATIENCE / 2, "idle_in_transaction_session_timeout": RETRY}
    options = " ".join(f"-c {name}={round(seconds * 1000)}" for name, seconds in limits.items())
    arguments = {
        "connect_timeout": round(PATIENCE),
        "tcp_user_timeout": round(PATIENCE * 1000),
        "options": f"{url.query.get('options', '')} {options}".strip(),
        "application_name": "vipgate",
    }
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=arguments)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins no transactions of its own
    until = time.monotonic() + PATIENCE / 2
    while True:
        try:
            for pragma in _SQLITE:
                connection.execute(pragma)
        except sqlite3.OperationalError:
            # Workers make a store at the same moment: who is second is not made to wait for WAL, but refused.
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    """Who is going to write says so at once: to find out later that somebody else does, too, is an error in SQLite."""
    reads = connection.get_execution_options().get("reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
