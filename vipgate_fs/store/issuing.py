"""Issuing guest PINs: a random PIN that the gate has not had, under the key beside the store."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from vipgate_fs.sentences import say
from vipgate_fs.store import guests
from vipgate_fs.store.guests import IssuedPin
from vipgate_fs.store.key import NoKey, make_key, read_key

_LETTERS: Final = "bcdfghjkmnpqrstvwxz"
"""Of ids: no digits, so that none is taken for a PIN, and no vowels, so that none is a word."""

Do = Callable[[Callable[[Connection], Any]], Any]
"""Does a piece of work in a transaction of the store."""


class KeyLost(Exception):
    """There is no key, and PINs that are still valid were issued with it. The text says what to do.

    Attributes:
        lost: their ids.
    """

    def __init__(self, path: Path, lost: list[str]) -> None:
        super().__init__(
            say(
                "there is no {path}, with which these guest PINs were issued: {lost}; "
                "copy it from where they were issued, or give them up with --new-key",
                path=path,
                lost=", ".join(lost),
            )
        )
        self.lost = lost


def key_for(do: Do, path: Path) -> bytes:
    """The key in a file, which is made if it is not there and no PIN is lost with it.

    Raises:
        KeyLost, vipgate_fs.store.key.KeyUnusable: see there.
    """
    with suppress(NoKey):
        return read_key(path)
    now = time.time()
    if lost := [guest.id for guest in do(lambda connection: list(guests.read(connection))) if guest.is_valid(now)]:
        raise KeyLost(path, lost)
    return make_key(path)


def issue(do: Do, path: Path, guest: IssuedPin, digits: int) -> tuple[str, IssuedPin]:
    """Issue a PIN of so many digits; the PIN, which nobody can look up later, and what is known of it.

    Args:
        do: see Do.
        path: of the key.
        guest: all of it but the id.
        digits: of the PIN.

    Raises:
        as key_for, and what `do` raises.
    """
    key = key_for(do, path)
    while True:
        guest = replace(guest, id="".join(secrets.choice(_LETTERS) for _ in range(6)), digits=digits)
        pin = "".join(secrets.choice("0123456789") for _ in range(digits))
        of_pin = guests.digest(key, guest.gate, pin)
        if do(lambda connection: guests.issue(connection, of_pin, guest)):  # noqa: B023 - called at once
            return pin, guest
