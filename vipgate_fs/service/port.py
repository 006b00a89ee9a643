"""The port that FreeSWITCH connects to: one listening socket, shared by all workers, that closes without losing a call.

A connection that waits to be accepted when its listening socket closes is reset, and FreeSWITCH leaves a call parked
whose connection ends before `connect`. So a port listens only while somebody accepts, and is closed in three steps:
first the kernel drops requests for new connections (they are repeated after one second), then what waits is accepted,
then the socket stops listening. From then on connections are refused, repeated requests included, and FreeSWITCH tries
its next host or its next action. docs/operation.md has the measurements.
"""

from __future__ import annotations

import resource
import socket as stdlib_socket
import struct
import time
from contextlib import suppress
from typing import Any, Final

from vipgate_fs.sentences import say
from vipgate_fs.sentences.system import system_says
from vipgate_fs.service import plain

BACKLOG: Final = 4096
"""Connections that may wait to be accepted; the system's limit (net.core.somaxconn) may be lower."""
SETTLE: Final = 0.1
"""Seconds for connections to be completed that were requested before the port began to close."""
_PATIENCE: Final = 5.0
"""Seconds for workers to accept what waits; more only if none of them works any more."""
_LEAST_TTL: Final = ((stdlib_socket.IPPROTO_IP, 21), (stdlib_socket.IPPROTO_IPV6, 73))
"""Of packets that are heard: IP_MINTTL (ip(7)) and IPV6_MINHOPCOUNT (linux/in6.h)."""
_WAITING: Final = struct.Struct("=24xI")
"""tcpi_unacked in struct tcp_info: for a listening socket, the connections that wait (linux/tcp_diag.c)."""


class CannotListen(Exception):
    """A port can't be had. The text says which, and why."""


class Port:
    """A socket to listen on, closed at first.

    Args:
        host, port: where to listen; port 0 lets the system choose.

    Attributes:
        socket: shared with the workers, which inherit it. It does not block.
        is_open: whether connections are accepted; False: they are refused.

    Raises:
        CannotListen: when it is taken, or not of this machine.
    """

    def __init__(self, host: str, port: int) -> None:
        try:
            self.socket = bound(host, port)
            if port == 0:  # only a port that was asked for by its number is kept while closed (inet_csk_get_port)
                chosen = self.number
                self.socket.close()
                self.socket = bound(host, chosen)
        except OSError as error:
            raise CannotListen(
                say("can't listen on {address}: {why}", address=address(host, port), why=system_says(error))
            ) from None
        self._share_number(0)
        self.is_open = False

    @property
    def number(self) -> int:
        """The port's number."""
        return int(self.socket.getsockname()[1])

    def open(self) -> None:
        """Listen, again or for the first time. Raises CannotListen: when the system refuses it."""
        if not self.is_open:
            self._share_number(1)
            try:
                self.socket.listen(BACKLOG)
            except OSError as error:
                raise CannotListen(
                    say("can't listen on port {number}: {why}", number=self.number, why=system_says(error))
                ) from None
            self.is_open = True

    def close(self) -> None:
        """Refuse connections from now on, after those that wait have been accepted. The port stays ours."""
        if self.is_open:
            drop_requests(self.socket)
            plain.sleep(SETTLE)
            until = time.monotonic() + _PATIENCE
            while self._waiting and time.monotonic() < until:
                plain.sleep(0.01)
            self.socket.shutdown(stdlib_socket.SHUT_RD)
            hear(self.socket)
            self._share_number(0)
            self.is_open = False

    def leave(self) -> None:
        """Close it, in a process that was forked and does not accept."""
        self.socket.close()

    def _share_number(self, yes: int) -> None:
        """With running calls, without which it can't listen; while it does not, not with another service."""
        self.socket.setsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_REUSEADDR, yes)

    @property
    def _waiting(self) -> int:
        info = self.socket.getsockopt(stdlib_socket.IPPROTO_TCP, stdlib_socket.TCP_INFO, _WAITING.size)
        return int(_WAITING.unpack(info)[0])


def address(host: str, port: int) -> str:
    """As `server.listen` has it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def drop_requests(sock: Any) -> None:
    """Let the kernel drop requests for new connections to a listening socket; they will be repeated after a second.

    It hears only what has a TTL of 255, and Linux sends with 64. What completes a connection is let through, but the
    connection inherits the limit, and `hear` must take it back. A socket filter (SO_ATTACH_FILTER) would do as well,
    but newer kernels want CAP_NET_ADMIN for it on TCP sockets (seen with 6.18).
    """
    _set_least_ttl(sock, 255)


def hear(sock: Any) -> None:
    """Let packets through again."""
    _set_least_ttl(sock, 0)


def _set_least_ttl(sock: Any, ttl: int) -> None:
    """On a system without the option nothing is dropped, and who comes while a port closes may be reset."""
    for level, option in _LEAST_TTL if sock.family == stdlib_socket.AF_INET6 else _LEAST_TTL[:1]:
        with suppress(OSError):
            sock.setsockopt(level, option, ttl)


def bound(host: str, port: int) -> Any:
    """A socket that does not listen yet, and does not block. Raises OSError."""
    family, kind, protocol, _, where = plain.getaddrinfo(
        host, port, type=stdlib_socket.SOCK_STREAM, flags=stdlib_socket.AI_PASSIVE
    )[0]
    sock = plain.socket(family, kind, protocol)
    try:
        sock.setsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_REUSEADDR, 1)
        sock.bind(where)
    except OSError:
        sock.close()
        raise
    sock.settimeout(0)
    return sock


def allow_many_files() -> None:
    """As many file descriptors as the service may have: a call needs one, a step that asks elsewhere another."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
