"""Time-based one-time PINs (RFC 6238), as authenticator apps show them: six digits, a new one every 30 seconds."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Final, Never

from pyotp import TOTP

from vipgate_fs.identify.vault import VaultSlot

PERIOD: Final = 30
"""Seconds of a time step (RFC 6238, 5.2)."""
WINDOW: Final = 1
"""Steps that the owner's clock may differ, in both directions."""
SHORTEST: Final = 16
"""Bytes that a secret must have (RFC 4226, 4, R6)."""


class Totp:
    """The one-time PINs of a secret; see `vipgate_fs.gate.pins.Credential`. Each is good once, and none before it.

    Args:
        secret: in base32.
        slot: has the vault that remembers what was used.
        clock: tells the Unix time: of the entry, which may be a minute after the call has begun.

    Raises:
        ValueError: the secret is none. The text says what is allowed.
    """

    __slots__ = ("_clock", "_generator", "_owner", "_slot")

    def __init__(self, secret: str, slot: VaultSlot, clock: Callable[[], float] = time.time) -> None:
        secret = secret.replace(" ", "").replace("-", "").rstrip("=").upper()
        try:
            key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        except ValueError:
            key = b""
        if len(key) < SHORTEST:
            raise ValueError("this is no secret; allowed: at least 26 characters of base32, A to Z and 2 to 7")
        self._generator = TOTP(secret)
        self._owner = hashlib.sha256(b"vipgate totp\0" + key).hexdigest()
        self._slot = slot
        self._clock = clock

    def matches(self, entered: str) -> bool:
        """Whether it is a PIN of this moment, or of a step before or after, and later than all that were accepted."""
        return self._step(entered) is not None

    def redeem(self, entered: str) -> str | None:
        """Accept it, if no other call was quicker."""
        step = self._step(entered)
        return "" if step is not None and self._slot.vault.use_time_step(self._owner, step) else None

    def _step(self, entered: str) -> int | None:
        now = int(self._clock()) // PERIOD
        given = entered.encode("utf-8", "surrogateescape")
        last = self._slot.vault.last_time_step(self._owner)  # asked in any case: the time that it takes tells nothing
        steps = range(max(0, now - WINDOW), now + WINDOW + 1)
        right = [step for step in steps if hmac.compare_digest(self._generator.generate_otp(step).encode(), given)]
        return right[-1] if right and right[-1] > last else None

    def __repr__(self) -> str:
        return "Totp(***)"

    def __reduce__(self) -> Never:
        raise TypeError("a secret is not written anywhere")
