"""The vault of a process that serves calls: guest PINs and used time steps, in the database."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vipgate_fs.gate.pins import Unchecked
from vipgate_fs.identify.vault import MemoryVault
from vipgate_fs.store.database import Database, Log, StoreGone
from vipgate_fs.store.key import KeyUnusable, read_key

if TYPE_CHECKING:
    from sqlalchemy import Connection

    Question = Callable[[Connection, str, str, float], str | None]


class StoreVault:
    """See `vipgate_fs.identify.vault.Vault`.

    While the store is gone, guest PINs can't be checked, and time steps are remembered in memory.

    Args:
        log: told why guest PINs can't be checked though the store is there, once.
        database: has them.
        key_file: see `vipgate_fs.store.key`. It is read each time: `vipgate pin issue` may have made another.
    """

    def __init__(self, log: Log, database: Database, key_file: Path) -> None:
        self._log = log
        self._database = database
        self._key_file = key_file
        self._memory = MemoryVault()
        self._refused_because: str | None = None

    def has_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> bool:
        """See Vault."""
        from vipgate_fs.store.guests import find  # noqa: PLC0415 - see vipgate_fs.store

        return self._ask(find, gate, caller, entered, at, reads=True) is not None

    def use_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> str | None:
        """See Vault."""
        from vipgate_fs.store.guests import use  # noqa: PLC0415 - see vipgate_fs.store

        with suppress(Unchecked):
            return self._ask(use, gate, caller, entered, at, reads=False)
        return None

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
            key = self._key(gate, at)
            if key is None:
                return None
            of_pin = digest(key, gate, entered)
            return self._database.run(lambda connection: question(connection, of_pin, caller, at), reads=reads)
        except StoreGone as gone:
            raise Unchecked from gone

    def _key(self, gate: str, at: float) -> bytes | None:
        """The key; None when nobody misses it: no guest PIN of the gate can be right."""
        from vipgate_fs.store.guests import are_valid  # noqa: PLC0415 - see vipgate_fs.store

        try:
            key = read_key(self._key_file)
        except KeyUnusable as error:
            if not self._database.run(lambda connection: are_valid(connection, gate, at), reads=True):
                return None
            why = str(error)
            if why != self._refused_because:
                self._refused_because = why
                self._log.error("guest PINs are refused", gate=gate, why=why)
            raise Unchecked from error
        self._refused_because = None
        return key
