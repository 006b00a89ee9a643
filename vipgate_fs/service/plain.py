"""Python's own blocking calls, which gevent replaces in a process that serves calls.

The supervisor needs them: it forks, so it has no event loop that its children would inherit.
"""

from __future__ import annotations

import _socket
import math
import select as stdlib_select
import socket as stdlib_socket
from collections.abc import Sequence
from typing import Any

from gevent.monkey import get_original
from gevent.os import fork_gevent

getaddrinfo = get_original("socket", "getaddrinfo")
poll = get_original("select", "poll")
sleep = get_original("time", "sleep")
socket = get_original("socket", "socket")
waitpid = get_original("os", "waitpid")

fork = fork_gevent
"""Not gevent's own `fork`: its loop would take every child's exit status, and who waits for that child finds none."""


def socketpair() -> tuple[Any, Any]:
    """Two connected sockets that keep messages apart."""
    one, other = _socket.socketpair(stdlib_socket.AF_UNIX, stdlib_socket.SOCK_SEQPACKET)
    return socket(fileno=one.detach()), socket(fileno=other.detach())


def readable(sockets: Sequence[Any], seconds: float) -> list[Any]:
    """Those of the sockets that can be read, or are at their end; waits for the first of them so many seconds.

    Not `select`, which knows no descriptor above 1023 (select(2)).
    """
    waiting = poll()
    for sock in sockets:
        waiting.register(sock, stdlib_select.POLLIN)
    ready = {descriptor for descriptor, _ in waiting.poll(math.ceil(seconds * 1000))}
    return [sock for sock in sockets if sock.fileno() in ready]


def accept(listener: Any) -> Any:
    """A connection; `accept` of Python's own socket class makes one of gevent's."""
    return socket(fileno=listener._accept()[0])  # noqa: SLF001 - what `accept` calls
