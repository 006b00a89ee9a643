"""A gate inside of another command: `call` and `demo` try a configuration without a service and without a switch.

It listens nowhere: it does not count wrong entries, and whoever reached it could try all PINs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from gevent import socket
from gevent.pool import Pool

from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.lockout import Lockouts
from vipgate_fs.gate.override import Override
from vipgate_fs.gate.pins import Unchecked
from vipgate_fs.identify.vault import MemoryVault, Vault
from vipgate_fs.service.calls import CallHandler, Clock, system_clock
from vipgate_fs.service.logs import configure
from vipgate_fs.store.database import Database
from vipgate_fs.store.keeper import Keeper
from vipgate_fs.store.vault import StoreVault

_DRAIN: Final = 1.0
"""Seconds for calls that have not ended with the block."""


class UnspentVault:
    """What a vault knows, without using any of it up. See `vipgate_fs.identify.vault.Vault`.

    Attributes:
        spared: whether a use of a guest PIN was not counted.
    """

    def __init__(self, vault: Vault) -> None:
        self.spared = False
        self._vault = vault
        self._accepted = MemoryVault()

    def has_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> bool:
        """See Vault."""
        return self._vault.has_guest_pin(gate, caller, entered, at)

    def use_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> str | None:
        """Whether it could be used."""
        with suppress(Unchecked):
            if self._vault.has_guest_pin(gate, caller, entered, at):
                self.spared = True
                return "simulated"
        return None

    def last_time_step(self, owner: str) -> int:
        """See Vault."""
        return max(self._accepted.last_time_step(owner), self._vault.last_time_step(owner))

    def use_time_step(self, owner: str, step: int) -> bool:
        """Accept it until this process ends."""
        return step > self._vault.last_time_step(owner) and self._accepted.use_time_step(owner, step)


@contextmanager
def embedded_gate(
    configuration: Configuration,
    clock: Clock = system_clock,
    level: str = "warning",
    standing: tuple[Mapping[str, Override], Lockouts] | None = None,
    database: Database | None = None,
) -> Iterator[Callable[[str, int], Any]]:
    """Serve a configuration while the block runs; gives what `Simulator` takes as `dial`.

    No call is recorded.

    Args:
        configuration: its `server` section is left aside.
        clock: the time that the gate goes by.
        level: how much of its log goes to stderr.
        standing: overrides by the gates' names, and lockouts; None: there are none, and wrong entries count in memory.
        database: has guest PINs and used time steps; it is only read.
    """
    log = configure(level, sys.stderr)
    if database is not None:
        vault = StoreVault(log, database, configuration.store.key_file)
        configuration.vault_slot.vault = UnspentVault(vault)
    keeper = Keeper(log)
    if standing is not None:
        keeper.overrides.current, keeper.lockouts = standing
    serve, calls = CallHandler(configuration, log, clock, keeper), Pool()

    def dial(host: str, port: int) -> Any:
        ours, theirs = socket.socketpair()
        calls.spawn(serve, theirs, (host, port))
        return ours

    try:
        yield dial
    finally:
        calls.join(timeout=_DRAIN)
        calls.kill()
