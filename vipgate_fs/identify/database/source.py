"""A database that is only ever asked: one question at a time, answered in time or not at all."""

from __future__ import annotations

import math
import os
import socket
import threading
import weakref
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from vipgate_fs.aside import AT_ONCE, Aside
from vipgate_fs.gate.gate import StepFailed
from vipgate_fs.identify.timeouts import Timeouts

if TYPE_CHECKING:  # `vipgate check` does not wait for SQLAlchemy unless a gate asks a database
    from sqlalchemy import URL, Engine, TextClause

_LONGEST_MESSAGE: Final = 200
_GRACE: Final = 0.5
"""Seconds by which a database that ends a query itself comes before its driver, which would give up the connection."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is special about a kind of database.

    Attributes:
        arguments: of its driver's `connect`.
        prepare: makes a new connection refuse to write.
        cut: makes whoever waits for the connection stop waiting; called from elsewhere.
        native: the driver waits where gevent can't see it.
    """

    arguments: Callable[[URL, Timeouts], dict[str, Any]]
    prepare: Callable[[Any, Timeouts], None]
    cut: Callable[[Any], None]
    native: bool = False


def _sqlite_arguments(_url: URL, timeouts: Timeouts) -> dict[str, Any]:
    return {"timeout": timeouts.read}


def _nothing(_connection: Any, _timeouts: Timeouts) -> None:
    """The connection refuses to write from its beginning."""


def _postgresql_arguments(url: URL, timeouts: Timeouts) -> dict[str, Any]:
    options = f"-c default_transaction_read_only=on -c statement_timeout={_milliseconds(_longest(timeouts))}"
    return {
        "connect_timeout": math.ceil(timeouts.connect),
        "tcp_user_timeout": _milliseconds(timeouts.read),
        "options": f"{url.query.get('options', '')} {options}".strip(),
        "application_name": "vipgate",
    }


def _mariadb_arguments(_url: URL, timeouts: Timeouts) -> dict[str, Any]:
    silence = timeouts.read + _GRACE
    return {"connect_timeout": timeouts.connect, "read_timeout": silence, "write_timeout": silence}


def _prepare_mariadb(connection: Any, timeouts: Timeouts) -> None:
    is_mariadb = "MariaDB" in connection.get_server_info()
    longest = _longest(timeouts)
    limit = f"max_statement_time={longest}" if is_mariadb else f"max_execution_time={_milliseconds(longest)}"
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        cursor.execute(f"SET SESSION {limit}")


def _cut_socket(file: int) -> None:
    with socket.socket(fileno=os.dup(file)) as copy:
        copy.shutdown(socket.SHUT_RDWR)


def _longest(timeouts: Timeouts) -> float:
    """Seconds after which the database itself ends a query: nobody waits for it any more."""
    return min(timeouts.read, timeouts.total)


def _milliseconds(seconds: float) -> int:
    return math.ceil(seconds * 1000)


_MARIADB: Final = _Kind(
    _mariadb_arguments,
    _prepare_mariadb,
    lambda connection: _cut_socket(connection._sock.fileno()),  # noqa: SLF001 - PyMySQL shows it nowhere else
)
_KINDS: Final = {
    "sqlite": _Kind(_sqlite_arguments, _nothing, lambda connection: connection.interrupt(), native=True),
    "postgresql": _Kind(_postgresql_arguments, _nothing, lambda connection: _cut_socket(connection.fileno())),
    "mysql": _MARIADB,
    "mariadb": _MARIADB,
}

Row = tuple[tuple[str, Any], ...]
"""Column names and values, as the database has them."""


