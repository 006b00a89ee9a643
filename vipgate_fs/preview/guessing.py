"""Whoever guesses at a gate's PINs: how many attempts the lockout leaves them, and how likely one of them is right.

The guesser is the best there can be: knows the limits and the lengths of the PINs, guesses nothing twice, spends no
time on calls, and has as many numbers as they like, those of the PINs' owners among them. What is known of callers
(`vipgate_fs.gate.lockout`) is left aside: forged numbers that are known could double the attempts for a while.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.lockout import Lockout
from vipgate_fs.gate.pins import Credential, Pin, PinTable
from vipgate_fs.gate.step import Step
from vipgate_fs.gate.verdict import AskForPin
from vipgate_fs.identify.caller_pin import CallerPin
from vipgate_fs.identify.guest_pin import GuestPin
from vipgate_fs.identify.static_pin import StaticPin

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
YEAR: Final = 365 * DAY
LIKELY: Final = 0.01
"""The chance of guessing a PIN within a year from which on it is too short."""
_ONE_TIME: Final = 6
"""Digits of a one-time PIN."""
_AT_ONCE: Final = 3
"""One-time PINs that are right at a moment: see `vipgate_fs.identify.totp`."""


@dataclass(frozen=True, slots=True)
class Right:
    """A right PIN.

    Attributes:
        length: its digits.
        seconds: for which it is right, within the time that is looked at.
        changes: whether it is another one every moment (`_AT_ONCE` of them are right).
    """

    length: int
    seconds: float = math.inf
    changes: bool = False

    def chance(self, count: int) -> float:
        """Of so many different guesses of its length that one is right."""
        possible = 10.0**self.length
        return 1 - (1 - _AT_ONCE / possible) ** count if self.changes else min(1.0, count / possible)


@dataclass(frozen=True, slots=True)
class Question:
    """A PIN that a gate asks for.

    Attributes:
        line: where it stands in the configuration, from 1.
        kind: of the step, or `otherwise`.
        right: the right PINs.
        owned: whether each is right only for its owner.
    """

    line: int
    kind: str
    right: tuple[Right, ...]
    owned: bool = False

    def with_length(self, length: int) -> Question:
        """The same with PINs of at least so many digits."""
        return replace(self, right=tuple(replace(one, length=max(one.length, length)) for one in self.right))

    def digits_needed(self, lockout: Lockout) -> int | None:
        """With how many digits a PIN would hardly be guessed within a year; None: it is not."""
        if self.chance(lockout, YEAR, many=True) <= LIKELY:
            return None
        return next(
            digits
            for digits in range(min(right.length for right in self.right), 99)
            if self.with_length(digits).chance(lockout, YEAR, many=True) <= LIKELY
        )

    def chance(self, lockout: Lockout, seconds: float, *, many: bool) -> float:
        """That a guesser finds one of the PINs.

        Args:
            lockout: the gate's limits.
            seconds: from the first guess.
            many: whether they guess from many numbers, or from one.
        """
        lengths = {right.length for right in self.right}
        return max((self._of_length(length, lockout, seconds, many) for length in lengths), default=0.0)

    def _of_length(self, length: int, lockout: Lockout, seconds: float, many: bool) -> float:  # noqa: FBT001 - see chance
        """The same for a guesser who tries PINs of one length."""
        right = [one for one in self.right if one.length == length]
        own = lockout.most(seconds, many=False)
        if self.owned and not many:
            return max(one.chance(own) for one in right)
        if self.owned:
            whole = lockout.most(seconds, many=True)
            each, more = divmod(min(whole, own * len(right)), len(right))
            return 1 - math.prod(1 - one.chance(each + (place < more)) for place, one in enumerate(right))
        counts = [lockout.most(min(seconds, one.seconds), many=many) for one in right]
        return 1 - math.prod(1 - one.chance(count) for one, count in zip(right, counts, strict=True))


def questions(gate: Gate, now: dt.datetime, guests: Sequence[Right] = ()) -> Iterator[Question]:
    """The PINs that a gate asks for and somebody knows; those of webservices nobody does.

    Args:
        gate: the gate.
        now: on the site's clock; PINs whose time is over are left out.
        guests: the gate's guest PINs that are valid. Also one that is bound to a caller: numbers can be forged.
    """
    for step in gate.steps:
        yield from _questions(step, now, guests)
        if isinstance(step.on_failure, AskForPin):
            yield from _written(step.on_failure, step.line, f"{step.kind}: on_failure")
    if isinstance(gate.otherwise, AskForPin) and not any(step.always_answers for step in gate.steps):
        yield from _written(gate.otherwise, gate.otherwise_line or gate.line, "otherwise")


def _questions(step: Step, now: dt.datetime, guests: Sequence[Right]) -> Iterator[Question]:
    asked = step.besides if isinstance(step, GuestPin) else step
    right = tuple(guests) if isinstance(step, GuestPin) else ()
    if isinstance(asked, StaticPin):
        right += (Right(asked.pin.length),) if asked.pin else ()
        spans = ((dated.pin.length, dated.seconds_left(now)) for dated in asked.dated)
        right += tuple(Right(length, seconds) for length, seconds in spans if seconds > 0)
        yield Question(step.line, step.kind, right)
    elif isinstance(step, GuestPin) and right:
        yield Question(step.line, step.kind, right)
    elif isinstance(asked, CallerPin):
        right = tuple(_right(credential) for _, credential in asked.table.items())
        yield Question(step.line, step.kind, right, owned=True)


def _written(verdict: AskForPin, line: int, kind: str) -> Iterator[Question]:
    if not isinstance(verdict.expected, PinTable):
        yield Question(line, kind, (_right(verdict.expected),))


def _right(credential: Credential) -> Right:
    return Right(credential.length) if isinstance(credential, Pin) else Right(_ONE_TIME, changes=True)


def weakest(gate: Gate, now: dt.datetime, guests: Sequence[Right] = ()) -> Question | None:
    """The question of a gate whose PINs are found most easily within a year; None: it knows none. See `questions`."""
    return max(
        questions(gate, now, guests), default=None, key=lambda question: question.chance(gate.lockout, YEAR, many=True)
    )
