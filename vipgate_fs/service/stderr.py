"""A stderr that keeps nobody waiting: what is not taken in time is lost, and counted.

A pipe or a terminal whose reader has stopped (a pager, a journal that hangs, Ctrl-S) fills up, and then whoever writes
waits until somebody reads: the supervisor, its workers, and all calls.
"""

from __future__ import annotations

import io
import os
import select as stdlib_select
import socket as stdlib_socket
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from vipgate_fs.service import plain

_PATIENCE: Final = 100
"""Milliseconds for a reader who is only slow; after a loss nobody waits until something is taken again."""


class Stderr(io.RawIOBase):
    """The process's stderr, and that of those it forks, each of which counts its own losses.

    Args:
        descriptor: of the stderr that there is.

    Attributes:
        lost: lines since the last that was taken.
        notice: makes a line that says how many were lost.
    """

    def __init__(self, descriptor: int) -> None:
        self.lost = 0
        self.notice: Callable[[int], str] = "{} lines were lost".format
        self._descriptor = descriptor
        self._is_torn = False
        self._send = _sender(descriptor)
        self._ready = plain.poll()
        self._ready.register(descriptor, stdlib_select.POLLOUT)
        os.register_at_fork(after_in_child=self._forget)

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether somebody reads along."""
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Write what can be written in time; as if it were all."""
        if self.lost and self._put((self.notice(self.lost) + "\n").encode()):
            self.lost = 0
        if self.lost or not self._put(data):
            self.lost += 1
        return len(data)

    def _put(self, data: Any) -> bool:
        """Whether all of it was taken; the end of its line may follow with the next."""
        whole = memoryview(b"\n" + data if self._is_torn else data)
        left, waits = whole, not self.lost
        with suppress(OSError):  # a full disk, or nobody is there to read
            while left:
                try:
                    left, waits = left[self._send(left) :], True
                except BlockingIOError:
                    if not waits:
                        break
                    self._ready.poll(_PATIENCE)
                    waits = False
        if len(left) < len(whole):
            self._is_torn = bool(left)
        return left.tobytes() in (b"", b"\n")

    def _forget(self) -> None:
        self.lost = 0


def install() -> None:
    """Let this process write to its stderr without waiting, where that is a file of the system."""
    with suppress(OSError):  # a test has put something else in its place
        raw, encoding = Stderr(sys.stderr.fileno()), sys.stderr.encoding
        sys.stderr = io.TextIOWrapper(raw, encoding, "backslashreplace", write_through=True)


def _sender(descriptor: int) -> Callable[[Any], int]:
    """What writes there and does not wait, without a change for others who have the same pipe or terminal."""
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISSOCK(mode):  # of systemd's journal
        sock = plain.socket(fileno=os.dup(descriptor))
        return lambda data: int(sock.send(data, stdlib_socket.MSG_DONTWAIT))
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        try:
            descriptor = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError:  # a pipe of another user's
            os.set_blocking(descriptor, False)
    return lambda data: os.write(descriptor, data)
