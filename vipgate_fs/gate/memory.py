"""The one door to what is remembered across calls: attempts, PINs that get used up, overrides, records.

`vipgate_fs.store` keeps it in a database; here it is kept in memory, or only looked at.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from vipgate_fs.gate.lockout import Account, Attempt, Judgement, Tally, is_in_vain, judge
from vipgate_fs.gate.override import Override
from vipgate_fs.gate.pins import Credential, OneTime
from vipgate_fs.gate.record import CallRecord
from vipgate_fs.sentences import NOTHING, Sentence

MOST: Final = 100_000
"""Accounts that are kept in memory; those that were asked for longest ago go first."""

Tallies = Mapping[Account, Tally]


class Log(Protocol):
    """Where it is reported what an administrator should know; `vipgate_fs.service.logs.Log` is one."""

    def info(self, event: str, **values: object) -> None:
        """Something is in order again."""

    def warning(self, event: str, **values: object) -> None:
        """Something to look at one day."""

    def error(self, event: str, **values: object) -> None:
        """Something to look at today."""


class Judged(NamedTuple):
    """What became of an attempt.

    Attributes:
        judgement: what it was worth.
        used: of a right one, what was used, in a few words; "" when there is nothing to report.
        counted: of a wrong one, the accounts that it has counted for.
    """

    judgement: Judgement
    used: Sentence = NOTHING
    counted: tuple[Account, ...] = ()


class Memory(Protocol):
    """What a process that serves calls remembers.

    Attributes:
        overrides: what people have decided about gates, by the gates' names. No call waits for them.
    """

    overrides: Mapping[str, Override]

    @property
    def gone_since(self) -> float | None:
        """Unix time since which it can't be asked; None while it can."""

    @property
    def lockouts(self) -> int:
        """How many are in force."""

    def open(self) -> None:
        """Begin. To be called in the process that serves, not before a fork."""

    def close(self) -> None:
        """Keep what is not kept yet, and end."""

    def is_locked(self, attempt: Attempt) -> bool:
        """Whether whatever this caller is going to key in would be in vain."""

    def judge(self, attempt: Attempt, expected: Credential, entered: str) -> Judged:
        """What it is worth that this was keyed in, where that is expected.

        When this returns, a failed attempt has been counted, and what is good once has been used up if it was right:
        all of it as if nobody else made an attempt at that moment.

        Raises:
            Unchecked: it can't be determined; nothing has been counted.
        """

    def record(self, record: CallRecord) -> None:
        """Take the record of a call. Returns at once."""


class Book(OneTime, Protocol):
    """What an attempt is judged by."""

    def tallies(self, accounts: Collection[Account]) -> Tallies:
        """The accounts' tallies; blank ones of those that nothing is known of."""


def weigh(book: Book, attempt: Attempt, expected: Credential, entered: str, now: float) -> tuple[Judged, Tallies]:
    """What an attempt is worth, and the tallies that it changes; what is good once is used up.

    Raises:
        Unchecked: it can't be determined.
    """
    match = expected.matches(entered, book)
    judgement, changed = judge(attempt, match, book.tallies(attempt.accounts), now)
    if match is None or judgement is not Judgement.RIGHT:
        return Judged(judgement, counted=tuple(each for each in changed if each.kind != "proof")), changed
    match.spend()
    return Judged(judgement, match.used), changed


def report_lockouts(log: Log, changed: Tallies, now: float) -> None:
    """Report those that begin with a change."""
    for account, tally in changed.items():
        if tally.is_locked(now):
            log.warning("a lockout begins", **account._asdict(), seconds=round(tally.locked_until - now))


