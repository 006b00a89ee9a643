"""The vault of a process that serves calls: guest PINs and used time steps, in the database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from vipgate_fs.identify.vault import MemoryVault
from vipgate_fs.store.database import Database, Log, StoreGone
from vipgate_fs.store.key import KeyUnusable, read_key

if TYPE_CHECKING:
    from sqlalchemy import Connection

    Question = Callable[[Connection, str, str, float], str | None]


class StoreVault:
    """See `vipgate_fs.identify.vault.Vault`.

    While the store is gone, guest PINs are refused, and time steps are remembered in memory.

    Args:
        log: told of guest PINs that are used, and why they are refused.
        database: has them.
        key_file: see `vipgate_fs.store.key`.
    """

    def __init__(self, log: Log, database: Database, key_file: Path) -> None:
        self._log = log
        self._database = database
        self._key_file = key_file
        self._key: bytes | None = None
        self._memory = MemoryVault()

    def has_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> bool:
        """See Vault."""
        from vipgate_fs.store.guests import find  # noqa: PLC0415 - see vipgate_fs.store

        return self._ask(find, gate, caller, entered, at, reads=True) is not None

    def use_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> bool:
        """See Vault."""
        from vipgate_fs.store.guests import use  # noqa: PLC0415 - see vipgate_fs.store

        used = self._ask(use, gate, caller, entered, at, reads=False)
        if used is not None:
            self._log.info("a guest PIN is used", gate=gate, id=used)
        return used is not None

    def last_time_step(self, owner: str) -> int:
        """See Vault."""
        from vipgate_fs.store.steps import last  # noqa: PLC0415 - see vipgate_fs.store

        remembered = self._memory.last_time_step(owner)
        try:
            return max(remembered, self._database.run(lambda connection: last(connection, owner), reads=True))
        except StoreGone:
            return remembered

    def use_time_step(self, owner: str, step: int) -> bool:
        """See Vault."""
        from vipgate_fs.store.steps import use  # noqa: PLC0415 - see vipgate_fs.store

        if not self._memory.use_time_step(owner, step):
            return False
        try:
            return self._database.run(lambda connection: use(connection, owner, step))
        except StoreGone:
            return True

    def _ask(  # noqa: PLR0913 - one question and its parts
        self, question: Question, gate: str, caller: str, entered: str, at: float, *, reads: bool
    ) -> str | None:
        from vipgate_fs.store.guests import digest  # noqa: PLC0415 - see vipgate_fs.store

        try:
            self._key = self._key or read_key(self._key_file)
            of_pin = digest(self._key, gate, entered)
            return self._database.run(lambda connection: question(connection, of_pin, caller, at), reads=reads)
        except KeyUnusable as error:
            why = str(error)
        except StoreGone as gone:
            why = f"the store is gone: {gone}"
        self._log.error("guest PINs are refused", gate=gate, why=why)
        return None
