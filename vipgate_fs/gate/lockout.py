"""Lockout across calls: how many wrong entries are too many, however the calls are spread. Pure: no clock, no store.

Three accounts are kept of each entry: the caller's number, the customer number that he keyed in, and the gate as a
whole. A known caller (the right PIN came from his number before) is held by his own account only, so that guessing from
other numbers does not shut him out; compare OWASP's "device cookies".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal, NamedTuple, Protocol

from vipgate_fs.gate.call import WITHHELD

KNOWN_FOR: Final = 90 * 86_400.0
"""Seconds that a caller stays known after a right entry."""

AccountKind = Literal["caller", "customer", "gate"]


@dataclass(frozen=True, slots=True)
class Lockout:
    """A gate's limits. Times are in seconds.

    Attributes:
        failures: wrong entries of one caller, or for one customer number, until he is locked out.
        window: the time within which they count.
        duration: of the first lockout, at least the window; each further one takes twice as long.
        longest: the longest lockout; also the time without one that undoes one doubling.
        gate_failures: wrong entries at the gate as a whole until callers who are not known are locked out.
        rejects: whether a locked caller is turned away at once, instead of hearing the same dialogue in vain.
    """

    failures: int = 5
    window: float = 900.0
    duration: float = 900.0
    longest: float = 86_400.0
    gate_failures: int = 50
    rejects: bool = False


class Account(NamedTuple):
    """What wrong entries count for.

    Attributes:
        gate: the gate's name.
        kind: what `who` is.
        who: the caller's number (WITHHELD: all who show none), a customer number, or "" for the gate as a whole.
    """

    gate: str
    kind: AccountKind
    who: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What a caller has keyed in, judged as if there were no lockout.

    Attributes:
        gate: the gate's name.
        lockout: its limits.
        caller: canonical number or WITHHELD.
        customer: a customer number that exists; None for one that does not, and where none is asked for.
        right: whether the PIN was right.
    """

    gate: str
    lockout: Lockout
    caller: str
    customer: str | None = None
    right: bool = False

    @property
    def own(self) -> Account:
        """The caller's account."""
        return Account(self.gate, "caller", self.caller)

    @property
    def limits(self) -> dict[Account, int]:
        """The accounts that the entry concerns, the caller's first, with the number of failures that lock each."""
        limits = {self.own: self.lockout.failures}
        if self.customer is not None:
            limits[Account(self.gate, "customer", self.customer)] = self.lockout.failures
        limits[Account(self.gate, "gate", "")] = self.lockout.gate_failures
        return limits


class Judgement(StrEnum):
    """What an entry is worth. The caller can't tell WRONG from LOCKED."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Tally:
    """What is remembered of an account. Times are Unix times.

    Attributes:
        failures: of the wrong entries within the window.
        locked_until: the end of the last lockout.
        doublings: how often the next one is to be doubled, before what the time since then undoes.
        right_at: of the last right entry.
    """

    failures: tuple[float, ...] = ()
    locked_until: float = 0.0
    doublings: int = 0
    right_at: float = 0.0

    def is_locked(self, now: float) -> bool:
        """Whether there is a lockout now."""
        return now < self.locked_until

    def recent(self, now: float, lockout: Lockout) -> tuple[float, ...]:
        """The failures that count."""
        return tuple(at for at in self.failures if at > now - lockout.window)

    def with_failure(self, now: float, limit: int, lockout: Lockout) -> Tally:
        """After one more wrong entry."""
        failures = (*self.recent(now, lockout), now)
        if len(failures) < limit:
            return replace(self, failures=failures)
        level = max(0, self.doublings - int((now - self.locked_until) // lockout.longest))
        length = min(lockout.duration * 2.0**level, lockout.longest)
        return replace(self, failures=(), locked_until=now + length, doublings=level + (length < lockout.longest))

    def joined(self, other: Tally) -> Tally:
        """What two stores remember of one account, while they could not ask each other."""
        return Tally(
            failures=tuple(sorted((Counter(self.failures) | Counter(other.failures)).elements())),
            locked_until=max(self.locked_until, other.locked_until),
            doublings=max(self.doublings, other.doublings),
            right_at=max(self.right_at, other.right_at),
        )

    def forget_at(self, lockout: Lockout) -> float:
        """When nothing in it matters any more."""
        known = self.right_at + KNOWN_FOR if self.right_at else 0.0
        locked = self.locked_until + lockout.longest * self.doublings if self.locked_until else 0.0
        return max(known, locked, *(at + lockout.window for at in self.failures))


def is_held(entry: Entry, tallies: Mapping[Account, Tally], now: float) -> bool:
    """Whether a lockout keeps the caller out, of `tallies` by the accounts of `entry.limits`."""
    own, *shared = (tallies[account] for account in entry.limits)
    if own.is_locked(now):
        return True
    is_known = entry.caller != WITHHELD and now < own.right_at + KNOWN_FOR
    return not is_known and any(tally.is_locked(now) for tally in shared)


def judge(entry: Entry, tallies: Mapping[Account, Tally], now: float) -> tuple[Judgement, dict[Account, Tally]]:
    """What an entry is worth, and those of the tallies that it changes.

    An entry during a lockout is no try, so it does not count: nobody prolongs a lockout. A right entry leaves the wrong
    ones before it as they are, or a customer could guess at others' PINs for as long as he knows his own.
    """
    if is_held(entry, tallies, now):
        return Judgement.LOCKED, {}
    if entry.right:
        return Judgement.RIGHT, {entry.own: replace(tallies[entry.own], right_at=now)}
    return Judgement.WRONG, {
        account: tallies[account].with_failure(now, limit, entry.lockout)
        for account, limit in entry.limits.items()
        if not tallies[account].is_locked(now)
    }


class Lockouts(Protocol):
    """Where entries are remembered across calls; `vipgate_fs.store.lockouts` does it."""

    def judge(self, entry: Entry) -> Judgement:
        """What an entry is worth. A wrong one has been counted when this returns."""

    def is_locked(self, entry: Entry) -> bool:
        """Whether an entry of this caller would be in vain, whatever it is."""


def _none(accounts: Iterable[Account]) -> dict[Account, Tally]:
    return dict.fromkeys(accounts, Tally())


class KnownLockouts:
    """Lockouts that are known, and stay as they are whatever is keyed in: for `explain` and `call`.

    Args:
        read: gives accounts' tallies; default: there are none.
        now: the Unix time that they are looked at for.
    """

    def __init__(
        self, read: Callable[[Collection[Account]], Mapping[Account, Tally]] = _none, now: float = 0.0
    ) -> None:
        self._read = read
        self._now = now

    def judge(self, entry: Entry) -> Judgement:
        """What an entry would be worth."""
        if self.is_locked(entry):
            return Judgement.LOCKED
        return Judgement.RIGHT if entry.right else Judgement.WRONG

    def is_locked(self, entry: Entry) -> bool:
        """Whether an entry of this caller would be in vain, whatever it is."""
        return is_held(entry, self._read(entry.limits), self._now)
