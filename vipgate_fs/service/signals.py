"""Signals: counted when they come, obeyed when there is time."""

from __future__ import annotations

import signal
from typing import Any

from vipgate_fs.service import plain


class Signals:
    """SIGTERM, SIGINT and SIGHUP of this process, from now on.

    Attributes:
        ends: SIGTERM and SIGINT that were not obeyed yet.
        reloads: SIGHUP likewise.
        socket: readable when one has come.
    """

    def __init__(self) -> None:
        self.ends = self.reloads = 0
        self.socket, self._wake = plain.socketpair()
        self.socket.settimeout(0)
        self._wake.settimeout(0)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note_end)
        signal.signal(signal.SIGHUP, self._note_reload)

    def clear(self) -> None:
        """Take note that `socket` was readable."""
        self.socket.recv(1)

    def leave(self) -> None:
        """Close it, in a process that was forked."""
        self.socket.close()
        self._wake.close()

    def _note_end(self, *_: Any) -> None:
        self.ends += 1

    def _note_reload(self, *_: Any) -> None:
        self.reloads += 1
