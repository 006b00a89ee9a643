"""Lockout across calls: how many failed attempts are too many, however calls are spread. Pure: no clock, no store.

A failed attempt counts for the caller's number, for the customer number entered, and for the gate as a whole. Of each
account one failed attempt is forgiven every so often, and none sooner: neither a pause nor a lockout undoes the others.
Each one from the limit on begins a lockout, twice as long as that of the one before. So whoever guesses may be hasty or
patient, and the total is bounded for any length of time: see `Limit.most`.

A mistake is no guess: failed attempts that the right PIN follows, in the same call and for the same customer number, do
not count in the end. Only who knows the PIN can do that; where others are right beside it, they do count.

Guessing from other numbers must not shut those out who have a PIN; compare OWASP's "device cookies". So a caller is
*known* for what was proved from their number, this customer number at this gate, and for nothing else. Attempts of
known callers count for a second account there, with the same limit, that strangers can't touch; once that is used up,
for everybody's. That bounds every guesser, whatever numbers they forge and whatever PINs they have of their own:

    from one number          the limit of `failures`
    at one customer's PIN    the same; twice that for who forges numbers that are known for this very customer
    at a gate                the limit of `gate_failures`; twice that for who forges known numbers
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.gate.pins import Match
from vipgate_fs.once import once

KNOWN_FOR: Final = 90 * 86_400.0
"""Seconds that a caller stays known after a right attempt."""
NO_CUSTOMER: Final = ""
"""Stands for a customer number that does not exist."""

AccountKind = Literal["caller", "customer", "known_customer", "gate", "known_gate", "proof"]


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failed attempts of an account are too many. Times are in seconds.

    Attributes:
        failures: those that are not forgiven when the first lockout begins.
        forgive: the time in which one of them is forgiven.
        duration: of the first lockout; with each further failed attempt the next is twice as long.
        longest: the longest lockout, at least `forgive`.
    """

    failures: int
    forgive: float
    duration: float
    longest: float

    @property
    def full(self) -> int:
        """The failed attempts with which lockouts are as long as they get; no more are counted."""
        failures, length = self.failures, self.duration
        while length < self.longest:
            failures, length = failures + 1, 2 * length
        return failures

    def lockout(self, failures: int) -> float:
        """How long the lockout is that begins with the last of so many failed attempts; 0.0: there is none."""
        if failures < self.failures:
            return 0.0
        return min(self.duration * 2.0 ** (min(failures, self.full) - self.failures), self.longest)

    def most(self, seconds: float) -> int:
        """The most failed attempts within any time of so many seconds, however they are spread over it.

        As many as begin the first lockout, one for each time in which one is forgiven, and those with which lockouts
        grow until one is as long as that: from then on there is one for each that is forgiven, and no more.
        """
        growing, length, passed = 0, self.duration, self.duration
        while length < self.forgive and passed <= seconds:
            growing, length = growing + 1, 2 * length
            passed += length
        return self.failures + growing + int(seconds // self.forgive)


@dataclass(frozen=True, slots=True)
class Lockout:
    """A gate's limits. Times are in seconds.

    Attributes:
        failures: see Limit: of one caller, or for one customer number; also the failed attempts that a known caller may
            make as such, until they enter the right PIN again.
        forgive: see Limit: of the same.
        duration: see Limit.
        longest: see Limit.
        gate_failures: see Limit: across the whole gate.
        gate_forgive: see Limit: of the same.
        rejects: whether locked-out callers are rejected at once, instead of hearing the usual dialogue.
    """

    failures: int = 5
    forgive: float = 43_200.0
    duration: float = 900.0
    longest: float = 86_400.0
    gate_failures: int = 50
    gate_forgive: float = 14_400.0
    rejects: bool = False

    @property
    def each(self) -> Limit:
        """Of a caller, and of a customer number."""
        return Limit(self.failures, self.forgive, self.duration, self.longest)

    @property
    def whole(self) -> Limit:
        """Of the gate as a whole."""
        return Limit(self.gate_failures, self.gate_forgive, self.duration, self.longest)

    def of(self, account: Account) -> Limit:
        """Of an account."""
        return self.whole if account.kind in ("gate", "known_gate") else self.each

    def most(self, seconds: float, *, many: bool) -> int:
        """See Limit: the most that a stranger can make at the gate, from many numbers or from one."""
        whole = self.whole.most(seconds)
        return whole if many else min(self.each.most(seconds), whole)


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


@dataclass(frozen=True)
class Attempt:
    """A PIN attempt: what it counts for.

    Attributes:
        gate: the gate's name.
        lockout: its limits.
        caller: canonical number or WITHHELD.
        customer: a customer number that exists; NO_CUSTOMER for one that does not; None where none is asked for.
        mistakes: the accounts that failed attempts of the same call for the same customer have counted for.
    """

    gate: str
    lockout: Lockout
    caller: str
    customer: str | None = None
    mistakes: tuple[Account, ...] = ()

    @once
    def own(self) -> Account:
        """The caller's account."""
        return Account(self.gate, "caller", self.caller)

    @once
    def proof(self) -> Account:
        """What makes the caller known."""
        return Account(self.gate, "proof", f"{self.customer or ''} {self.caller}")

    @once
    def shared(self) -> tuple[tuple[Account, Account], ...]:
        """Accounts of more than one caller: everybody's, and the second one of known callers."""
        whole = Account(self.gate, "gate", ""), Account(self.gate, "known_gate", "")
        if not self.customer:
            return (whole,)
        one = Account(self.gate, "customer", self.customer), Account(self.gate, "known_customer", self.customer)
        return one, whole

    @once
    def accounts(self) -> tuple[Account, ...]:
        """All accounts that it may affect."""
        return (self.own, self.proof, *(account for pair in self.shared for account in pair))


class Judgement(StrEnum):
    """The judgement of an attempt. Callers can't distinguish WRONG from LOCKED."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Tally:
    """What is remembered about an account. Times are Unix times.

    Attributes:
        failures: how many failed attempts were not forgiven at `since`. Those of a proof are the failed attempts since
            `right_at` that only a known caller could make; they are not forgiven, but end with the next right one.
        since: when the time began in which the next one is forgiven.
        locked_until: the end of the last lockout.
        right_at: of the last right PIN from the caller's number, and of a proof: for what it proves.
    """

    failures: int = 0
    since: float = 0.0
    locked_until: float = 0.0
    right_at: float = 0.0

    def is_locked(self, now: float) -> bool:
        """Whether there is a lockout now."""
        return now < self.locked_until

    def at(self, now: float, limit: Limit) -> Tally:
        """Without the failed attempts that are forgiven by then."""
        forgiven = min(self.failures, max(0, int((now - self.since) // limit.forgive)))
        return replace(self, failures=self.failures - forgiven, since=self.since + forgiven * limit.forgive)

    def forgiven_at(self, limit: Limit) -> float:
        """When all of them are forgiven."""
        return self.since + self.failures * limit.forgive

    def with_failure(self, now: float, limit: Limit) -> Tally:
        """After one more failed attempt."""
        before = self.at(now, limit)
        failures = min(before.failures + 1, limit.full)
        length = limit.lockout(failures)
        return replace(
            before,
            failures=failures,
            since=before.since if before.failures else now,
            locked_until=now + length if length else before.locked_until,
        )

    def without_failure(self, now: float, limit: Limit) -> Tally:
        """After one of them has turned out to be a mistake."""
        before = self.at(now, limit)
        return replace(before, failures=max(0, before.failures - 1))

    def joined(self, other: Tally, limit: Limit) -> Tally:
        """What two stores remember of one account, while they could not ask each other: whichever forgives later."""
        later = max(self, other, key=lambda tally: (tally.forgiven_at(limit), tally.failures))
        return Tally(
            later.failures,
            later.since,
            max(self.locked_until, other.locked_until),
            max(self.right_at, other.right_at),
        )

    def forget_at(self, limit: Limit) -> float:
        """When nothing in it matters any more."""
        known = self.right_at + KNOWN_FOR if self.right_at else 0.0
        return max(known, self.locked_until, self.forgiven_at(limit))


def is_known(attempt: Attempt, tallies: Mapping[Account, Tally], now: float) -> bool:
    """Whether the right PIN for just this came from the caller's number, and not too much has been guessed on it since.

    Nobody is known for a customer number that does not exist; callers who withhold their number prove nothing.
    """
    if attempt.customer == NO_CUSTOMER:
        return False
    proof = tallies[attempt.proof]
    return now < proof.right_at + KNOWN_FOR and proof.failures < attempt.lockout.failures


def is_in_vain(attempt: Attempt, tallies: Mapping[Account, Tally], now: float) -> bool:
    """Whether a caller who has not entered anything yet is locked out, by the `tallies` of `attempt.accounts`.

    What they will enter is not known yet, so whoever has proved anything at the gate may be known for it.
    """
    may_be_known = now < tallies[attempt.own].right_at + KNOWN_FOR
    return _books(attempt, tallies, now, may_be_known) is None


def _books(
    attempt: Attempt,
    tallies: Mapping[Account, Tally],
    now: float,
    known: bool,  # noqa: FBT001 - what `is_known` says
) -> list[Account] | None:
    """The accounts that a failed attempt counts for: of a pair the first that is open, that of known callers first."""
    if tallies[attempt.own].is_locked(now):
        return None
    books = [attempt.own]
    for everybody, second in attempt.shared:
        accounts = (second, everybody) if known else (everybody,)
        account = next((each for each in accounts if not tallies[each].is_locked(now)), None)
        if account is None:
            return None
        books.append(account)
    return books


def judge(
    attempt: Attempt, match: Match | None, tallies: Mapping[Account, Tally], now: float
) -> tuple[Judgement, dict[Account, Tally]]:
    """What an attempt is worth with what matched it, and those of the tallies that it changes.

    One during a lockout is none, so it does not count: nobody prolongs a lockout. A right one leaves the failed ones
    before it as they are, but for mistakes of this call: or a customer could guess at others' PINs for as long as they
    know their own.
    """
    books = _books(attempt, tallies, now, is_known(attempt, tallies, now))
    if books is None:
        return Judgement.LOCKED, {}
    if match is not None:
        return Judgement.RIGHT, _proofs(attempt, match, tallies, now) if match.makes_known else {}
    changed = {account: tallies[account].with_failure(now, attempt.lockout.of(account)) for account in books}
    if any(account.kind.startswith("known") for account in books):
        changed[attempt.proof] = replace(tallies[attempt.proof], failures=tallies[attempt.proof].failures + 1)
    return Judgement.WRONG, changed


def _proofs(attempt: Attempt, match: Match, tallies: Mapping[Account, Tally], now: float) -> dict[Account, Tally]:
    """The tallies that a right PIN changes which shows who calls. Mistakes that have begun a lockout stay."""
    changed: dict[Account, Tally] = {}
    for account in attempt.mistakes if match.only else ():
        tally = changed.get(account, tallies[account])
        if not tally.is_locked(now):
            changed[account] = tally.without_failure(now, attempt.lockout.of(account))
    if attempt.caller != WITHHELD:  # who calls is not shown, so nobody is known by it
        changed[attempt.own] = replace(changed.get(attempt.own, tallies[attempt.own]), right_at=now)
        changed[attempt.proof] = Tally(right_at=now)
    return changed
