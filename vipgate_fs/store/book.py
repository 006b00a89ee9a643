"""A store that is only looked at: for `explain` and `call`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from vipgate_fs.gate.lockout import Account
from vipgate_fs.gate.memory import Tallies
from vipgate_fs.gate.pins import Unchecked
from vipgate_fs.store.database import Database
from vipgate_fs.store.key import KeyFile
from vipgate_fs.store.ledger import Ledger

T = TypeVar("T")


class StoreBook:
    """What is in a store, to look at, a question at a time. See `vipgate_fs.gate.memory.Readable`.

    Args:
        database: the store's.
        key: of guest PINs.
    """

    def __init__(self, database: Database, key: KeyFile) -> None:
        self._database = database
        self._key = key

    def tallies(self, accounts: Collection[Account]) -> Tallies:
        """See Book."""
        return self._ask(lambda ledger: ledger.tallies(accounts))

    def find_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> str | None:
        """See OneTime."""
        return self._ask(lambda ledger: ledger.find_guest_pin(gate, caller, entered, at))

    def last_time_step(self, owner: str) -> int:
        """See OneTime."""
        return self._ask(lambda ledger: ledger.last_time_step(owner))

    def _ask(self, question: Callable[[Ledger], T]) -> T:
        try:
            with self._database.reading() as connection:
                return question(Ledger(connection, self._database.dialect, self._key, reads=True))
        except Unchecked:
            raise
        except Exception as error:  # noqa: BLE001 - a driver may raise anything
            raise Unchecked(self._database.describe(error)) from None
