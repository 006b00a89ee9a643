"""The simulator's time, which may run faster than the clock on the wall."""

from __future__ import annotations

import time

import gevent


class Clock:
    """Simulated time.

    Args:
        speed: 1.0 is real time; with 20.0 every wait takes a twentieth.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._epoch = time.time()
        self._origin = time.monotonic()

    def now(self) -> float:
        """Simulated seconds since 1970."""
        return self._epoch + (time.monotonic() - self._origin) * self.speed

    def micros(self) -> int:
        """Simulated microseconds since 1970, as FreeSWITCH writes its time stamps."""
        return int(self.now() * 1_000_000)

    def real(self, seconds: float) -> float:
        """Real seconds that so many simulated seconds take."""
        return max(seconds, 0.0) / self.speed

    def sleep(self, seconds: float) -> None:
        """Wait for simulated seconds."""
        gevent.sleep(self.real(seconds))
