"""Call records as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from sqlalchemy import Connection, select

from vipgate_fs.gate.record import CallRecord
from vipgate_fs.store.schema import CALLS, delete_some

_COLUMNS = [CALLS.c[field.name] for field in fields(CallRecord)]


def read(connection: Connection, since: float) -> Iterator[CallRecord]:
    """The records of calls that ended at `since` (Unix time) or later, in that order."""
    rows = connection.execute(select(*_COLUMNS).where(CALLS.c.ended >= since).order_by(CALLS.c.ended, CALLS.c.uuid))
    return (CallRecord(*row) for row in rows)


def purge(connection: Connection, before: float) -> bool:
    """Delete records of calls that ended before `before` (Unix time), some at a time; whether there were any."""
    return delete_some(connection, CALLS, CALLS.c.ended < before)
