"""PINs that can be compared and never be read: no repr, no pickle, no format shows one."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Final, Never

_KEY: Final = secrets.token_bytes(32)


def _digest(digits: str) -> bytes:
    return hmac.digest(_KEY, digits.encode("utf-8", "surrogateescape"), "sha256")


class Pin:
    """A PIN, kept only as a keyed digest that is good for the lifetime of the process.

    The digest makes every comparison take the same time, whatever the lengths of the two, and leaves nothing
    to be printed by accident.
    """

    __slots__ = ("_secret",)

    def __init__(self, digits: str) -> None:
        self._secret = _digest(digits)

    def matches(self, entered: str) -> bool:
        """Whether the caller keyed in this PIN. Constant time. An empty entry matches nothing."""
        return hmac.compare_digest(self._secret, _digest(entered)) and entered != ""

    @classmethod
    def of_nobody(cls) -> Pin:
        """A PIN that no entry matches: for a caller who is asked although he can't get through."""
        return cls(secrets.token_urlsafe(32))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pin) and hmac.compare_digest(self._secret, other._secret)

    def __hash__(self) -> int:
        return hash(self._secret)

    def __repr__(self) -> str:
        return "Pin(***)"

    def __reduce__(self) -> Never:
        raise TypeError("a PIN is not written anywhere")


class PinTable:
    """PINs by what identifies their owner: a caller's number, or a customer number that he keys in."""

    __slots__ = ("_nobody", "_pins")

    def __init__(self, pins: Mapping[str, Pin]) -> None:
        self._pins = dict(pins)
        self._nobody = Pin.of_nobody()

    def __contains__(self, owner: str) -> bool:
        return owner in self._pins

    def __len__(self) -> int:
        return len(self._pins)

    def of(self, owner: str) -> Pin:
        """The owner's PIN; for someone who is not in the table, one that no entry matches."""
        return self._pins.get(owner, self._nobody)

    def __repr__(self) -> str:
        return f"PinTable({len(self._pins)} entries)"
