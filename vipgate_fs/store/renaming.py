"""What a gate's new name means for the store: guest PINs are good under the old one only, all else goes along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, delete, insert, literal, select

from vipgate_fs.store.schema import OVERRIDES, TALLIES

_KEPT: Final = (OVERRIDES, TALLIES)


def hand_over(connection: Connection, renamed: Sequence[tuple[str, str]]) -> None:
    """Give gates the overrides, lockouts and known callers of their former names, in place of any of the new ones.

    Args:
        connection: to the store.
        renamed: each former name with the new one, one after the other.
    """
    for table in _KEPT:
        for old, new in renamed:
            connection.execute(delete(table).where(table.c.gate == new))
            names = [column.name for column in table.columns]
            values = [literal(new) if name == "gate" else table.c[name] for name in names]
            connection.execute(insert(table).from_select(names, select(*values).where(table.c.gate == old)))


def forget(connection: Connection, names: Iterable[str]) -> None:
    """Remove what is kept under names that no gate has any more."""
    for table in _KEPT:
        connection.execute(delete(table).where(table.c.gate.in_([*names])))
