"""Lockout across calls: how many failed attempts are too many, however calls are spread. Pure: no clock, no store.

A failed attempt counts for the caller's number, for the customer number entered, and for the gate as a whole.
Guessing from other numbers must not shut those out who have a PIN; compare OWASP's "device cookies". So a caller is
*known* for what was proved from their number, this customer number at this gate, and for nothing else. While strangers
have used a customer number or the gate up, known callers have a second account there, with the same limit, that
strangers can't touch. That bounds every guesser, whatever numbers they forge and whatever PINs they have of their own:

    from one number          `failures` within a window
    at one customer's PIN    `failures`; twice that for who forges numbers that are known for this very customer
    at a gate                `gate_failures`; twice that for who forges known numbers
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.gate.pins import Match

KNOWN_FOR: Final = 90 * 86_400.0
"""Seconds that a caller stays known after a right attempt."""
SLOTS: Final = 100
"""How many times of failed attempts an account keeps, or twice that at most."""
NO_CUSTOMER: Final = ""
"""Stands for a customer number that does not exist."""

AccountKind = Literal["caller", "customer", "known_customer", "gate", "known_gate", "proof"]


@dataclass(frozen=True, slots=True)
class Lockout:
    """A gate's limits. Times are in seconds.

    Attributes:
        failures: failed attempts of one caller, or for one customer number, before lockout; also those that a
            known caller may make as such, until they enter the right PIN again.
        window: the time within which they count.
        duration: of the first lockout, at least the window; each further one takes twice as long.
        longest: the longest lockout; also the time without one that undoes one doubling.
        gate_failures: failed attempts across the whole gate before callers who are not known are locked out.
        rejects: whether locked-out callers are rejected at once, instead of hearing the usual dialogue.
    """

    failures: int = 5
    window: float = 900.0
    duration: float = 900.0
    longest: float = 86_400.0
    gate_failures: int = 50
    rejects: bool = False


class Account(NamedTuple):
    """What failed attempts count for.

    Attributes:
        gate: the gate's name.
        kind: what `who` is. `known_customer` and `known_gate` are the second accounts, of known callers; `proof` is no
            account of its own: it says that a caller is known.
        who: the caller's number (WITHHELD: all who withhold it), a customer number, "" for the gate as a whole; of a
            proof the customer number, "" where none is asked for, a space and the caller's number.
    """

    gate: str
    kind: AccountKind
    who: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A PIN attempt: what it counts for.

    Attributes:
        gate: the gate's name.
        lockout: its limits.
        caller: canonical number or WITHHELD.
        customer: a customer number that exists; NO_CUSTOMER for one that does not; None where none is asked for.
    """

    gate: str
    lockout: Lockout
    caller: str
    customer: str | None = None

    @property
    def own(self) -> Account:
        """The caller's account."""
        return Account(self.gate, "caller", self.caller)

    @property
    def proof(self) -> Account:
        """What makes the caller known."""
        return Account(self.gate, "proof", f"{self.customer or ''} {self.caller}")

    @property
    def shared(self) -> tuple[tuple[Account, Account, int], ...]:
        """Accounts of more than one caller: everybody's, and the second one of known callers, each with its limit."""
        whole = (Account(self.gate, "gate", ""), Account(self.gate, "known_gate", ""), self.lockout.gate_failures)
        if not self.customer:
            return (whole,)
        kinds: tuple[AccountKind, AccountKind] = ("customer", "known_customer")
        everybody, known = (Account(self.gate, kind, self.customer) for kind in kinds)
        return (everybody, known, self.lockout.failures), whole

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All accounts that it may affect."""
        pairs = (account for everybody, known, _limit in self.shared for account in (everybody, known))
        return (self.own, self.proof, *pairs)


class Judgement(StrEnum):
    """The judgement of an attempt. Callers can't distinguish WRONG from LOCKED."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Tally:
    """What is remembered about an account. Times are Unix times.

    Attributes:
        failures: of the failed attempts within the window, each with how many there were. Where more than SLOTS are
            allowed, those of a hundredth of the window have one time, that of the last: so a high limit makes no
            attempt slow, and what is forgotten is forgotten later, never sooner.
        locked_until: the end of the last lockout.
        doublings: how often the next one is to be doubled, before what the time since then undoes.
        right_at: of the last right PIN from the caller's number, and of a proof: for what it proves. The failures of
            a proof are the failed attempts since then that only a known caller could make; they count until the next
            right one.
    """

    failures: tuple[tuple[float, int], ...] = ()
    locked_until: float = 0.0
    doublings: int = 0
    right_at: float = 0.0

    def is_locked(self, now: float) -> bool:
        """Whether there is a lockout now."""
        return now < self.locked_until

    @property
    def times(self) -> dict[float, int]:
        """When there were how many failures."""
        times: dict[float, int] = {}
        for at, count in self.failures:
            times[at] = times.get(at, 0) + count
        return times

    @property
    def count(self) -> int:
        """How many failures there are."""
        return sum(count for _, count in self.failures)

    def recent(self, now: float, lockout: Lockout) -> Tally:
        """With the failures only that count."""
        return replace(self, failures=tuple(each for each in self.failures if each[0] > now - lockout.window))

    def with_failure(self, now: float, limit: int, lockout: Lockout) -> Tally:
        """After one more failed attempt."""
        tally = self.recent(now, lockout).with_one_more(now, lockout.window / SLOTS if limit > SLOTS else 0.0)
        if tally.count < limit:
            return tally
        level = max(0, self.doublings - int((now - self.locked_until) // lockout.longest))
        length = min(lockout.duration * 2.0**level, lockout.longest)
        return replace(self, failures=(), locked_until=now + length, doublings=level + (length < lockout.longest))

    def with_one_more(self, now: float, slot: float = 0.0) -> Tally:
        """With a failure more, in one with the last if that was in the same slot of so many seconds."""
        *earlier, (last, count) = self.failures or ((0.0, 0),)
        if slot and count and last // slot == now // slot:
            return replace(self, failures=(*earlier, (now, count + 1)))
        return replace(self, failures=(*self.failures, (now, 1)))

    def joined(self, other: Tally) -> Tally:
        """What two stores remember of one account, while they could not ask each other."""
        return Tally(
            failures=tuple(sorted((Counter(self.times) | Counter(other.times)).items())),
            locked_until=max(self.locked_until, other.locked_until),
            doublings=max(self.doublings, other.doublings),
            right_at=max(self.right_at, other.right_at),
        )

    def forget_at(self, lockout: Lockout) -> float:
        """When nothing in it matters any more."""
        known = self.right_at + KNOWN_FOR if self.right_at else 0.0
        locked = self.locked_until + lockout.longest * self.doublings if self.locked_until else 0.0
        return max(known, locked, *(at + lockout.window for at, _ in self.failures))


def is_known(attempt: Attempt, tallies: Mapping[Account, Tally], now: float) -> bool:
    """Whether the right PIN for just this came from the caller's number, and not too much has been guessed on it since.

    Callers who withhold their number are never known, nor is anybody for a customer number that does not exist.
    """
    if attempt.caller == WITHHELD or attempt.customer == NO_CUSTOMER:
        return False
    proof = tallies[attempt.proof]
    return now < proof.right_at + KNOWN_FOR and proof.count < attempt.lockout.failures


def is_in_vain(attempt: Attempt, tallies: Mapping[Account, Tally], now: float) -> bool:
    """Whether a caller who has not entered anything yet is locked out, by the `tallies` of `attempt.accounts`.

    What they will enter is not known yet, so whoever has proved anything at the gate may be known for it.
    """
    may_be_known = attempt.caller != WITHHELD and now < tallies[attempt.own].right_at + KNOWN_FOR
    return _books(attempt, tallies, now, may_be_known) is None


def _books(
    attempt: Attempt,
    tallies: Mapping[Account, Tally],
    now: float,
    known: bool,  # noqa: FBT001 - what `is_known` says
) -> dict[Account, int] | None:
    """The accounts that a failed attempt counts for, with their limits: of each pair the first that is open."""
    if tallies[attempt.own].is_locked(now):
        return None
    books = {attempt.own: attempt.lockout.failures}
    for everybody, second, limit in attempt.shared:
        accounts = (everybody, second) if known else (everybody,)
        account = next((each for each in accounts if not tallies[each].is_locked(now)), None)
        if account is None:
            return None
        books[account] = limit
    return books


def judge(
    attempt: Attempt, match: Match | None, tallies: Mapping[Account, Tally], now: float
) -> tuple[Judgement, dict[Account, Tally]]:
    """What an attempt is worth with what matched it, and those of the tallies that it changes.

    One during a lockout is none, so it does not count: nobody prolongs a lockout. A right one leaves the wrong ones
    before it as they are, or a customer could guess at others' PINs for as long as they know their own.
    """
    books = _books(attempt, tallies, now, is_known(attempt, tallies, now))
    if books is None:
        return Judgement.LOCKED, {}
    if match is not None:
        proofs = {attempt.own: replace(tallies[attempt.own], right_at=now), attempt.proof: Tally(right_at=now)}
        return Judgement.RIGHT, proofs if match.makes_known and attempt.caller != WITHHELD else {}
    changed = {account: tallies[account].with_failure(now, limit, attempt.lockout) for account, limit in books.items()}
    if any(account.kind.startswith("known") for account in books):
        changed[attempt.proof] = tallies[attempt.proof].with_one_more(now)
    return Judgement.WRONG, changed
