"""Passwords: what is kept of them, and how they are compared."""

from __future__ import annotations

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from vipgate_fs.sentences import Sentence, say

SHORTEST: Final = 10
LONGEST: Final = 200
"""Characters of a password."""


def fault(password: str) -> Sentence | None:
    """Why a password is none to take; None: it is one."""
    if len(password) < SHORTEST:
        return say("a password has at least {least} characters; several words are easy to remember", least=SHORTEST)
    if len(password) > LONGEST:
        return say("a password has at most {most} characters", most=LONGEST)
    return None


def prove(password: str) -> str:
    """What is kept of a password: argon2id with a salt of its own, by the second profile of RFC 9106, 4."""
    return _hasher().hash(password)


def is_right(password: str, proof: str | None) -> bool:
    """Whether it is the password of a proof. Without a proof it takes as long: nobody learns who has an account."""
    try:
        return _hasher().verify(proof or _nobody(), password[:LONGEST]) and proof is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    """A proof of no account's."""
    return prove("nobody's password")
