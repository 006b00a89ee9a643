"""PINs that can be compared and never be read: no repr, no pickle, no format shows one."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Never, Protocol

_KEY: Final = secrets.token_bytes(32)


def _digest(digits: str) -> bytes:
    return hmac.digest(_KEY, digits.encode("utf-8", "surrogateescape"), "sha256")


class Unchecked(Exception):
    """Nobody can tell at present whether an entry is right."""


class Credential(Protocol):
    """What a caller is to key in: a Pin, or something that has to look up what is right."""

    def matches(self, entered: str) -> bool:
        """Whether it was keyed in. Takes the same time whatever was, and changes nothing. Nothing matches "".

        Raises:
            Unchecked: what is right can't be looked up.
        """

    def redeem(self, entered: str) -> str | None:
        """Use up what was keyed in, if it is right.

        Returns what was used in a few words, "" when there is nothing to tell; None when it is not right, or no longer.
        """


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

    def redeem(self, entered: str) -> str | None:
        """A PIN is good any number of times."""
        return "" if self.matches(entered) else None

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


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Several credentials; each of them is right."""

    credentials: tuple[Credential, ...]

    def matches(self, entered: str) -> bool:
        """Whether one of them was keyed in. All are compared, so that the time tells nothing.

        Raises:
            Unchecked: none of them can be looked up. An entry that was compared with some of them is right or wrong.
        """
        compared = []
        for credential in self.credentials:
            with suppress(Unchecked):
                compared.append(credential.matches(entered))
        if self.credentials and not compared:
            raise Unchecked
        return any(compared)

    def redeem(self, entered: str) -> str | None:
        """Use up the first that was keyed in and is still good."""
        redeemed = (credential.redeem(entered) for credential in self.credentials)
        return next((used for used in redeemed if used is not None), None)


class PinTable:
    """Credentials by what identifies their owner: a caller's number, or a customer number that he keys in."""

    __slots__ = ("_nobody", "_pins")

    def __init__(self, pins: Mapping[str, Credential]) -> None:
        self._pins = dict(pins)
        self._nobody = Pin.of_nobody()

    def __contains__(self, owner: str) -> bool:
        return owner in self._pins

    def __len__(self) -> int:
        return len(self._pins)

    def of(self, owner: str) -> Credential:
        """The owner's credential; for someone who is not in the table, one that no entry matches."""
        return self._pins.get(owner, self._nobody)

    def __repr__(self) -> str:
        return f"PinTable({len(self._pins)} entries)"
