"""How the simulator's bytes get to its peer: as they come, or as an unkind network would have them."""

from __future__ import annotations

import socket as stdlib_socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import gevent

from vipgate_fs.simulator.clock import Clock

_READ_BY: Final = 0.02
"""Real seconds for the peer to read what came in pieces, before simulated time goes on."""


@dataclass(slots=True)
class Delivery:
    """One connection's way to write.

    Attributes:
        chunk: bytes in one write; None: as many as there are.
        glue: simulated seconds that bytes are held back, so that frames leave together.
        cut_after: bytes after which the connection is cut; None: never.
        reset: it is cut by RST instead of FIN.
        early_notice: the notice of a hung-up call overtakes the call's last events; a real switch does it now and then
            (facts: "Hangup, linger").
    """

    chunk: int | None = None
    glue: float = 0.0
    cut_after: int | None = None
    reset: bool = False
    early_notice: bool = False
    _held: bytes = b""
    _sent: int = 0
    _is_closed: bool = False

    def send(self, sock: Any, data: bytes, clock: Clock) -> None:
        """Write to the peer. Raises OSError: when the connection is gone, also by `cut_after`."""
        if self.glue:
            if not self._held:
                clock.later(self.glue, self._flush, sock, clock)
            self._held += data
        else:
            self._write(sock, data, clock)

    def close(self, sock: Any, clock: Clock) -> None:
        """Write what is held back and close."""
        self._flush(sock, clock)
        self._close(sock)

    def _flush(self, sock: Any, clock: Clock) -> None:
        held, self._held = self._held, b""
        with suppress(OSError):
            self._write(sock, held, clock)

    def _write(self, sock: Any, data: bytes, clock: Clock) -> None:
        if self._is_closed:
            raise ConnectionAbortedError("the connection is cut")
        whole = len(data)
        if self.cut_after is not None:
            data = data[: self.cut_after - self._sent]
        size = self.chunk or max(whole, 1)
        with clock.held():
            for start in range(0, len(data), size):
                sock.sendall(data[start : start + size])
                if self.chunk:
                    gevent.sleep(0)
            if self.chunk:
                gevent.get_hub().loop.update_now()  # it stood still in the loop, and the pause would be none
                gevent.sleep(_READ_BY)
        self._sent += len(data)
        if len(data) < whole:
            if self.reset:
                sock.setsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._close(sock)
            raise ConnectionAbortedError("the connection is cut here")

    def _close(self, sock: Any) -> None:
        self._is_closed = True
        sock.close()
