"""What is special about each kind of database: its driver, and how a question is kept from writing and from lasting."""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Cursor
from sqlalchemy import URL, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DisconnectionError

from vipgate_fs.aside import AT_ONCE
from vipgate_fs.identify.database.sqlite_file import SqliteFile
from vipgate_fs.identify.timeouts import Timeouts

LONGEST_IDLE: Final = 30.0
"""Seconds; after more, a firewall on the way may have forgotten the connection without a word."""
_GRACE: Final = 0.5
"""Seconds by which a database that ends a query itself comes before its driver, which would give up the connection."""
_UNKNOWN_VARIABLE: Final = 1193
"""ER_UNKNOWN_SYSTEM_VARIABLE of MariaDB and MySQL."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of database, and how to reach one of it.

    Attributes:
        engine: makes connections.
        begin: the statement that begins a transaction which can only read and ends in time; "": none is needed.
        cut: makes whoever waits for the driver's connection stop waiting; called from elsewhere.
        is_true: whether what was read through the driver's connection may be believed.
        native: the driver waits where gevent can't see it.
    """

    engine: Engine
    begin: str
    cut: Callable[[Any], None]
    is_true: Callable[[Any], bool] = lambda _connection: True
    native: bool = False


def kind_of(url: URL, timeouts: Timeouts, arguments: dict[str, Any]) -> Kind:
    """The kind of a database.

    Args:
        url: of one of SQLite (whose database is an absolute path), PostgreSQL and MariaDB or MySQL.
        timeouts: for everything.
        arguments: further ones of the driver's `connect`.
    """
    match url.get_backend_name():
        case "sqlite":
            return _sqlite(url, timeouts)
        case "postgresql":
            return _postgresql(url, timeouts, arguments)
    return _mariadb(url, timeouts, arguments)


def _sqlite(url: URL, timeouts: Timeouts) -> Kind:
    file = SqliteFile(str(url.database))
    # A file is opened in no time; its connections must not go from one thread to another.
    engine = _engine(url, poolclass=NullPool, creator=lambda: file.open(timeouts.read))
    return Kind(engine, "", lambda connection: connection.interrupt(), file.is_as_it_was, native=True)


def _postgresql(url: URL, timeouts: Timeouts, arguments: dict[str, Any]) -> Kind:
    """Whatever is said once for a connection, a pooler may refuse (`options`), ignore, or keep for somebody else.

    So it is said in each transaction, which also PgBouncer's transaction pooling leaves whole; and no statement is
    prepared, which the next transaction would look for on another connection.
    """
    milliseconds = _milliseconds(_longest(timeouts))
    begin = f"BEGIN READ ONLY; SET LOCAL statement_timeout = {milliseconds}"
    common = {
        "cursor_factory": _one_statement_at_a_time(begin),
        "connect_timeout": math.ceil(timeouts.connect),
        "tcp_user_timeout": _milliseconds(timeouts.read),
        "prepare_threshold": None,
    }
    named = {} if "application_name" in url.query else {"application_name": "vipgate"}
    engine = _pooled(url, common | named | arguments)
    return Kind(engine, begin, lambda connection: _cut_socket(connection.fileno()))


def _one_statement_at_a_time(begin: str) -> Any:
    """A cursor by which no query ends the transaction and goes on writing outside of it.

    psycopg sends a query without parameters in a way in which it may be several (`COMMIT; DELETE …`); with parameters,
    the server takes one statement only.
    """

    class OneStatement(Cursor[Any]):
        def _execute_send(self, query: Any, *, force_extended: bool = False, binary: bool | None = None) -> None:
            is_ours = query.query == begin.encode()
            super()._execute_send(query, force_extended=force_extended or not is_ours, binary=binary)

    return OneStatement


def _mariadb(url: URL, timeouts: Timeouts, arguments: dict[str, Any]) -> Kind:
    silence = timeouts.read + _GRACE
    common = {"connect_timeout": timeouts.connect, "read_timeout": silence, "write_timeout": silence}
    engine = _pooled(url, common | arguments)
    event.listen(engine, "connect", lambda connection, _record: _prepare_mariadb(connection, _longest(timeouts)))
    cut = lambda connection: _cut_socket(connection._sock.fileno())  # noqa: E731, SLF001 - PyMySQL shows it nowhere else
    return Kind(engine, "START TRANSACTION READ ONLY", cut)


def _prepare_mariadb(connection: Any, longest: float) -> None:
    """What a server says it is can be anybody's choice (`version`, a proxy), so it is found out."""
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        try:
            cursor.execute(f"SET SESSION max_statement_time={longest}")
        except Exception as error:
            if not error.args or error.args[0] != _UNKNOWN_VARIABLE:
                raise
            cursor.execute(f"SET SESSION max_execution_time={_milliseconds(longest)}")  # MySQL's name for it


def _pooled(url: URL, arguments: dict[str, Any]) -> Engine:
    engine = _engine(url, connect_args=arguments, pool_size=AT_ONCE, max_overflow=0, pool_use_lifo=True)

    def give_back(_connection: Any, record: Any) -> None:
        record.info["idle since"] = time.monotonic()

    def take(_connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.pop("idle since", math.inf) > LONGEST_IDLE:
            raise DisconnectionError("idle for too long")

    event.listen(engine, "checkin", give_back)
    event.listen(engine, "checkout", take)
    return engine


def _engine(url: URL, **arguments: Any) -> Engine:
    # Transactions begin with a statement of their own, and the pool rolls them back.
    engine = create_engine(url, isolation_level="AUTOCOMMIT", hide_parameters=True, **arguments)
    # What SQLAlchemy would ask a new server about itself serves its ORM and depends on what the server says it is.
    engine.dialect.initialize = lambda _connection: None  # type: ignore[assignment,method-assign]
    return engine


def _cut_socket(file: int) -> None:
    with socket.socket(fileno=os.dup(file)) as copy:
        copy.shutdown(socket.SHUT_RDWR)


def _longest(timeouts: Timeouts) -> float:
    """Seconds after which the database itself ends a query: nobody waits for it any more."""
    return min(timeouts.read, timeouts.total)


def _milliseconds(seconds: float) -> int:
    return math.ceil(seconds * 1000)
