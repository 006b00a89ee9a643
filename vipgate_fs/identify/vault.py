"""What steps need of the store. They are made with the configuration, and the process that serves opens the store."""

from __future__ import annotations

import threading
from typing import Protocol


class Vault(Protocol):
    """Knows guest PINs, and which one-time PINs were used."""

    def has_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> bool:
        """Whether a guest PIN was keyed in that is valid for the gate and the caller at a Unix time.

        Raises:
            Unchecked: it can't be looked up.
        """

    def use_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> str | None:
        """Count one use of it down; its id. None: it is not, or no longer, valid, or can't be looked up.

        A single use is single, whoever asks at once.
        """

    def last_time_step(self, owner: str) -> int:
        """The latest time step (RFC 6238) that was accepted of an owner; -1: none was."""

    def use_time_step(self, owner: str, step: int) -> bool:
        """Accept a time step (RFC 6238, 5.2) of an owner; False when it, or a later one, was accepted before."""


class MemoryVault:
    """No guest PINs, and the time steps that this process has accepted."""

    def __init__(self) -> None:
        self._steps: dict[str, int] = {}
        self._lock = threading.Lock()

    def has_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> bool:  # noqa: ARG002 - see Vault
        """There is none."""
        return False

    def use_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> str | None:  # noqa: ARG002 - see Vault
        """There is none."""
        return None

    def last_time_step(self, owner: str) -> int:
        """See Vault."""
        return self._steps.get(owner, -1)

    def use_time_step(self, owner: str, step: int) -> bool:
        """See Vault."""
        with self._lock:
            is_new = step > self.last_time_step(owner)
            if is_new:
                self._steps[owner] = step
            return is_new


class VaultSlot:
    """Where the process that serves puts its vault.

    Attributes:
        vault: in memory until then.
    """

    def __init__(self) -> None:
        self.vault: Vault = MemoryVault()
