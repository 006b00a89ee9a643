"""Accounts of the administration page as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Final

from sqlalchemy import Connection, delete, select, update

from vipgate_fs.store.schema import ACCOUNTS, PAGE, TALLIES, insert_missing

ADMINISTRATOR: Final = "administrator"
"""A role: may do everything."""
FRONT_DESK: Final = "front-desk"
"""A role: sees calls, switches gates, issues guest PINs, clears lockouts, tries calls; sees no file, no setting."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in.

    Attributes:
        name: that they sign in with.
        role: what they may do; ADMINISTRATOR or FRONT_DESK.
        proof: of the password, as argon2 has it (RFC 9106); nobody can tell the password by it.
        created: Unix time.
        codes: what the secret of their one-time codes is made of, together with the key that is not in the store; None:
            they sign in without codes.
    """

    name: str
    role: str
    proof: str = field(repr=False)
    created: float
    codes: str | None = field(default=None, repr=False)

    @property
    def stamp(self) -> str:
        """Changes with whatever they sign in with."""
        return f"{self.proof} {self.codes or ''}"


_COLUMNS = [ACCOUNTS.c[each.name] for each in fields(Account)]


def read(connection: Connection) -> Iterator[Account]:
    """All, by name."""
    return (Account(*row) for row in connection.execute(select(*_COLUMNS).order_by(ACCOUNTS.c.name)))


def find(connection: Connection, name: str) -> Account | None:
    """The one of that name."""
    row = connection.execute(select(*_COLUMNS).where(ACCOUNTS.c.name == name)).first()
    return Account(*row) if row else None


def add(connection: Connection, account: Account) -> bool:
    """Write an account down; False when there is one of that name."""
    written = insert_missing(connection, ACCOUNTS).values(asdict(account)).returning(ACCOUNTS.c.name)
    return connection.scalar(written) is not None


def renew(connection: Connection, name: str, proof: str) -> bool:
    """Give an account another password, by its proof; whether there is one of that name.

    Wrong passwords of before are forgotten: whoever may do this need not wait.
    """
    own = (TALLIES.c.gate == PAGE) & (TALLIES.c.who == name)
    connection.execute(delete(TALLIES).where(own, TALLIES.c.kind == "caller"))
    return connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.name == name).values(proof=proof)).rowcount == 1


def set_codes(connection: Connection, name: str, codes: str | None) -> bool:
    """Let an account sign in with one-time codes from now on, or without; whether there is one of that name."""
    return connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.name == name).values(codes=codes)).rowcount == 1


def remove(connection: Connection, name: str) -> bool:
    """Delete an account; whether there was one."""
    return connection.execute(delete(ACCOUNTS).where(ACCOUNTS.c.name == name)).rowcount == 1
