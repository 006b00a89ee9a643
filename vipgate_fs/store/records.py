"""Call records as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial
from typing import Final

from sqlalchemy import Connection, select, tuple_

from vipgate_fs.gate.record import CallRecord
from vipgate_fs.store.schema import CALLS, delete_some

Page = list[CallRecord]

PAGE: Final = 1000
"""Records that are read at a time."""
_COLUMNS: Final = [CALLS.c[field.name] for field in fields(CallRecord)]
_ORDER: Final = (CALLS.c.ended, CALLS.c.uuid, CALLS.c.began)


def read(ask: Callable[[Callable[[Connection], Page]], Page], since: float) -> Iterator[CallRecord]:
    """The records of calls that ended at `since` (Unix time) or later, in that order, however many there are.

    `ask` is asked for a page after the other, so that nobody waits for who reads, and a terminal may take its time.
    """
    last: CallRecord | None = None
    while page := ask(partial(_page, since=since, last=last)):
        yield from page
        last = page[-1]


def _page(connection: Connection, since: float, last: CallRecord | None) -> Page:
    wanted = select(*_COLUMNS).where(CALLS.c.ended >= since).order_by(*_ORDER).limit(PAGE)
    if last is not None:
        ended = last.began + last.seconds
        wanted = wanted.where(CALLS.c.ended >= ended, tuple_(*_ORDER) > tuple_(ended, last.uuid, last.began))
    return [CallRecord(*row) for row in connection.execute(wanted)]


def purge(connection: Connection, before: float) -> bool:
    """Delete records of calls that ended before `before` (Unix time), some at a time; whether there were any."""
    return delete_some(connection, CALLS, CALLS.c.ended < before)
