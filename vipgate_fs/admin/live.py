"""Calls as they end: looked up in the store by the page's own process, and only while somebody listens.

No call has a part in it: workers write their records as ever. However many listen, the store is asked once a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import gevent
from gevent.queue import Empty, Queue

from vipgate_fs.gate.record import CallRecord

MOST: Final = 32
"""Listeners at a time, of all sessions."""
MOST_EACH: Final = 4
"""Of one session."""
LOOKS: Final = 1.0
"""Seconds between two looks at the store."""
LATE: Final = 60.0
"""Seconds by which a record may be written late, or by which the clock of another machine may differ."""
_WAITING: Final = 20
"""Looks with new calls that a listener may be behind; then it misses the next one."""

Look = Callable[[float], list[CallRecord]]
"""The records of calls that ended at a Unix time or later, the latest first."""


class TooMany(Exception):
    """No more may listen."""


class Live:
    """Who listens, and what was sent to them.

    Args:
        look: see Look.
        clock: gives the Unix time.
    """

    def __init__(self, look: Look, clock: Callable[[], float] = time.time) -> None:
        self._look, self._clock = look, clock
        self._listeners: dict[Queue, str] = {}
        self._is_watching = False
        self._seen: dict[tuple[str, float], float] | None = None

    @contextmanager
    def listening(self, session: str) -> Iterator[Callable[[float], list[CallRecord]]]:
        """Gives what waits so many seconds, at most, for calls that have ended since; they come the earliest first.

        Raises:
            TooMany: listen already.
        """
        if len(self._listeners) >= MOST or list(self._listeners.values()).count(session) >= MOST_EACH:
            raise TooMany
        queue: Queue = Queue(_WAITING)
        self._listeners[queue] = session

        def wait(seconds: float) -> list[CallRecord]:
            try:
                found: list[CallRecord] = queue.get(timeout=seconds)
            except Empty:
                return []
            return found

        try:
            if not self._is_watching:
                self._is_watching, self._seen = True, None
                self._fresh()
                gevent.spawn(self._watch)
            yield wait
        finally:
            del self._listeners[queue]

    def _watch(self) -> None:
        try:
            while self._listeners:
                gevent.sleep(LOOKS)
                fresh = self._fresh()
                for queue in [*self._listeners] if fresh else ():
                    if not queue.full():
                        queue.put_nowait(fresh)
        finally:
            self._is_watching = False

    def _fresh(self) -> list[CallRecord]:
        """Records that no look before this one has seen; the first look sees those that the page shows already."""
        since = self._clock() - LATE
        found = {(record.uuid, record.began): record for record in reversed(self._look(since))}
        before = self._seen
        kept = {key: ended for key, ended in (before or {}).items() if ended >= since}
        self._seen = kept | {key: record.began + record.seconds for key, record in found.items()}
        return [] if before is None else [record for key, record in found.items() if key not in before]
