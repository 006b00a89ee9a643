"""What is special about a kind of database."""

from __future__ import annotations

from typing import Any, Final, Protocol

from sqlalchemy import Engine

PATIENCE: Final = 2.0
"""Seconds that a caller waits for the store; then their attempt can't be checked."""
HANG: Final = 10.0
"""Seconds in which a store that is asked has to finish something; one that does not is gone."""
RETRY: Final = 5.0
"""Seconds until a store that is gone is asked again."""
MOMENT: Final = 1.0
"""Seconds that a transaction waits for its turn before it begins anew."""


class Dialect(Protocol):
    """What is special about a kind of database.

    Attributes:
        file: of a SQLite store; None: it is none.
        listed: the SQL that makes rows with a column `value` of a JSON array, its one parameter.
        locks: whether what is read must be locked; else a transaction that writes is alone anyway.
    """

    file: str | None
    listed: str
    locks: bool

    def engine(self) -> Engine:
        """Connects as the store needs it. What is missing and can be made is made. Raises OSError: it can't be."""

    def begin(self, connection: Any) -> None:
        """Begin a transaction that writes, on a connection of the driver. Waits a MOMENT for its turn."""

    def is_busy(self, error: BaseException) -> bool:
        """Whether an error of the driver is one of waiting: to try again may help."""

    def hold(self) -> bool:
        """Remember which file it is that has just been connected to; whether it was another one before."""

    def is_held(self) -> bool:
        """Whether there is still that file where the store is."""
