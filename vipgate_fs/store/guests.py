"""Guest PINs as rows of a table. What is kept of a PIN is a digest, under a key that is not in the store."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Final

from sqlalchemy import Connection, delete, select

from vipgate_fs.store.schema import GUEST_PINS, insert_missing

KEPT_FOR: Final = 30 * 86_400.0
"""Seconds that one that has ended is still listed."""


@dataclass(frozen=True, slots=True)
class IssuedPin:
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
        digits: how many it has; None: issued by a version that did not write it down.
    """

    id: str
    gate: str
    caller: str | None
    valid_until: float
    uses_left: int | None
    note: str
    created: float
    used: float | None = None
    digits: int | None = None

    def is_valid(self, at: float) -> bool:
        """Whether somebody may still use it at a Unix time."""
        return at < self.valid_until and self.uses_left != 0


def digest(key: bytes, gate: str, pin: str) -> str:
    """What is kept of a gate's PIN: HMAC-SHA256, in hexadecimal."""
    return hmac.digest(key, f"{gate}\0{pin}".encode("utf-8", "surrogateescape"), "sha256").hex()


def issue(connection: Connection, of_pin: str, guest: IssuedPin) -> bool:
    """Write a guest PIN down by its digest; False when the gate has had the same. What ended long ago is forgotten."""
    connection.execute(delete(GUEST_PINS).where(GUEST_PINS.c.valid_until < guest.created - KEPT_FOR))
    row = asdict(guest) | {"digest": of_pin}
    written = insert_missing(connection, GUEST_PINS).values(row).returning(GUEST_PINS.c.id)
    return connection.scalar(written) is not None


def read(connection: Connection) -> Iterator[IssuedPin]:
    """All, the oldest first."""
    columns = [GUEST_PINS.c[field.name] for field in fields(IssuedPin)]
    rows = connection.execute(select(*columns).order_by(GUEST_PINS.c.created, GUEST_PINS.c.id))
    return (IssuedPin(*row) for row in rows)


def revoke(connection: Connection, guest: str) -> bool:
    """Delete the one with that id; whether there was one."""
    return connection.execute(delete(GUEST_PINS).where(GUEST_PINS.c.id == guest)).rowcount == 1