class InMemory:
    """Memory of one process, and no longer: see Memory. There are no guest PINs in it, and records go nowhere.

    Args:
        log: of each lockout that begins.
        clock: gives the Unix time.
    """

    gone_since: float | None = None

    def __init__(self, log: Log, clock: Callable[[], float] = time.time) -> None:
        self.overrides: Mapping[str, Override] = MappingProxyType({})
        self._log = log
        self._clock = clock
        self._tallies: OrderedDict[Account, Tally] = OrderedDict()
        self._steps: dict[str, int] = {}
        self._locked: dict[Account, float] = {}
        self._turn = threading.RLock()

    @property
    def lockouts(self) -> int:
        """See Memory."""
        if self._locked:
            now = self._clock()
            with self._turn:
                self._locked = {account: until for account, until in self._locked.items() if until > now}
        return len(self._locked)

    def open(self) -> None:
        """Nothing is to be opened."""

    def close(self) -> None:
        """Nothing is kept."""

    def is_locked(self, attempt: Attempt) -> bool:
        """See Memory."""
        return is_in_vain(attempt, self.tallies(attempt.accounts), self._clock())

    def judge(self, attempt: Attempt, expected: Credential, entered: str) -> Judged:
        """See Memory."""
        now = self._clock()
        with self._turn:
            judged, changed = weigh(self, attempt, expected, entered, now)
            self.keep(changed)
        report_lockouts(self._log, changed, now)
        return judged

    def record(self, record: CallRecord) -> None:
        """Nobody keeps it."""

    def tallies(self, accounts: Collection[Account]) -> Tallies:
        """See Book."""
        return {account: self._tallies.get(account) or Tally() for account in accounts}

    def keep(self, tallies: Tallies) -> None:
        """Remember them, and forget others if there are too many."""
        with self._turn:
            for account, tally in tallies.items():
                self._tallies[account] = tally
                self._tallies.move_to_end(account)
                if tally.locked_until:
                    self._locked[account] = tally.locked_until
            while len(self._tallies) > MOST:
                account, _ = self._tallies.popitem(last=False)
                self._locked.pop(account, None)
                self._forget(account)

    def _forget(self, account: Account) -> None:
        """An account has been dropped."""

    def find_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> str | None:  # noqa: ARG002 - see OneTime
        """There is none."""
        return None

    def use_guest_pin(self, guest: str, at: float) -> None:
        """There is none."""

    def last_time_step(self, owner: str) -> int:
        """See OneTime."""
        return self._steps.get(owner, -1)

    def use_time_step(self, owner: str, step: int) -> None:
        """See OneTime."""
        self._steps[owner] = step


class Nothing:
    """A book in which nothing is written. See Book."""

    def tallies(self, accounts: Iterable[Account]) -> Tallies:
        """They are blank."""
        return dict.fromkeys(accounts, Tally())

    def find_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> str | None:  # noqa: ARG002 - see OneTime
        """There is none."""
        return None

    def last_time_step(self, owner: str) -> int:  # noqa: ARG002 - see OneTime
        """There is none."""
        return -1


class Readable(Protocol):
    """What ReadOnly looks at: the part of Book that changes nothing."""

    def tallies(self, accounts: Collection[Account]) -> Tallies:
        """See Book."""

    def find_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> str | None:
        """See OneTime."""

    def last_time_step(self, owner: str) -> int:
        """See OneTime."""


class ReadOnly:
    """Answers as a memory would that knows what is in a book, and changes nothing: for `explain` and `call`.

    Args:
        book: default: nobody has ever keyed in anything.
        overrides: see Memory.
        clock: gives the Unix time at which lockouts are judged.

    Attributes:
        spared: whether a guest PIN was right whose use was not counted.
    """

    gone_since: float | None = None
    lockouts = 0

    def __init__(
        self,
        book: Readable | None = None,
        overrides: Mapping[str, Override] = MappingProxyType({}),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.overrides = overrides
        self.spared = False
        self._book: Readable = book or Nothing()
        self._clock = clock
        self._steps: dict[str, int] = {}

    def open(self) -> None:
        """Nothing is to be opened."""

    def close(self) -> None:
        """Nothing is kept."""

    def is_locked(self, attempt: Attempt) -> bool:
        """See Memory."""
        return is_in_vain(attempt, self.tallies(attempt.accounts), self._clock())

    def judge(self, attempt: Attempt, expected: Credential, entered: str) -> Judged:
        """What it would be worth."""
        return weigh(self, attempt, expected, entered, self._clock())[0]

    def record(self, record: CallRecord) -> None:
        """Nobody keeps it."""

    def tallies(self, accounts: Collection[Account]) -> Tallies:
        """See Book."""
        return self._book.tallies(accounts)

    def find_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> str | None:
        """See OneTime."""
        return self._book.find_guest_pin(gate, caller, entered, at)

    def use_guest_pin(self, guest: str, at: float) -> None:  # noqa: ARG002 - see OneTime
        """It is spared."""
        self.spared = True

    def last_time_step(self, owner: str) -> int:
        """See OneTime."""
        return max(self._steps.get(owner, -1), self._book.last_time_step(owner))

    def use_time_step(self, owner: str, step: int) -> None:
        """Accept it until this process ends."""
        self._steps[owner] = step
