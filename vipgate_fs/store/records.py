"""Call records: one row a call, written after it, beside the calls. No PIN stands in one."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from vipgate_fs.gate.numbers import LONGEST_EXTENSION, SEPARATORS
from vipgate_fs.store.database import RETRY, Database, Log, Refused, StoreGone

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST: Final = 10_000
"""Records that wait for a store that is gone; those of further calls are lost, and counted."""
GATHER: Final = 0.25
"""Seconds that records are gathered before they are written together: a transaction costs more than a call."""
_BATCH: Final = 500
_PURGE_EVERY: Final = 3600.0
_MASK: Final = "***"
_DIGITS: Final = re.compile(rf"[0-9]{{{LONGEST_EXTENSION + 1},}}(?![0-9*])")
_SEPARATED: Final = re.compile(
    rf"([0-9](?:[{re.escape(SEPARATORS)}]*[0-9]){{{LONGEST_EXTENSION - len(_MASK)},}})"
    rf"(?:[{re.escape(SEPARATORS)}]*[0-9]){{{len(_MASK)}}}"
)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What became of a call.

    Attributes:
        uuid: the channel's Unique-ID.
        began: Unix time at which the gate had the call's facts.
        gate: that it met; None: no gate protects what was called.
        caller: canonical number; "" when he shows none.
        called: canonical number.
        verdict: in a few words (`vipgate_fs.gate.decision.describe`).
        entries: how often the caller was heard out for a PIN.
        outcome: a `vipgate_fs.gate.dialogue.Result`.
        target: where the call went on to; None when it went nowhere.
        reason: what decided, and what the outcome alone does not say.
        deciding: seconds until the verdict.
        seconds: until the gate let go of the call.
    """

    uuid: str
    began: float
    gate: str | None
    caller: str
    called: str
    verdict: str
    entries: int
    outcome: str
    target: str | None
    reason: str
    deciding: float
    seconds: float


def masked(record: CallRecord) -> CallRecord:
    """The record without the last three digits of telephone numbers, wherever they stand; extensions stay.

    The reason holds dates, too. So digits with separators between them are masked in it only where they stand
    elsewhere in the record.
    """
    numbers = (record.caller, record.called, record.verdict, record.target or "")
    caller, called, verdict, target = shown = [mask(number) for number in numbers]
    reason = record.reason
    for number, without in zip(numbers, shown, strict=True):
        reason = reason.replace(number, without)
    reason = _DIGITS.sub(lambda digits: digits[0][: -len(_MASK)] + _MASK, reason)
    return replace(
        record, caller=caller, called=called, target=record.target and target, verdict=verdict, reason=reason
    )


def mask(number: str) -> str:
    """A number, or a text with one but without dates, without the last three digits if it is more than an extension."""
    return _SEPARATED.sub(rf"\1{_MASK}", number)


def write(connection: Connection, records: Sequence[CallRecord]) -> None:
    """Write records; one that was written before, by a try that seemed to have failed, is left alone."""
    from vipgate_fs.store.schema import CALLS, insert_missing  # noqa: PLC0415 - see vipgate_fs.store

    rows = [asdict(record) | {"ended": record.began + record.seconds} for record in records]
    connection.execute(insert_missing(connection, CALLS), rows)


def read(connection: Connection, since: float) -> Iterator[CallRecord]:
    """The records of calls that ended at `since` (Unix time) or later, in that order."""
    from sqlalchemy import select  # noqa: PLC0415 - see vipgate_fs.store

    from vipgate_fs.store.schema import CALLS  # noqa: PLC0415

    columns = [CALLS.c[field.name] for field in fields(CallRecord)]
    rows = connection.execute(select(*columns).where(CALLS.c.ended >= since).order_by(CALLS.c.ended, CALLS.c.uuid))
    return (CallRecord(*row) for row in rows)


def purge(connection: Connection, before: float) -> bool:
    """Delete records of calls that ended before `before` (Unix time), some at a time; whether there were any."""
    from vipgate_fs.store.schema import CALLS, delete_some  # noqa: PLC0415 - see vipgate_fs.store

    return delete_some(connection, CALLS, CALLS.c.ended < before)


class Recorder:
    """Takes the records of calls and writes them in the background; once an hour it deletes what is too old.

    Args:
        database: where they go.
        retention: seconds.
        mask_numbers: whether telephone numbers lose their last three digits.
        log: told of records that were lost.
        clock: tells the Unix time.
    """

    def __init__(
        self,
        database: Database,
        log: Log,
        *,
        retention: float,
        mask_numbers: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._log = log
        self._retention = retention
        self._mask_numbers = mask_numbers
        self._clock = clock
        self._waiting: deque[CallRecord] = deque()
        self._lost = 0
        self._purge_at = 0.0
        self._closing = threading.Event()
        self._something = threading.Event()
        self._writing = threading.Thread(target=self._write_all, name="call records", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._writing.start()

    def record(self, record: CallRecord) -> None:
        """Take a record. Returns at once, whatever the store does."""
        if len(self._waiting) >= MOST:
            self._lost += 1
            return
        self._waiting.append(masked(record) if self._mask_numbers else record)
        self._something.set()

    def close(self, patience: float = 2.0) -> None:
        """Write what is left, for so many seconds."""
        self._closing.set()
        self._something.set()
        self._writing.join(patience)
        self._lost += len(self._waiting)
        self._tell_lost()

    def _write_all(self) -> None:
        while not self._closing.is_set() or self._waiting:
            self._something.wait(max(0.0, self._purge_at - time.monotonic()))
            self._closing.wait(GATHER)
            self._something.clear()
            try:
                self._write_waiting()
                self._purge()
            except StoreGone:
                if self._closing.is_set():
                    return
                self._closing.wait(RETRY)
                self._something.set()
            self._tell_lost()

    def _write_waiting(self) -> None:
        most = _BATCH
        while self._waiting:
            batch = [self._waiting[index] for index in range(min(most, len(self._waiting)))]
            try:
                self._database.run(partial(write, records=batch))
            except Refused:
                if most > 1:  # one of them; the others must not be lost with it
                    most = 1
                    continue
                self._lost += 1
            for _ in batch:
                self._waiting.popleft()

    def _purge(self) -> None:
        if time.monotonic() >= self._purge_at:
            from vipgate_fs.store import tallies  # noqa: PLC0415 - see vipgate_fs.store

            now = self._clock()
            while self._database.run(partial(purge, before=now - self._retention)):
                pass
            while self._database.run(partial(tallies.forget, now=now)):
                pass
            self._purge_at = time.monotonic() + _PURGE_EVERY

    def _tell_lost(self) -> None:
        if self._lost:
            self._log.error("call records were lost: the store did not take them", calls=self._lost)
            self._lost = 0
