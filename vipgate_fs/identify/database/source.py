"""A database that is only ever asked: one question at a time, answered in time or not at all."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import quote, quote_plus

from sqlalchemy import URL, Connection, TextClause, text
from sqlalchemy.exc import DBAPIError

from vipgate_fs.aside import Aside
from vipgate_fs.gate.step import StepFailed
from vipgate_fs.identify.database.kinds import Kind, kind_of
from vipgate_fs.identify.timeouts import Timeouts
from vipgate_fs.sentences import Sentence, say

_LONGEST_MESSAGE: Final = 300
_MOST_READINGS: Final = 3
"""How often a file is read that somebody changes meanwhile."""
_UNTRANSLATABLE: Final = {1267, 1270, 1271, 1300, 1366, 1977, 3854, 3988, "22021", "22P05"}
"""MariaDB's, MySQL's and PostgreSQL's codes for a character that the other side's character set does not have."""

T = TypeVar("T")
Row = tuple[tuple[str, Any], ...]
"""Column names and values, as the database has them."""


class Source:
    """A database. It is connected to when it is asked, with AT_ONCE connections at the most.

    Args:
        url: of SQLite, PostgreSQL by psycopg, or MariaDB by PyMySQL. See `kind_of`.
        query: one statement that reads, with bound parameters.
        timeouts: for everything.
        arguments: further ones of the driver's `connect`.
    """

    def __init__(self, url: URL, query: str, timeouts: Timeouts, arguments: Mapping[str, Any] | None = None) -> None:
        self._url = url
        self._query = query
        self._timeouts = timeouts
        self._arguments = dict(arguments or {})
        self._aside = Aside(native=url.get_backend_name() == "sqlite")
        self._lock = threading.Lock()
        self._kind: Kind | None = None

    def ask(self, parameters: Mapping[str, str]) -> list[Row]:
        """The answer's first two rows. Raises StepFailed."""
        late = say("no answer from the database within {total:g} s", total=self._timeouts.total)
        return self._in_time(_Question.answer, self._query, parameters, late)

    def reach(self) -> None:
        """Connect as a question would, and ask nothing. Raises StepFailed."""
        late = say("no connection to the database within {total:g} s", total=self._timeouts.total)
        self._in_time(_Question.connect, "", {}, late)

    def _in_time(self, work: Callable[[_Question], T], query: str, parameters: Mapping[str, str], late: Sentence) -> T:
        try:
            with closing(_Question(self._connectable(), query, parameters)) as question:
                return self._aside.run(partial(work, question), self._timeouts.total)
        except TimeoutError:
            raise StepFailed(late) from None
        except Exception as error:  # noqa: BLE001 - a driver may raise anything
            raise StepFailed(self._described(error)) from None

    def _connectable(self) -> Kind:
        with self._lock:
            if self._kind is None:
                self._kind = kind_of(self._url, self._timeouts, self._arguments)
                weakref.finalize(self, self._kind.engine.dispose)
            return self._kind

    def _described(self, error: Exception) -> Sentence:
        """What is wrong. Only of a failed connection in the driver's words: others may hold what is in a table."""
        if isinstance(error, _ChangedMeanwhile):
            return say("the file was changed each time while it was read")
        is_of_connection = isinstance(error, NoConnection)
        cause = error.__cause__ if is_of_connection else error
        cause = getattr(cause, "orig", None) or cause
        name = f"{type(cause).__name__} {_code(cause)}".strip()
        if not is_of_connection:
            return say("the query failed ({error})", error=name)
        message = "" if isinstance(cause, UnicodeError) else " ".join(str(cause).split())  # which quotes the text
        for secret in filter(None, (self._url.password, self._url.query.get("sslpassword"))):
            for written in {str(secret), quote(str(secret)), quote(str(secret), safe=""), quote_plus(str(secret))}:
                message = message.replace(written, "***")
        if not message:
            return say("no connection to the database ({error})", error=name)
        return say("no connection to the database ({error}): {message}", error=name, message=message[:_LONGEST_MESSAGE])

    def __repr__(self) -> str:
        return f"Source({self._url.drivername})"


def _code(error: BaseException | None) -> object:
    """The database's own code: MariaDB's number, PostgreSQL's SQLSTATE, SQLite's name; "" when there is none."""
    if error is not None and error.args and isinstance(error.args[0], int):
        return error.args[0]
    return getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", "")


class NoConnection(Exception):
    """There is no connection; its cause says why."""


class _ChangedMeanwhile(Exception):
    """What was read is not to be believed."""


class _Question:
    """One question, which may be closed from elsewhere while it is being answered."""

    def __init__(self, kind: Kind, query: str, parameters: Mapping[str, str]) -> None:
        self._kind = kind
        self._query = query
        self._parameters = parameters
        self._connection: Any = None
        self._is_closed = False

    def answer(self) -> list[Row]:
        """The first two rows."""
        statement = text(self._query)
        try:
            return self._rows(statement, self._parameters)
        except Exception as error:
            plain = {name: value.encode("ascii", "replace").decode() for name, value in self._parameters.items()}
            if self._is_closed or plain == self._parameters or not _is_untranslatable(error):
                raise
        return self._rows(statement, plain)  # where nothing can be like the name that somebody has given themselves

    def _rows(self, statement: TextClause, parameters: Mapping[str, str]) -> list[Row]:
        for _ in range(_MOST_READINGS):
            with suppress(_ChangedMeanwhile):
                try:
                    return self._rows_once(statement, parameters)
                except DBAPIError as error:
                    if self._is_closed or not error.connection_invalidated:
                        raise
                # A connection from earlier was gone: the database was started anew meanwhile. All such are dropped now.
                return self._rows_once(statement, parameters)
        raise _ChangedMeanwhile

    def _rows_once(self, statement: TextClause, parameters: Mapping[str, str]) -> list[Row]:
        with self._connected() as connection:
            if self._is_closed:
                return []
            driver = self._connection = connection.connection.driver_connection
            try:
                if self._kind.begin:
                    connection.exec_driver_sql(self._kind.begin, execution_options={"no_parameters": True})
                result = connection.execute(statement, dict(parameters))
                names = tuple(result.keys())
                rows = [tuple(zip(names, row, strict=True)) for row in result.fetchmany(2)]
            except DBAPIError:
                if not self._kind.is_true(driver):
                    raise _ChangedMeanwhile from None
                raise
            finally:
                self._connection = None
            if not self._kind.is_true(driver):
                raise _ChangedMeanwhile
            return rows

    def _connected(self) -> Connection:
        try:
            return self._kind.engine.connect()
        except Exception as error:
            raise NoConnection from error

    def connect(self) -> None:
        """Connect and ask nothing. Raises NoConnection."""
        self._connected().close()

    def close(self) -> None:
        """Nobody waits for the answer any more."""
        self._is_closed = True
        if (connection := self._connection) is not None:
            with suppress(Exception):  # it was closed at this moment
                self._kind.cut(connection)


def _is_untranslatable(error: Exception) -> bool:
    cause = getattr(error, "orig", None) or error
    return isinstance(cause, UnicodeError) or _code(cause) in _UNTRANSLATABLE
