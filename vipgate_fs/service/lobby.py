"""Peers that have connected and have not shown a call yet: bounded in number and bytes, so that they keep nobody out.

A FreeSWITCH shows its call within milliseconds. Whoever does not may be a port scanner, a monitor, or somebody who
wants to use up descriptors or memory. So when there are too many, those who have waited longest have to go; when they
have sent too much, those who have sent most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import gevent
from gevent import GreenletExit

KIB: Final = 1024
MOST_BYTES: Final = 64 * KIB * KIB
"""Of all peers of one process that may connect."""

LARGE: Final = 128 * KIB
"""Bytes; a call with several hundred variables has less than 64 KiB. Who sends more is not read in a hurry."""
PAUSE: Final = 0.001
"""Seconds between two reads of such a peer, for each that is here: together they are read at a bounded speed."""


class Dropped(GreenletExit):  # type: ignore[misc]
    """Raised in the greenlet of a peer that has to go."""


class Lobby:
    """Has room for so many peers, who may have sent so many bytes all together.

    Args:
        places: peers, at least 1.
        bytes_: that they may have sent, all together.
    """

    def __init__(self, places: int, bytes_: int) -> None:
        self._places, self._bytes = places, bytes_
        self._sent: dict[Any, int] = {}
        self._total = 0
        self._large: set[Any] = set()

    def __len__(self) -> int:
        return len(self._sent)

    @contextmanager
    def place(self) -> Iterator[Callable[[int], None]]:
        """Let this greenlet's peer be here while the block runs; gives the counter for the bytes it has sent.

        Raises:
            Dropped: it has to go, at whatever moment it waits.
        """
        me = gevent.getcurrent()
        if len(self._sent) >= self._places:
            self._drop(next(iter(self._sent)))
        self._sent[me] = 0
        try:
            yield lambda count: self._take(me, count)
        finally:
            self._forget(me)

    def _take(self, peer: Any, count: int) -> None:
        if peer not in self._sent:  # it has shown a call
            return
        self._sent[peer] += count
        self._total += count
        while self._total > self._bytes:
            most = max(self._sent, key=self._sent.__getitem__)
            if most is peer:
                raise Dropped
            self._drop(most)
        if self._sent[peer] > LARGE:
            self._large.add(peer)
            gevent.sleep(PAUSE * len(self._large))

    def _drop(self, peer: Any) -> None:
        self._forget(peer)
        peer.kill(Dropped, block=False)

    def _forget(self, peer: Any) -> None:
        self._total -= self._sent.pop(peer, 0)
        self._large.discard(peer)
