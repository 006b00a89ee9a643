"""Call records as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Subquery, func, select, tuple_

from vipgate_fs.gate.record import COLUMNS, CallRecord
from vipgate_fs.sentences.keeping import from_json
from vipgate_fs.store.schema import CALLS, delete_some

Page = list[CallRecord]

LOOKED_THROUGH: Final = 50_000
"""Records that a search looks through for one page."""

PAGE: Final = 1000
"""Records that are read at a time."""
_COLUMNS: Final = [*(CALLS.c[name] for name in COLUMNS), CALLS.c.reason_parts]
_REASON: Final = COLUMNS.index("reason")
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
    return [_record(row) for row in connection.execute(wanted)]


def counts(connection: Connection, since: float) -> dict[tuple[str | None, str], int]:
    """How many calls ended at `since` (Unix time) or later, by gate and outcome."""
    kinds = (CALLS.c.gate, CALLS.c.outcome)
    rows = connection.execute(select(*kinds, func.count()).where(CALLS.c.ended >= since).group_by(*kinds))
    return {(gate, outcome): number for gate, outcome, number in rows}


def purge(connection: Connection, before: float) -> bool:
    """Delete records of calls that ended before `before` (Unix time), some at a time; whether there were any."""
    return delete_some(connection, CALLS, CALLS.c.ended < before)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records are looked for.

    Attributes:
        since: Unix time at which the calls ended, or later.
        number: a part of the caller's or the called number; "": any.
        withheld: only of callers without a number.
        outcomes: any of these; empty: any at all.
        gate: its name; None: any.
    """

    since: float
    number: str = ""
    withheld: bool = False
    outcomes: frozenset[str] = frozenset()
    gate: str | None = None

    def fits(self, record: CallRecord) -> bool:
        """Whether a record is one of them."""
        return (
            record.began + record.seconds >= self.since
            and (self.number in record.caller or self.number in record.called)
            and not (self.withheld and record.caller)
            and (not self.outcomes or record.outcome in self.outcomes)
            and self.gate in (None, record.gate)
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A page of records, the latest first.

    Attributes:
        records: that fit.
        after: where the next page begins; None: there is no more.
        looked_back: Unix time until which was looked, when the page ended because many records were looked through.
    """

    records: Page
    after: tuple[float, str, float] | None
    looked_back: float | None = None


def latest(
    connection: Connection, wanted: Wanted, most: int = 50, after: tuple[float, str, float] | None = None
) -> Found:
    """The records of the calls that ended last, or before `after`. At most LOOKED_THROUGH are looked at."""
    backwards = [column.desc() for column in _ORDER]
    recent = select(CALLS).where(CALLS.c.ended >= wanted.since).order_by(*backwards).limit(LOOKED_THROUGH)
    if after is not None:
        recent = recent.where(CALLS.c.ended <= after[0], tuple_(*_ORDER) < tuple_(*after))
    seen = recent.subquery()
    chosen = select(*(seen.c[column.name] for column in _COLUMNS), seen.c.ended)
    if wanted.number:
        part = f"%{_literally(wanted.number)}%"
        chosen = chosen.where(seen.c.caller.like(part, escape="\\") | seen.c.called.like(part, escape="\\"))
    if wanted.withheld:
        chosen = chosen.where(seen.c.caller == "")
    if wanted.outcomes:
        chosen = chosen.where(seen.c.outcome.in_(wanted.outcomes))
    if wanted.gate is not None:
        chosen = chosen.where(seen.c.gate == wanted.gate)
    order = [column.desc() for column in _in_order(seen)]
    rows = list(connection.execute(chosen.order_by(*order).limit(most + 1)))
    found = [_record(row[:-1]) for row in rows[:most]]
    if len(rows) > most:
        last = rows[most - 1]
        return Found(found, (last.ended, last.uuid, last.began))
    oldest = connection.execute(
        select(seen.c.ended, seen.c.uuid, seen.c.began)
        .order_by(*(column.desc() for column in _in_order(seen)))
        .offset(LOOKED_THROUGH - 1)
        .limit(1)
    ).first()
    return Found(found, oldest and (oldest.ended, oldest.uuid, oldest.began), oldest and oldest.ended)


def find(connection: Connection, uuid: str, began: float) -> CallRecord | None:
    """The record of a call that came to the gate at that Unix time."""
    row = connection.execute(select(*_COLUMNS).where(CALLS.c.uuid == uuid, CALLS.c.began == began)).first()
    return _record(row) if row else None


def _record(row: Sequence[Any]) -> CallRecord:
    *values, parts = row
    values[_REASON] = from_json(values[_REASON], parts)
    return CallRecord(*values)


def _in_order(seen: Subquery) -> list[Any]:
    return [seen.c[column.name] for column in _ORDER]


def _literally(text: str) -> str:
    """For LIKE: only digits and the like are looked for, never by patterns."""
    return "".join(f"\\{sign}" if sign in "%_\\" else sign for sign in text)
