"""The database behind the store: connections to it, made when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, PoolProxiedConnection, exc, make_url

from vipgate_fs.config.store import find_obstacle
from vipgate_fs.secret import Secret
from vipgate_fs.sentences import say
from vipgate_fs.sentences.system import of_file
from vipgate_fs.store.dialect import HANG, Dialect
from vipgate_fs.store.schema import WrongSchema, migrate
from vipgate_fs.store.sqlite import Sqlite

_LONGEST_MESSAGE: Final = 200
_HARMLESS: Final = frozenset(("DataError", "IntegrityError", "ProgrammingError", "InterfaceError", "NotSupportedError"))
"""Errors of a driver (PEP 249) that are about what it was asked, not about the database."""

T = TypeVar("T")


class Replaced(Exception):
    """The store's file is another one than a moment ago, or gone."""


class Database:
    """A store's database. Connects when it is first asked, so that it may be made before a process forks.

    Args:
        url: a SQLite file's or PostgreSQL's.
        prepare: of `vipgate_fs.store.schema`, what is done at first: `migrate`, as the service does, or less.

    Attributes:
        dialect: of this kind of database.
        was_replaced: whether its file was another one when it was connected to. Whoever has seen to it takes it back.
    """

    def __init__(self, url: Secret, prepare: Callable[[Connection], None] = migrate) -> None:
        self._url = make_url(url.reveal())
        self.dialect: Dialect = self._make_dialect()
        self.was_replaced = False
        self._prepare = prepare
        self._engine: Engine | None = None
        self._writing: PoolProxiedConnection | None = None
        self._abandoned = 0
        """How often: who hung in it meanwhile closes what is theirs, and touches nothing of those who came after."""

    def _make_dialect(self) -> Dialect:
        if self._url.get_backend_name() == "sqlite":
            return Sqlite(self._url)
        from vipgate_fs.store.postgresql import Postgresql  # noqa: PLC0415 - a site with SQLite needs no psycopg

        return Postgresql(self._url)

    def transact(self, work: Callable[[Connection], T], *, reads: bool = False) -> T:
        """What `work` makes of a connection with a transaction, which is committed when this returns.

        With `reads` it only reads, and does not wait for who writes. For as long as it takes, in this thread, with
        whatever the driver raises.
        """
        before = self._abandoned
        with self._connected().connect() as connection:
            try:
                with connection.execution_options(reads=reads).begin():
                    return work(connection)
            finally:
                if self._abandoned != before:
                    connection.invalidate()

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """A transaction that writes, on a connection of the driver that is kept for it. One at a time.

        Raises:
            Replaced: see `was_replaced`; nothing was done.
        """
        before = self._abandoned
        engine = self._connected()
        if self.was_replaced:
            raise Replaced
        writing = self._writing or engine.raw_connection()
        try:
            if self._abandoned != before:
                raise TimeoutError
            self._writing = writing
            connection = writing.driver_connection
            assert connection is not None, "it is in use"
            self.dialect.begin(connection)
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
        finally:
            if self._abandoned != before:
                writing.invalidate()
                engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """A transaction that only reads, on a connection of the driver."""
        before = self._abandoned
        proxied = self._connected().raw_connection()
        try:
            yield proxied.driver_connection
        finally:
            if self._abandoned != before:
                proxied.invalidate()
            proxied.close()  # which rolls back

    def close(self) -> None:
        """Close what is open. Whoever asks again, opens again."""
        engine, self._engine = self._engine, None
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.invalidate()
        if engine is not None:
            engine.dispose()

    def abandon(self) -> None:
        """Leave what is open to whoever hangs in it, and close what nobody uses. Whoever asks again, opens again."""
        self._abandoned += 1
        engine, self._engine = self._engine, None
        self._writing = None
        if engine is not None:
            engine.dispose()

    def _connected(self) -> Engine:
        if (engine := self._engine) is not None:
            if self.dialect.is_held():
                return engine
            self.close()  # what is written to a file that was removed is lost
        before = self._abandoned
        engine = self.dialect.engine()
        try:
            with engine.begin() as connection:
                self._prepare(connection)
        except BaseException:
            engine.dispose()
            raise
        if self._abandoned != before:
            engine.dispose()
            raise TimeoutError
        self.was_replaced = self.dialect.hold() or self.was_replaced
        if (first := self._engine) is not None:  # another thread's
            engine.dispose()
            return first
        self._engine = engine
        return engine

    def find_obstacle(self) -> str | None:
        """What keeps this user from the store, if that can be seen, and what to do."""
        return find_obstacle(self.dialect.file) if self.dialect.file else None

    def is_busy(self, error: BaseException) -> bool:
        """Whether to try again may help: others were before it."""
        return self.dialect.is_busy(_original(error))

    def is_lost(self, error: BaseException) -> bool:
        """Whether the database itself is the trouble; else it is what it was asked, which must harm no other."""
        original = _original(error)
        if isinstance(original, TimeoutError | OSError | ImportError | WrongSchema):
            return True
        if isinstance(error, exc.SQLAlchemyError) and original is error:
            return not isinstance(error, exc.StatementError)
        kinds = {kind.__name__ for kind in type(original).__mro__}
        return "Error" in kinds and not kinds & _HARMLESS

    def describe(self, error: BaseException) -> str:
        """What is wrong, in a line, without the URL's password."""
        if isinstance(error, TimeoutError):
            return say("nothing was finished within {time:g} s", time=HANG)
        original = _original(error)
        if isinstance(original, WrongSchema):
            return str(original)
        if isinstance(original, OSError) and original.filename:
            return of_file(original)
        message = " ".join(str(original).split())
        if self._url.password:
            message = message.replace(str(self._url.password), "***")
        return message[:_LONGEST_MESSAGE]

    def __repr__(self) -> str:
        return f"Database({self._url.drivername})"


def _original(error: BaseException) -> BaseException:
    """The driver's error within SQLAlchemy's."""
    return getattr(error, "orig", None) or error
