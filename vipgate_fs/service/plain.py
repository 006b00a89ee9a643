"""Python's own blocking calls, which gevent replaces in a process that serves calls.

The supervisor needs them: it forks, so it has no event loop that its children would inherit.
"""

from __future__ import annotations

import _socket
import socket as stdlib_socket
from typing import Any

from gevent.monkey import get_original

getaddrinfo = get_original("socket", "getaddrinfo")
select = get_original("select", "select")
sleep = get_original("time", "sleep")
socket = get_original("socket", "socket")
waitpid = get_original("os", "waitpid")


def socketpair() -> tuple[Any, Any]:
    """Two connected sockets that keep messages apart."""
    one, other = _socket.socketpair(stdlib_socket.AF_UNIX, stdlib_socket.SOCK_SEQPACKET)
    return socket(fileno=one.detach()), socket(fileno=other.detach())


def accept(listener: Any) -> Any:
    """A connection; `accept` of Python's own socket class makes one of gevent's."""
    return socket(fileno=listener._accept()[0])  # noqa: SLF001 - what `accept` calls
