"""Time-based one-time PINs (RFC 6238), as authenticator apps show them: six digits, a new one every 30 seconds."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from functools import partial
from typing import Final, Never

from pyotp import TOTP

from vipgate_fs.gate.pins import Match, OneTime
from vipgate_fs.sentences import say

PERIOD: Final = 30
"""Seconds of a time step (RFC 6238, 5.2)."""
WINDOW: Final = 1
"""Steps that the owner's clock may differ, in both directions."""
SHORTEST: Final = 16
"""Bytes that a secret must have (RFC 4226, 4, R6)."""


class Totp:
    """The one-time PINs of a secret; see `vipgate_fs.gate.pins.Credential`. Each is valid once, none before it.

    Args:
        secret: in base32.
        clock: gives the Unix time of the attempt, which may be a minute after the call has begun.

    Raises:
        ValueError: the secret is none. The text says what is allowed.
    """

    __slots__ = ("_clock", "_generator", "owner")

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        secret = secret.replace(" ", "").replace("-", "").rstrip("=").upper()
        try:
            key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        except ValueError:
            key = b""
        if len(key) < SHORTEST:
            raise ValueError(say("this is no secret; allowed: at least 26 characters of base32, A to Z and 2 to 7"))
        self._generator = TOTP(secret)
        self.owner = hashlib.sha256(b"vipgate totp\0" + key).hexdigest()
        self._clock = clock

    def matches(self, entered: str, known: OneTime) -> Match | None:
        """Whether it is a PIN of this moment, or of a step before or after, and later than all that were accepted."""
        now = int(self._clock()) // PERIOD
        given = entered.encode("utf-8", "surrogateescape")
        last = known.last_time_step(self.owner)  # asked in any case, so that timing reveals nothing
        steps = range(max(0, now - WINDOW), now + WINDOW + 1)
        right = [step for step in steps if hmac.compare_digest(self._generator.generate_otp(step).encode(), given)]
        if not right or right[-1] <= last:
            return None
        return Match(spend=partial(known.use_time_step, self.owner, right[-1]))

    def __repr__(self) -> str:
        return "Totp(***)"

    def __reduce__(self) -> Never:
        raise TypeError("a secret is not written anywhere")
