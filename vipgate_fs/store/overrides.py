"""Overrides as rows of a table, and as the service knows them: as they were when the store could last be asked."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from vipgate_fs.gate.override import Override
from vipgate_fs.store.database import Database, StoreGone

if TYPE_CHECKING:
    from sqlalchemy import Connection

REFRESH: Final = 2.0
"""Seconds between two looks into the store."""


def read(connection: Connection) -> dict[str, Override]:
    """All overrides by their gates' names, those that have ended included."""
    from sqlalchemy import select  # noqa: PLC0415 - see vipgate_fs.store

    from vipgate_fs.store.schema import OVERRIDES  # noqa: PLC0415

    rows = connection.execute(select(OVERRIDES).order_by(OVERRIDES.c.gate))
    return {row.gate: Override(bool(row.active), row.until) for row in rows}


def write(connection: Connection, gate: str, override: Override | None) -> None:
    """Put an override in the place of what there is for the gate; None takes it back."""
    from sqlalchemy import delete, insert  # noqa: PLC0415 - see vipgate_fs.store

    from vipgate_fs.store.schema import OVERRIDES  # noqa: PLC0415

    connection.execute(delete(OVERRIDES).where(OVERRIDES.c.gate == gate))
    if override is not None:
        values = {"gate": gate, "active": int(override.active), "until": override.until}
        connection.execute(insert(OVERRIDES).values(values))


class Overrides:
    """Looks for overrides in the background, so that no call waits for them.

    Args:
        database: None: there are no overrides.

    Attributes:
        current: by the gate's name. While the store is gone, as they were before.
    """

    def __init__(self, database: Database | None = None) -> None:
        self.current: Mapping[str, Override] = {}
        self._database = database
        self._closing = threading.Event()

    def start(self) -> None:
        """Look once, then begin to look again and again."""
        if self._database is not None:
            self._refresh(self._database)
            threading.Thread(target=self._watch, args=(self._database,), name="overrides", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._closing.set()

    def _watch(self, database: Database) -> None:
        while not self._closing.wait(REFRESH):
            self._refresh(database)

    def _refresh(self, database: Database) -> None:
        with suppress(StoreGone):
            self.current = database.run(read, reads=True)
