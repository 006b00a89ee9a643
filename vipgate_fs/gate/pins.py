"""PINs that can be compared and never be read: no repr, no pickle, no format shows one."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple, Never, Protocol

from vipgate_fs.sentences import NOTHING, Sentence

_KEY: Final = secrets.token_bytes(32)


def _digest(digits: str) -> bytes:
    return hmac.digest(_KEY, digits.encode("utf-8", "surrogateescape"), "sha256")


class Unchecked(Exception):
    """Whether an attempt is right can't be determined at present."""


class OneTime(Protocol):
    """What is known of PINs that get used up. Nobody else uses one up between an attempt's question and its use.

    Raises:
        Unchecked: by each: it can't be looked up.
    """

    def find_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> str | None:
        """The id of the guest PIN that was keyed in, if it is valid for the gate and the caller at a Unix time."""

    def use_guest_pin(self, guest: str, at: float) -> None:
        """Count one use of the one with that id down."""

    def last_time_step(self, owner: str) -> int:
        """The latest time step (RFC 6238) that was accepted of an owner; -1: none was."""

    def use_time_step(self, owner: str, step: int) -> None:
        """Accept a time step of an owner: neither it nor one before it is accepted again (RFC 6238, 5.2)."""


def _spend_nothing() -> None:
    """A PIN is good any number of times."""


class Match(NamedTuple):
    """A right PIN.

    Attributes:
        used: what was used, in a few words; "" when there is nothing to report.
        makes_known: whether it shows who calls, so that the caller is known from then on.
        only: whether nothing else would have been right. Else whoever has one PIN could guess at the others.
        spend: uses it up, once the attempt is judged to be right.
    """

    used: Sentence = NOTHING
    makes_known: bool = True
    only: bool = True
    spend: Callable[[], None] = _spend_nothing


class Credential(Protocol):
    """What a caller is to key in: a Pin, or something that has to look up what is right."""

    def matches(self, entered: str, known: OneTime) -> Match | None:
        """What was keyed in, if it is right. Takes the same time whatever it was, and changes nothing.

        Nothing matches "".

        Raises:
            Unchecked: what is right can't be looked up.
        """


class Pin:
    """A PIN, kept only as a keyed digest that is good for the lifetime of the process.

    The digest makes every comparison take the same time, whatever the lengths of the two, and leaves nothing
    to be printed by accident.

    Attributes:
        length: how many digits it has: what it takes to say how easily it is guessed.
    """

    __slots__ = ("_secret", "length")

    def __init__(self, digits: str) -> None:
        self._secret = _digest(digits)
        self.length = len(digits)

    def matches(self, entered: str, _known: OneTime | None = None) -> Match | None:
        """Whether the caller keyed in this PIN. Constant time. "" matches nothing."""
        is_right = hmac.compare_digest(self._secret, _digest(entered)) and entered != ""
        return Match() if is_right else None

    @staticmethod
    def of_nobody() -> Pin:
        """A PIN that no attempt matches: for callers who are asked although they can't get through."""
        return _NOBODY

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pin) and hmac.compare_digest(self._secret, other._secret)

    def __hash__(self) -> int:
        return hash(self._secret)

    def __repr__(self) -> str:
        return "Pin(***)"

    def __reduce__(self) -> Never:
        raise TypeError("a PIN is not written anywhere")


_NOBODY: Final = Pin(secrets.token_urlsafe(32))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Several credentials; each of them is right."""

    credentials: tuple[Credential, ...]

    def matches(self, entered: str, known: OneTime) -> Match | None:
        """The first that was keyed in. All are compared, so that timing reveals nothing.

        Raises:
            Unchecked: none of them can be looked up. What was compared with some of them is right or wrong.
        """
        compared = []
        for credential in self.credentials:
            with suppress(Unchecked):
                compared.append(credential.matches(entered, known))
        if self.credentials and not compared:
            raise Unchecked
        match = next(filter(None, compared), None)
        return match and match._replace(only=len(self.credentials) == 1)


class PinTable:
    """Credentials by what identifies their owner: a caller's number, or a customer number that they enter."""

    __slots__ = ("_nobody", "_pins")

    def __init__(self, pins: Mapping[str, Credential]) -> None:
        self._pins = dict(pins)
        self._nobody = Pin.of_nobody()

    def __contains__(self, owner: str) -> bool:
        return owner in self._pins

    def __len__(self) -> int:
        return len(self._pins)

    def items(self) -> Iterable[tuple[str, Credential]]:
        """Every owner with the credential."""
        return self._pins.items()

    def of(self, owner: str) -> Credential:
        """The owner's credential; for someone who is not in the table, one that no attempt matches."""
        return self._pins.get(owner, self._nobody)

    def __repr__(self) -> str:
        return f"PinTable({len(self._pins)} entries)"
