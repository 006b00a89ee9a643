"""The tallies of lockouts as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, CursorResult, Row, bindparam, select, tuple_, update

from vipgate_fs.gate.lockout import Account, AccountKind, Lockout, Tally
from vipgate_fs.store.schema import TALLIES, delete_some, insert_or_lock

Tallies = Mapping[Account, Tally]

_KEY = tuple_(TALLIES.c.gate, TALLIES.c.kind, TALLIES.c.who)
_UPDATE = update(TALLIES).where(
    TALLIES.c.gate == bindparam("of_gate"), TALLIES.c.kind == bindparam("of_kind"), TALLIES.c.who == bindparam("of_who")
)

_HAS_ANY = (TALLIES.c.kind != "proof") & ((TALLIES.c.failures != "") | (TALLIES.c.locked_until > 0))


def change(connection: Connection, limits: Mapping[Account, Lockout], make: Callable[[Tallies], Tallies]) -> Tallies:
    """Replace accounts' tallies by what `make` makes of them, as if nobody else had anything to do with them.

    `limits` has the accounts, with what says when they may be forgotten. Returns what was made.

    The rows are locked, always in the same order, before they are read. They are written also when nothing has changed:
    an entry that is in vain takes as long as any other.
    """
    blank = [_row(account, Tally(), 0.0) for account in sorted(limits)]
    rows = connection.execute(insert_or_lock(connection, TALLIES, blank))
    made = make(dict(map(_tally, rows)))
    connection.execute(
        _UPDATE,
        [
            {f"of_{name}": value for name, value in account._asdict().items()}
            | _row(account, tally, tally.forget_at(limits[account]))
            for account, tally in made.items()
        ],
    )
    return made


def read(connection: Connection, accounts: Collection[Account]) -> dict[Account, Tally]:
    """The accounts' tallies."""
    found = dict(map(_tally, connection.execute(select(TALLIES).where(_KEY.in_(accounts)))))
    return {account: found.get(account, Tally()) for account in accounts}


def forget(connection: Connection, now: float) -> bool:
    """Delete what does not matter any more, some at a time; whether there was any."""
    return delete_some(connection, TALLIES, TALLIES.c.forget_at < now)


@dataclass(frozen=True, slots=True)
class Kept:
    """An account with its tally, for those who look after lockouts."""

    account: Account
    tally: Tally


def kept(connection: Connection) -> Iterator[Kept]:
    """All accounts that have wrong entries or a lockout to their name."""
    for row in connection.execute(select(TALLIES).where(_HAS_ANY).order_by(*TALLIES.primary_key)):
        yield Kept(*_tally(row))


def clear(
    connection: Connection, gate: str | None = None, kinds: Collection[AccountKind] = (), who: str | None = None
) -> int:
    """Forget wrong entries and lockouts: all, or those of a gate, some kinds, or somebody; how many accounts had any.

    Who is known stays known.
    """
    cleared = update(TALLIES).where(_HAS_ANY).values(failures="", locked_until=0.0, doublings=0)
    if kinds:
        cleared = cleared.where(TALLIES.c.kind.in_(kinds))
    for column, value in ((TALLIES.c.gate, gate), (TALLIES.c.who, who)):
        if value is not None:
            cleared = cleared.where(column == value)
    result: CursorResult[Any] = connection.execute(cleared)
    return result.rowcount


def _row(account: Account, tally: Tally, forget_at: float) -> dict[str, Any]:
    return account._asdict() | {
        "failures": " ".join(map(repr, tally.failures)),
        "locked_until": tally.locked_until,
        "doublings": tally.doublings,
        "right_at": tally.right_at,
        "forget_at": forget_at,
    }


def _tally(row: Row[Any]) -> tuple[Account, Tally]:
    failures = tuple(map(float, row.failures.split()))
    return Account(row.gate, row.kind, row.who), Tally(failures, row.locked_until, row.doublings, row.right_at)
