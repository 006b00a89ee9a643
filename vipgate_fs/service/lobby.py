"""Peers that have connected and have not shown a call yet: bounded in number and bytes, so that they keep nobody out.

A FreeSWITCH shows its call within milliseconds. Whoever does not may be a port scanner, a monitor, or somebody who
wants to use up descriptors or memory. So when there are too many, those who have waited longest have to go; when they
have sent too much, those who have sent most.
"""

from __future__ import annotations

from typing import Any, Final, Self

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


class Place:
    """A peer's place in a lobby, which counts the bytes that it is called with. The end of a block leaves it."""

    __slots__ = ("_lobby", "_peer")

    def __init__(self, lobby: Lobby, peer: Any) -> None:
        self._lobby, self._peer = lobby, peer

    def __call__(self, count: int) -> None:
        """The peer has sent so many bytes; it may be Dropped for that."""
        self._lobby.take(self._peer, count)

    def leave(self) -> None:
        """The peer has shown a call, or is gone."""
        self._lobby.forget(self._peer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()


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

    def place(self) -> Place:
        """A place for this greenlet's peer; until it is left, Dropped is raised if the peer has to go."""
        me = gevent.getcurrent()
        if len(self._sent) >= self._places:
            self._drop(next(iter(self._sent)))
        self._sent[me] = 0
        return Place(self, me)

    def take(self, peer: Any, count: int) -> None:
        """A peer has sent so many bytes. Raises Dropped: it has to go."""
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
        self.forget(peer)
        peer.kill(Dropped, block=False)

    def forget(self, peer: Any) -> None:
        """A peer is here no more."""
        self._total -= self._sent.pop(peer, 0)
        self._large.discard(peer)
