"""Overrides as rows of a table, and as the service knows them: as they were when the store could last be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from vipgate_fs.gate.override import Override
from vipgate_fs.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection


def read(connection: Connection) -> dict[str, Override]:
    """All overrides by their gates' names, those that have ended included."""
    from sqlalchemy import select  # noqa: PLC0415 - see vipgate_fs.store

    from vipgate_fs.store.schema import OVERRIDES  # noqa: PLC0415

    rows = connection.execute(select(OVERRIDES).order_by(OVERRIDES.c.gate))
    return {row.gate: Override(bool(row.active), row.until, row.since, row.note) for row in rows}


def write(connection: Connection, gate: str, override: Override | None) -> None:
    """Put an override in the place of what there is for the gate; None takes it back."""
    from sqlalchemy import delete, insert  # noqa: PLC0415 - see vipgate_fs.store

    from vipgate_fs.store.schema import OVERRIDES  # noqa: PLC0415

    connection.execute(delete(OVERRIDES).where(OVERRIDES.c.gate == gate))
    if override is not None:
        values = asdict(override) | {"gate": gate, "active": int(override.active)}
        connection.execute(insert(OVERRIDES).values(values))


class Overrides:
    """What is known of overrides: no call waits for them.

    Args:
        database: None: there are no overrides.

    Attributes:
        current: by the gate's name, as they were when the store could last be asked.
        are_known: whether it could be asked since the start.
    """

    def __init__(self, database: Database | None = None) -> None:
        self.current: Mapping[str, Override] = {}
        self.are_known = database is None
        self._database = database

    def refresh(self) -> None:
        """Look into the store.

        Raises:
            StoreGone: it can't be asked.
        """
        if self._database is not None:
            self.current = self._database.run(read, reads=True)
            self.are_known = True
