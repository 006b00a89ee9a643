"""One timer for all that a connection waits for.

gevent makes a time-out for each read, which costs more than the read does, and most often nothing comes of it. Here the
timer of an earlier wait is left alone, and looks when it rings whether there is something to break off.
"""

from __future__ import annotations

import math
import time
from typing import Any, Final

import gevent

_SOON: Final = 0.001
"""Seconds that a wait lasts whose time is over already: what has come is read all the same."""


class Alarm:
    """Breaks off reads from a connection whose time is over. One greenlet reads at a time."""

    __slots__ = ("_reader", "_rings_at", "_timer", "_until")

    def __init__(self) -> None:
        self._timer: Any = None
        self._rings_at = self._until = math.inf
        self._reader: Any = None

    def recv(self, sock: Any, size: int, until: float) -> bytes:
        """What comes on a gevent socket, until a moment of `time.monotonic`.

        Raises:
            OSError: from the socket; a TimeoutError when nothing has come by then.
        """
        self._reader, self._until = gevent.getcurrent(), until
        if until < self._rings_at:
            self._set()
        sock.settimeout(None)
        try:
            return sock.recv(size)  # type: ignore[no-any-return]
        finally:
            self._reader = None

    def _set(self) -> None:
        self.close()
        self._rings_at = self._until
        self._timer = gevent.get_hub().loop.timer(max(self._until - time.monotonic(), _SOON))
        self._timer.start(self._ring)

    def _ring(self) -> None:
        self._rings_at = math.inf
        if self._reader is not None and self._until < math.inf:
            if time.monotonic() < self._until:
                self._set()
            else:
                self._reader.throw(TimeoutError("timed out"))

    def close(self) -> None:
        """Never ring."""
        if self._timer is not None:
            self._timer.close()
            self._timer = None
