"""The process that FreeSWITCH connects to: accepts, hands each connection to a greenlet, and ends in order."""

from __future__ import annotations

import ipaddress
import socket as stdlib_socket
from collections.abc import Sequence
from typing import Any, Final

from gevent import socket
from gevent.pool import Pool
from gevent.server import StreamServer

from vipgate_fs.config.model import Configuration
from vipgate_fs.service.calls import CallHandler, Clock, system_clock
from vipgate_fs.service.logs import Log

BACKLOG: Final = 4096
"""Connections that may wait to be accepted; the system's limit (net.core.somaxconn) may be lower."""
DRAIN: Final = 30.0
"""Seconds that running dialogues have when the service is told to end."""
_KEEPALIVE: Final = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


class GateServer:
    """Listens as the configuration says and serves calls until it is stopped.

    Raises:
        OSError: by `start`, when the address can't be listened on.
    """

    def __init__(self, configuration: Configuration, log: Log, clock: Clock = system_clock) -> None:
        server = configuration.server
        self._allow: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network] = server.allow
        self._log = log
        self._serve = CallHandler(configuration, log, clock)
        self._calls = Pool()
        self._cut_off = 0
        self._server = StreamServer((server.host, server.port), self._connected, backlog=BACKLOG, spawn=self._calls)

    @property
    def port(self) -> int:
        """The port that is listened on, also where the configuration says 0."""
        return int(self._server.server_port)

    @property
    def calls(self) -> int:
        """Connections that are being served."""
        return len(self._calls)

    def start(self) -> None:
        """Begin to accept."""
        self._server.start()

    def stop(self, drain: float = DRAIN) -> int:
        """Close the port, let running dialogues end, and return how many were cut off after `drain` seconds.

        FreeSWITCH goes to the next host of its list; a call that is cut off goes on in its dialplan. May be called
        again meanwhile, to cut them off sooner.
        """
        self._server.close()
        self._calls.join(timeout=drain)
        self._cut_off += len(self._calls)
        self._calls.kill()
        return self._cut_off

    def _connected(self, sock: Any, address: tuple[Any, ...]) -> None:
        peer = ipaddress.ip_address(address[0].partition("%")[0])
        if not any(peer in network for network in self._allow):
            self._log.warning("connection refused: not in server.allow", peer=str(peer))
            sock.close()
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE.items():
            sock.setsockopt(socket.IPPROTO_TCP, getattr(stdlib_socket, option), value)
        self._serve(sock, address)
