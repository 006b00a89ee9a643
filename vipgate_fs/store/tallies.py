"""The tallies of lockouts as rows of a table, for those who look after them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, CursorResult, func, select, update

from vipgate_fs.gate.lockout import Account, AccountKind, Tally
from vipgate_fs.store.ledger import tally_of
from vipgate_fs.store.schema import TALLIES, delete_some

_HAS_ANY = (TALLIES.c.kind != "proof") & ((TALLIES.c.failures > 0) | (TALLIES.c.locked_until > 0))


def forget(connection: Connection, now: float) -> bool:
    """Delete what does not matter any more, some at a time; whether there was any."""
    return delete_some(connection, TALLIES, TALLIES.c.forget_at < now)


@dataclass(frozen=True, slots=True)
class Kept:
    """An account with its tally, for those who look after lockouts."""

    account: Account
    tally: Tally


def kept(connection: Connection) -> Iterator[Kept]:
    """All accounts with failed attempts or a lockout."""
    for row in connection.execute(select(TALLIES).where(_HAS_ANY).order_by(*TALLIES.primary_key)):
        yield Kept(*tally_of(row))


def count_locked(connection: Connection, now: float) -> int:
    """Lockouts in force."""
    locked = (TALLIES.c.kind != "proof") & (TALLIES.c.locked_until > now)
    return connection.scalars(select(func.count()).select_from(TALLIES).where(locked)).one()


def clear(
    connection: Connection, gate: str | None = None, kinds: Collection[AccountKind] = (), who: str | None = None
) -> int:
    """Forget failed attempts and lockouts: all, or those of a gate, some kinds, or somebody; how many accounts had any.

    Who is known stays known.
    """
    # Whoever is judging attempts holds their gate, and would write back what is cleared here.
    gates = select(TALLIES.c.gate).where(TALLIES.c.kind == "gate").order_by(TALLIES.c.gate)
    connection.execute(gates.with_for_update())
    cleared = update(TALLIES).where(_HAS_ANY).values(failures=0, since=0.0, locked_until=0.0)
    if kinds:
        cleared = cleared.where(TALLIES.c.kind.in_(kinds))
    for column, value in ((TALLIES.c.gate, gate), (TALLIES.c.who, who)):
        if value is not None:
            cleared = cleared.where(column == value)
    result: CursorResult[Any] = connection.execute(cleared)
    return result.rowcount
