"""The simulator's time, which may run faster than the clock on the wall, or leap from one event to the next."""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gevent
from gevent.event import Event as Signal


class Clock:
    """Simulated time, a multiple of the time on the wall.

    Args:
        speed: 1.0 is real time; with 20.0 every wait takes a twentieth.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._epoch = time.time()
        self._origin = time.monotonic()

    def now(self) -> float:
        """Simulated seconds since 1970."""
        return self._epoch + (time.monotonic() - self._origin) * self._speed

    def micros(self) -> int:
        """Simulated microseconds since 1970, as FreeSWITCH writes its time stamps."""
        return int(self.now() * 1_000_000)

    def later(self, seconds: float, do: Callable[..., None], *arguments: Any) -> Any:
        """Do something after simulated seconds, in a greenlet of its own; `kill(block=False)` forgets it."""
        gevent.get_hub().loop.update_now()  # it stands still while Python is busy, and a timer would go off too early
        return gevent.spawn_later(max(seconds, 0.0) / self._speed, do, *arguments)

    def wait(self, signal: Signal, seconds: float = math.inf) -> None:
        """Wait for a signal, but not longer than simulated seconds; it may then have been set all the same."""
        timer = None if seconds == math.inf else self.later(seconds, signal.set)
        try:
            signal.wait()
        finally:
            if timer is not None:
                timer.kill(block=False)

    def sleep(self, seconds: float) -> None:
        """Wait for simulated seconds."""
        self.wait(Signal(), seconds)

    def for_peer(self, seconds: float) -> float:
        """Simulated seconds to wait for a peer that takes so many: it works in real time, however fast ours runs."""
        return seconds * self._speed

    @contextmanager
    def held(self) -> Iterator[None]:
        """Around work that somebody else does, such as the resolver's thread: no reason to leap."""
        yield


class LeapingClock(Clock):
    """Simulated time that stands still while anybody has something to do, and then leaps to what is due next.

    So nothing is ever late, and nobody waits. It takes notice only of greenlets of this process: a peer in another
    process or thread would find that hours have passed while it was thinking.
    """

    def __init__(self) -> None:
        super().__init__()
        self._now = self._epoch
        self._order = itertools.count()
        self._due: list[tuple[float, int, gevent.Greenlet]] = []
        self._idle = gevent.get_hub().loop.idle()
        self._holds = 0

    def now(self) -> float:
        """Simulated seconds since 1970."""
        return self._now

    def later(self, seconds: float, do: Callable[..., None], *arguments: Any) -> gevent.Greenlet:
        """Do something after simulated seconds, in a greenlet of its own; `kill(block=False)` forgets it."""
        timer = gevent.Greenlet(do, *arguments)
        heapq.heappush(self._due, (self._now + max(seconds, 0.0), next(self._order), timer))
        self._idle.start(self._leap)
        return timer

    def for_peer(self, seconds: float) -> float:
        """The same seconds: a peer of this process takes none."""
        return seconds

    @contextmanager
    def held(self) -> Iterator[None]:
        """Around work that somebody else does, such as the resolver's thread: no reason to leap."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    def _leap(self) -> None:
        """Nothing is ready to run or to read: the next moment has come."""
        while self._due and not self._holds:
            due, _, timer = heapq.heappop(self._due)
            if not timer.dead:  # by `kill`: nobody waits for that moment any more
                self._now = due
                timer.start()
                return
        if not self._due:
            self._idle.stop()
