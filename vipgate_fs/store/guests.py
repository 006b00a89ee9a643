"""Guest PINs as rows of a table. What is kept of a PIN is a digest, under a key that is not in the store."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, or_, select, update

from vipgate_fs.store.schema import GUEST_PINS, insert_missing

KEPT_FOR: Final = 30 * 86_400.0
"""Seconds that one that has ended is still listed."""


@dataclass(frozen=True, slots=True)
class GuestPin:
    """What is known of a guest PIN, but not its digits.

    Attributes:
        id: names it.
        gate: where it is good.
        caller: canonical number of the only caller who may use it; None: anybody.
        valid_until: Unix time of its end.
        uses_left: how often it may still be used; None: any number of times.
        note: whom it was made for.
        created: Unix time.
        used: Unix time of the last call that used it; None: none has.
    """

    id: str
    gate: str
    caller: str | None
    valid_until: float
    uses_left: int | None
    note: str
    created: float
    used: float | None = None

    def is_valid(self, at: float) -> bool:
        """Whether somebody may still use it at a Unix time."""
        return at < self.valid_until and self.uses_left != 0


def digest(key: bytes, gate: str, pin: str) -> str:
    """What is kept of a gate's PIN: HMAC-SHA256, in hexadecimal."""
    return hmac.digest(key, f"{gate}\0{pin}".encode("utf-8", "surrogateescape"), "sha256").hex()


def issue(connection: Connection, of_pin: str, guest: GuestPin) -> bool:
    """Write a guest PIN down by its digest; False when the gate has had the same. What ended long ago is forgotten."""
    connection.execute(delete(GUEST_PINS).where(GUEST_PINS.c.valid_until < guest.created - KEPT_FOR))
    row = asdict(guest) | {"digest": of_pin}
    written = insert_missing(connection, GUEST_PINS).values(row).returning(GUEST_PINS.c.id)
    return connection.scalar(written) is not None


def read(connection: Connection) -> Iterator[GuestPin]:
    """All, the oldest first."""
    columns = [GUEST_PINS.c[field.name] for field in fields(GuestPin)]
    rows = connection.execute(select(*columns).order_by(GUEST_PINS.c.created, GUEST_PINS.c.id))
    return (GuestPin(*row) for row in rows)


def revoke(connection: Connection, guest: str) -> bool:
    """Delete the one with that id; whether there was one."""
    return connection.execute(delete(GUEST_PINS).where(GUEST_PINS.c.id == guest)).rowcount == 1


def find(connection: Connection, of_pin: str, caller: str, at: float) -> str | None:
    """The id of the one with that digest, if it is valid for the caller at that Unix time."""
    return connection.scalar(select(GUEST_PINS.c.id).where(*_is_valid(of_pin, caller, at)))


def use(connection: Connection, of_pin: str, caller: str, at: float) -> str | None:
    """The same, and one use of it is counted down."""
    one_less = {"uses_left": GUEST_PINS.c.uses_left - 1, "used": at}
    used = update(GUEST_PINS).where(*_is_valid(of_pin, caller, at)).values(one_less)
    found: str | None = connection.scalar(used.returning(GUEST_PINS.c.id))
    return found


def are_valid(connection: Connection, gate: str, at: float) -> bool:
    """Whether a gate has any that somebody may still use at that Unix time."""
    return connection.scalar(select(GUEST_PINS.c.id).where(GUEST_PINS.c.gate == gate, *_may_be_used(at))) is not None


def _is_valid(of_pin: str, caller: str, at: float) -> Iterator[ColumnElement[bool]]:
    yield GUEST_PINS.c.digest == of_pin
    yield or_(GUEST_PINS.c.caller.is_(None), GUEST_PINS.c.caller == caller)
    yield from _may_be_used(at)


def _may_be_used(at: float) -> Iterator[ColumnElement[bool]]:
    yield GUEST_PINS.c.valid_until > at
    yield or_(GUEST_PINS.c.uses_left.is_(None), GUEST_PINS.c.uses_left > 0)
