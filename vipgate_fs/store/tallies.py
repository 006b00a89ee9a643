"""The tallies of lockouts as rows of a table, for those who look after them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, CursorResult, delete, func, select, tuple_, update

from vipgate_fs.gate.lockout import KNOWN_FOR, Account, AccountKind, Tally
from vipgate_fs.store.ledger import tally_of
from vipgate_fs.store.schema import PAGE, TALLIES, delete_some

_OF_CALLERS = (TALLIES.c.kind != "proof") & (TALLIES.c.gate != PAGE)
_HAS_ANY = _OF_CALLERS & ((TALLIES.c.failures > 0) | (TALLIES.c.locked_until > 0))


def forget(connection: Connection, now: float) -> bool:
    """Delete what does not matter any more, some at a time; whether there was any."""
    return delete_some(connection, TALLIES, TALLIES.c.forget_at < now)


@dataclass(frozen=True, slots=True)
class Kept:
    """An account with its tally, for those who look after lockouts."""

    account: Account
    tally: Tally


def kept(connection: Connection) -> Iterator[Kept]:
    """All accounts of callers with failed attempts or a lockout."""
    for row in connection.execute(select(TALLIES).where(_HAS_ANY).order_by(*TALLIES.primary_key)):
        yield Kept(*tally_of(row))


def count_locked(connection: Connection, now: float) -> int:
    """Lockouts in force."""
    locked = _OF_CALLERS & (TALLIES.c.locked_until > now)
    return connection.scalars(select(func.count()).select_from(TALLIES).where(locked)).one()


def clear(
    connection: Connection, gate: str | None = None, kinds: Collection[AccountKind] = (), who: str | None = None
) -> int:
    """Forget failed attempts and lockouts: all, or those of a gate, some kinds, or somebody; how many accounts had any.

    Who is known stays known, and who guesses at passwords of the administration page stays locked out.
    """
    _hold(connection)
    cleared = update(TALLIES).where(_HAS_ANY).values(failures=0, since=0.0, locked_until=0.0)
    if kinds:
        cleared = cleared.where(TALLIES.c.kind.in_(kinds))
    for column, value in ((TALLIES.c.gate, gate), (TALLIES.c.who, who)):
        if value is not None:
            cleared = cleared.where(column == value)
    result: CursorResult[Any] = connection.execute(cleared)
    return result.rowcount


@dataclass(frozen=True, slots=True)
class Known:
    """A caller who is known at a gate, because the right PIN came from their number.

    Attributes:
        gate: its name.
        caller: their number.
        customer: the customer number that they are known for; "" where none is asked for.
        since: Unix time of the last right PIN.
        failures: failed attempts since then that only somebody known could make.
    """

    gate: str
    caller: str
    customer: str
    since: float
    failures: int

    @property
    def who(self) -> str:
        """See `vipgate_fs.gate.lockout.Account`."""
        return f"{self.customer} {self.caller}"

    @property
    def until(self) -> float:
        """Unix time at which they are not known any more, unless the right PIN comes again."""
        return self.since + KNOWN_FOR


def known(
    connection: Connection, now: float, part: str = "", most: int = 50, after: tuple[str, str] | None = None
) -> list[Known]:
    """Known callers by gate and number, `part` of their number or customer number; those after (gate, who)."""
    order = TALLIES.c.gate, TALLIES.c.who
    wanted = select(*order, TALLIES.c.right_at, TALLIES.c.failures)
    wanted = wanted.where(TALLIES.c.kind == "proof", TALLIES.c.right_at > now - KNOWN_FOR)
    if part:
        wanted = wanted.where(TALLIES.c.who.contains(part, autoescape=True))
    if after is not None:
        wanted = wanted.where(tuple_(*order) > tuple_(*after))
    return [
        Known(gate, who.partition(" ")[2], who.partition(" ")[0], right_at, failures)
        for gate, who, right_at, failures in connection.execute(wanted.order_by(*order).limit(most))
    ]


def forget_known(connection: Connection, gate: str, who: str) -> bool:
    """Let a caller be a stranger again; whether they were known. Their failed attempts and lockouts stay."""
    _hold(connection)
    proof = (TALLIES.c.gate == gate) & (TALLIES.c.kind == "proof")
    was_known = connection.execute(delete(TALLIES).where(proof, TALLIES.c.who == who)).rowcount > 0
    caller = who.partition(" ")[2]
    others = select(TALLIES.c.who).where(proof, TALLIES.c.who.endswith(f" {caller}", autoescape=True))
    if connection.execute(others.limit(1)).first() is None:
        own = (TALLIES.c.gate == gate) & (TALLIES.c.kind == "caller") & (TALLIES.c.who == caller)
        connection.execute(update(TALLIES).where(own).values(right_at=0.0))
    return was_known


def _hold(connection: Connection) -> None:
    """Whoever is judging attempts holds their gate, and would write back what is changed here."""
    gates = select(TALLIES.c.gate).where(TALLIES.c.kind == "gate").order_by(TALLIES.c.gate)
    connection.execute(gates.with_for_update())
