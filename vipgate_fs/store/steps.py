"""Time steps of one-time PINs (RFC 6238) as rows of a table: the last that was accepted of each owner."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from vipgate_fs.store.schema import TIME_STEPS, insert_missing


def last(connection: Connection, owner: str) -> int:
    """The last step that was accepted; -1: none was."""
    step: int | None = connection.scalar(select(TIME_STEPS.c.step).where(TIME_STEPS.c.owner == owner))
    return -1 if step is None else step


def use(connection: Connection, owner: str, step: int) -> bool:
    """Accept a step, if neither it nor a later one was accepted before. Who asks at the same time is told no."""
    connection.execute(insert_missing(connection, TIME_STEPS).values(owner=owner, step=-1))
    later = update(TIME_STEPS).where(TIME_STEPS.c.owner == owner, TIME_STEPS.c.step < step)
    return connection.execute(later.values(step=step)).rowcount == 1
