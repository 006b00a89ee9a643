"""Overrides as rows of a table."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, delete, insert, select

from vipgate_fs.gate.override import Override
from vipgate_fs.store.schema import OVERRIDES


def read(connection: Connection) -> dict[str, Override]:
    """All overrides by their gates' names, those that have ended included."""
    rows = connection.execute(select(OVERRIDES).order_by(OVERRIDES.c.gate))
    return {row.gate: Override(bool(row.active), row.until, row.since, row.note) for row in rows}


def write(connection: Connection, gate: str, override: Override | None) -> None:
    """Put an override in the place of what there is for the gate; None takes it back."""
    connection.execute(delete(OVERRIDES).where(OVERRIDES.c.gate == gate))
    if override is not None:
        values = asdict(override) | {"gate": gate, "active": int(override.active)}
        connection.execute(insert(OVERRIDES).values(values))