class Source:
    """A database. It is connected to when it is asked, with AT_ONCE connections at the most.

    Args:
        url: of SQLite (with `mode=ro`), PostgreSQL by psycopg, or MariaDB by PyMySQL.
        query: one statement that reads, with bound parameters.
        timeouts: for everything.
    """

    def __init__(self, url: URL, query: str, timeouts: Timeouts) -> None:
        self._url = url
        self._query = query
        self._timeouts = timeouts
        self._kind = _KINDS[url.get_backend_name()]
        self._aside = Aside(native=self._kind.native)
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    def ask(self, parameters: Mapping[str, str]) -> list[Row]:
        """The answer's first two rows. Raises StepFailed."""
        try:
            with closing(_Question(self._connectable(), self._query, parameters, self._kind.cut)) as question:
                return self._aside.run(question.answer, self._timeouts.total)
        except TimeoutError:
            raise StepFailed(f"no answer from the database within {self._timeouts.total:g} s") from None
        except Exception as error:  # noqa: BLE001 - a driver may raise anything
            raise StepFailed(self._told(error)) from None

    def _connectable(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = _engine(self._url, self._kind, self._timeouts)
                weakref.finalize(self, self._engine.dispose)
            return self._engine

    def _told(self, error: Exception) -> str:
        """What is wrong. Only of a failed connection in the driver's words: others may hold what is in a table."""
        cause = getattr(error, "orig", None) or error
        name = f"{type(cause).__name__} {_code(cause)}".strip()
        if getattr(error, "statement", "") is not None:
            return f"the query failed ({name})"
        message = " ".join(str(cause).split())
        if self._url.password:
            message = message.replace(str(self._url.password), "***")
        return f"no connection to the database ({name}): {message[:_LONGEST_MESSAGE]}"

    def __repr__(self) -> str:
        return f"Source({self._url.drivername})"


def _code(error: BaseException) -> object:
    """The database's own code: MariaDB's number, PostgreSQL's SQLSTATE, SQLite's name; "" when there is none."""
    if error.args and isinstance(error.args[0], int):
        return error.args[0]
    return getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", "")


class _Question:
    """One question, which may be closed from elsewhere while it is being answered."""

    def __init__(self, engine: Engine, query: str, parameters: Mapping[str, str], cut: Callable[[Any], None]) -> None:
        self._engine = engine
        self._query = query
        self._parameters = parameters
        self._cut = cut
        self._connection: Any = None
        self._is_closed = False

    def answer(self) -> list[Row]:
        """The first two rows."""
        from sqlalchemy import text  # noqa: PLC0415 - see above
        from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

        statement = text(self._query)
        try:
            return self._rows(statement)
        except DBAPIError as error:
            if self._is_closed or error.statement is None or not error.connection_invalidated:
                raise
        # A connection from earlier was gone: the database was started anew meanwhile. The pool has dropped all such.
        return self._rows(statement)

    def _rows(self, statement: TextClause) -> list[Row]:
        with self._engine.connect() as connection:
            if self._is_closed:
                return []
            self._connection = connection.connection.driver_connection
            try:
                result = connection.execute(statement, dict(self._parameters))
                names = tuple(result.keys())
                return [tuple(zip(names, row, strict=True)) for row in result.fetchmany(2)]
            finally:
                self._connection = None

    def close(self) -> None:
        """Nobody waits for the answer any more."""
        self._is_closed = True
        if (connection := self._connection) is not None:
            with suppress(Exception):  # it was closed at this moment
                self._cut(connection)


def _engine(url: URL, kind: _Kind, timeouts: Timeouts) -> Engine:
    from sqlalchemy import NullPool, create_engine, event  # noqa: PLC0415 - see above

    # A SQLite file is opened in no time; its connections must not go from one thread to another.
    pool: dict[str, Any] = {"poolclass": NullPool} if kind.native else {"pool_size": AT_ONCE, "max_overflow": 0}
    engine = create_engine(
        url,
        connect_args=kind.arguments(url, timeouts),
        isolation_level="AUTOCOMMIT",  # a single statement needs no transaction around it
        hide_parameters=True,
        **pool,
    )
    event.listen(engine, "connect", lambda connection, _record: kind.prepare(connection, timeouts))
    return engine
