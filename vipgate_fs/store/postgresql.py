"""A store in PostgreSQL, which several machines share."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from sqlalchemy import URL, Engine, create_engine

from vipgate_fs.store.dialect import MOMENT, PATIENCE, RETRY

_BUSY: Final = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)
_DEAD: Final = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
"""A server that has vanished without a word is missed after so many seconds (libpq, "Connection Strings")."""


class Postgresql:
    """See `vipgate_fs.store.dialect.Dialect`."""

    file: str | None = None
    listed = "json_array_elements(?::json) AS listed (value)"
    locks = True

    def __init__(self, url: URL) -> None:
        self._url = url

    def engine(self) -> Engine:
        """See Dialect."""
        limits = {"statement_timeout": PATIENCE, "lock_timeout": MOMENT, "idle_in_transaction_session_timeout": RETRY}
        options = " ".join(f"-c {name}={round(seconds * 1000)}" for name, seconds in limits.items())
        arguments = {
            "connect_timeout": round(PATIENCE),
            "tcp_user_timeout": round(PATIENCE * 1000),
            "options": f"{self._url.query.get('options', '')} {options}".strip(),
            "application_name": "vipgate",
            **_DEAD,
        }
        return create_engine(self._url, hide_parameters=True, pool_pre_ping=True, connect_args=arguments)

    def begin(self, connection: Any) -> None:
        """The driver begins one with the first statement."""

    def is_busy(self, error: BaseException) -> bool:
        """See Dialect."""
        return isinstance(error, _BUSY)

    def hold(self) -> bool:
        """There is no file."""
        return False

    def is_held(self) -> bool:
        """There is no file."""
        return True
