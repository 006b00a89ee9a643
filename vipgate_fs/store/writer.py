"""Group commit: whatever waits at the same moment is done in one transaction, and answered after it.

A transaction is one fsync, which takes as long for a hundred attempts as for one. So attempts wait in one queue for the
transaction before theirs, and go together. Nobody is answered before what they did is on the disk.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from vipgate_fs.aside import Aside
from vipgate_fs.gate.lockout import Attempt
from vipgate_fs.gate.memory import Judged, Log, report_lockouts
from vipgate_fs.gate.pins import Credential, Unchecked
from vipgate_fs.gate.record import CallRecord
from vipgate_fs.store import dialect
from vipgate_fs.store.batch import Batch, Waiting
from vipgate_fs.store.database import Database, Replaced
from vipgate_fs.store.key import KeyFile
from vipgate_fs.store.ledger import Ledger
from vipgate_fs.store.meanwhile import SAVED_AT_ONCE, Meanwhile

MOST: Final = 10_000
"""Records that wait for a store that is gone; those of further calls are lost, and counted."""
GATHER: Final = 0.25
"""Seconds that records alone are gathered before they are written together."""
WINDOW: Final = 0.003
"""Seconds that a transaction is put off for further attempts, where more than one waits."""
_ATTEMPTS: Final = 200
"""In one transaction: those that come later wait no longer than it takes to judge so many."""
_AT_ONCE: Final = 500
_GONE: Final = "store unavailable, counting lockouts in memory"
_WITHOUT: Final = "guest PINs and one-time PINs are refused, overrides stay as they were last known, call records wait"
_REPLACED: Final = "store removed or replaced, writing the lockouts known here to the new one"


class StoreGone(Exception):
    """The store is not there."""


class Writer:
    """Does what waits, batch by batch, in a thread of its own (a greenlet where gevent has patched the process).

    Args:
        database: the store's.
        key: of guest PINs.
        log: of the store's becoming unavailable and available again, once each, and of lockouts that begin.
        meanwhile: has what the store does not know.
        clock: gives the Unix time.

    Attributes:
        gone_since: Unix time; None while the store is there.
        transactions: that were committed.
    """

    def __init__(
        self, database: Database, key: KeyFile, log: Log, meanwhile: Meanwhile, clock: Callable[[], float] = time.time
    ) -> None:
        self.gone_since: float | None = None
        self.transactions = 0
        self._database = database
        self._key = key
        self._log = log
        self._meanwhile = meanwhile
        self._clock = clock
        self._aside = Aside(native=database.dialect.file is not None)
        self._attempts: deque[Waiting] = deque()
        self._records: deque[CallRecord] = deque()
        self._pieces: deque[Batch] = deque()
        self._something, self._urgent = threading.Event(), threading.Event()
        self._closing = False
        self._is_new = False
        """Whether the connection has done nothing yet."""
        self._stuck_since: float | None = None
        self._lost = 0
        self._refused_key: tuple[str, str] | None = None
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def judge(self, attempt: Attempt, expected: Credential, entered: str) -> Judged:
        """See `vipgate_fs.gate.memory.Memory`. Raises StoreGone: at once, or as soon as that is known."""
        if self.gone_since is not None:
            raise StoreGone
        waiting = Waiting(attempt, expected, entered)
        self._attempts.append(waiting)
        self._urgent.set()
        self._something.set()
        if not waiting.done.wait(dialect.PATIENCE):
            waiting.given_up = True
            raise Unchecked
        if waiting.error is not None:
            raise waiting.error
        assert waiting.judged is not None
        return waiting.judged

    def record(self, record: CallRecord) -> None:
        """Take a record. Returns at once, whatever the store does."""
        if len(self._records) >= MOST:
            self._lost += 1
            return
        self._records.append(record)
        if not self._something.is_set():
            self._something.set()

    def wake(self) -> None:
        """Look whether there is something to do."""
        self._urgent.set()
        self._something.set()

    def close(self, patience: float) -> None:
        """Write what is left, for so many seconds."""
        self._closing = True
        self.wake()
        if self._thread.ident is not None:
            self._thread.join(patience)
        self._lost += len(self._records)
        self._report_lost()

    def lose(self, error: BaseException) -> None:
        """The store is gone: whoever waits goes on without it."""
        if self.gone_since is None:
            self.gone_since = time.time()
            obstacle = self._database.find_obstacle()
            do = obstacle or f"it is tried again every {dialect.RETRY:g} s"
            self._log.error(_GONE, why=self._database.describe(error), without=_WITHOUT, do=do)
        waiting = [*self._attempts, *(each for piece in self._pieces for each in piece.attempts)]
        self._attempts.clear()
        self._pieces.clear()
        self._answer(waiting, StoreGone())
        self.wake()

    def _run(self) -> None:
        while True:
            self._wait()
            batch = self._pieces.popleft() if self._pieces else self._gather()
            if not (batch.attempts or batch.records or batch.unsaved or self.gone_since or self._database.was_replaced):
                if self._closing:
                    return
                continue
            try:
                self._do(batch)
            except Exception:  # noqa: BLE001 - whatever it is, those who come after must not wait in vain
                self._log.error("error while writing to the store", exception=traceback.format_exc())
                self._answer(batch.attempts, Unchecked())
            self._report_lost()
            if self._closing and self.gone_since is not None:
                return

    def _wait(self) -> None:
        """Until there is something to do."""
        if self._pieces or self._closing:
            return
        if self.gone_since is not None:
            self._urgent.clear()
            self._urgent.wait(dialect.RETRY)
        else:
            self._something.wait()
            if not self._attempts:
                self._urgent.wait(GATHER)
            if len(self._attempts) > 1:
                time.sleep(WINDOW)
        self._urgent.clear()
        self._something.clear()

    def _gather(self) -> Batch:
        batch = Batch()
        while self._attempts and len(batch.attempts) < _ATTEMPTS:
            waiting = self._attempts.popleft()
            if not waiting.given_up:
                batch.attempts.append(waiting)
        batch.records = [self._records[index] for index in range(min(_AT_ONCE, len(self._records)))]
        batch.unsaved = self._meanwhile.unsaved()
        if self._attempts or len(self._records) > _AT_ONCE or len(batch.unsaved) == SAVED_AT_ONCE:
            self.wake()
        return batch

    def _do(self, batch: Batch) -> None:
        batch.unsaved = {**batch.unsaved, **self._meanwhile.unsaved(batch.limits)}
        self._stuck_since = self._stuck_since or time.monotonic()
        try:
            self._aside.run(partial(self._commit, batch), dialect.HANG)
        except Exception as error:  # noqa: BLE001 - a driver may raise anything
            self._fail(batch, error)
        else:
            self._succeed(batch)
        if self._key.missed != self._refused_key:
            self._refused_key = self._key.missed
            if self._refused_key is not None:
                gate, why = self._refused_key
                self._log.error("guest PINs are refused", gate=gate, why=why)

    def _commit(self, batch: Batch) -> None:
        """Beside the calls: nothing here may wait for one of them."""
        with self._database.writing() as connection:
            ledger = Ledger(connection, self._database.dialect, self._key)
            limits = batch.limits
            if limits:
                ledger.load(limits, batch.unsaved)
            now = self._clock()
            batch.changed = {}
            for waiting in batch.attempts:
                if waiting.given_up:
                    continue
                try:
                    waiting.judged, changed = ledger.judge(waiting.attempt, waiting.expected, waiting.entered, now)
                except Unchecked as error:
                    waiting.error = error
                else:
                    waiting.error = None
                    batch.changed.update(changed)
            ledger.save()
            ledger.record(batch.records)
            batch.known = ledger.known
            if batch.abandoned:
                raise TimeoutError

    def _succeed(self, batch: Batch) -> None:
        self.transactions += 1
        self._stuck_since = None
        self._is_new = False
        self._meanwhile.saved(batch.unsaved)
        self._meanwhile.learn(batch.known, batch.limits)
        for _ in batch.records:
            self._records.popleft()
        if self.gone_since is not None:
            self.gone_since = None
            self._log.info("store available again")
            self.wake()
        for waiting in batch.attempts:
            waiting.done.set()
        report_lockouts(self._log, batch.changed, self._clock())

    def _fail(self, batch: Batch, error: Exception) -> None:
        stuck = time.monotonic() - (self._stuck_since or 0.0)
        if isinstance(error, Replaced):
            self._database.was_replaced = False
            self._log.error(_REPLACED)
            self._meanwhile.doubt()
            self._again(batch)
        elif self._database.is_busy(error) and stuck < dialect.HANG:
            self._again(batch)
        elif self._database.is_busy(error) or self._database.is_lost(error):
            self._stuck_since = None
            self._leave(batch, error)
        elif len(pieces := batch.pieces()) > 1:  # one of them; the others must not be lost with it
            self._pieces.extend(pieces)
        else:
            self._refuse(batch, error)

    def _leave(self, batch: Batch, error: Exception) -> None:
        """Connect anew, once at once: a server that was started again is back. Else the store is gone."""
        if isinstance(error, TimeoutError):
            batch.abandoned = True
            self._database.abandon()
        else:
            self._database.close()
        if self._is_new or isinstance(error, TimeoutError):
            self._attempts.extendleft(reversed(batch.attempts))
            self.lose(error)
        else:
            self._is_new = True
            self._again(batch)

    def _again(self, batch: Batch) -> None:
        self._attempts.extendleft(reversed(batch.attempts))
        self.wake()

    def _refuse(self, batch: Batch, error: Exception) -> None:
        why = f"{type(error).__name__}: {self._database.describe(error)}"
        self._log.error("the store refused a piece of work", why=why)
        for _ in batch.records:
            self._records.popleft()
            self._lost += 1
        self._meanwhile.saved(batch.unsaved)
        self._answer(batch.attempts, Unchecked(why))

    @staticmethod
    def _answer(attempts: Iterable[Waiting], error: Exception) -> None:
        for waiting in attempts:
            waiting.error = error
            waiting.done.set()

    def _report_lost(self) -> None:
        if self._lost:
            self._log.error("call records were lost: the store did not take them", calls=self._lost)
            self._lost = 0
