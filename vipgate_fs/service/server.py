"""Accept FreeSWITCH's connections, hand each to a greenlet, and stop gracefully."""

from __future__ import annotations

import errno
import ipaddress
import os
import resource
import socket as stdlib_socket
import time
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, Final

from gevent import Greenlet, socket
from gevent.pool import Pool
from gevent.server import StreamServer

from vipgate_fs.config.model import Configuration
from vipgate_fs.figures.counts import Counts
from vipgate_fs.gate.memory import Memory
from vipgate_fs.service.calls import CallHandler, Clock, system_clock
from vipgate_fs.service.course import Tracing
from vipgate_fs.service.logs import Log
from vipgate_fs.service.port import BACKLOG, hear
from vipgate_fs.service.unmet import Unmet

_PAUSE: Final = 0.2
"""Seconds between two tries to accept while the system has no file descriptor or no memory for a connection."""
_SPARE: Final = 3
"""File descriptors that are let go when there are no more: libev aborts the process of a thread that gets none."""
_PEERS: Final = 1000
"""Addresses of which it is remembered whether they are in `server.allow`: a switch places many calls."""
_BURST: Final = 1000
"""Connections accepted in one turn of the loop, 0.1 ms each: all hear from the gate before it works for the first."""
_SHARE: Final = 10
"""One of so many of the descriptors is what one turn may take at most: who has to go, goes between two turns."""
_REPORT_REFUSED: Final = 60.0
"""Seconds between two lines of the log about peers that are not in `server.allow`."""
_INHERITED: Final = (
    (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 30),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 10),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
)
"""Of the socket that listens: those that it accepts have them, too, without a system call for each."""


class GateServer:
    """Listens as the configuration says and serves calls until it is stopped.

    Args:
        configuration: checked.
        log: of each call.
        clock: gives the time to decide for, with a time zone.
        listener: a gevent socket that listens, shared with other processes (see `Port`); default: one of its own.
        memory: what is remembered across calls; default: that of this process.
        unmet: notes calls that meet no gate; default: warns in the log.
        counts: gets the figures; default: nobody looks at them.
        tracing: gets a trace of each call; None: there are no traces.

    Attributes:
        changed: set when a call begins or ends.

    Raises:
        OSError: by `start`, when the address can't be listened on.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it works with
        self,
        configuration: Configuration,
        log: Log,
        clock: Clock = system_clock,
        listener: Any = None,
        memory: Memory | None = None,
        unmet: Unmet | None = None,
        counts: Counts | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        server = configuration.server
        self._is_allowed = lru_cache(_PEERS)(partial(_is_within, server.allow))
        self._log = log
        self._counts = counts or Counts()
        self._serve = CallHandler(configuration, log, clock, memory, unmet, self._counts, tracing)
        self._connections = Pool()
        self._cut_off = self._refused = 0
        self._report_refused_at = 0.0
        self.changed = self._serve.changed
        backlog = None if listener else BACKLOG
        where = listener or (server.host, server.port)
        self._server = _Acceptor(where, self._admit, backlog=backlog, spawn=self._begin)
        self._server.report = self._report

    @property
    def port(self) -> int:
        """The port that is listened on, also where the configuration says 0."""
        return int(self._server.server_port)

    @property
    def calls(self) -> int:
        """Calls that are being served."""
        return self._serve.calls

    @property
    def begun(self) -> int:
        """Calls since the start."""
        return self._serve.begun

    @property
    def connections(self) -> int:
        """Connections that are open, also those of nobody who has shown to be a FreeSWITCH."""
        return len(self._connections)

    def start(self) -> None:
        """Begin to accept."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._server.last, self._server.max_accept = most - 1, max(min(_BURST, most // _SHARE), 1)
        self._server.init_socket()
        for level, option, value in _INHERITED:
            self._server.socket.setsockopt(level, getattr(stdlib_socket, option), value)
        self._server.start()

    def accept(self) -> None:
        """Begin to accept, or go on: a port that was closed for all processes has been opened again."""
        if self._server.started:
            self._server.start_accepting()
        elif not self._server.closed:
            self.start()

    def close(self) -> None:
        """Accept no more."""
        self._server.close()

    def stop(self, drain: float | None = None) -> int:
        """Close the port, let running dialogues end, and return how many were cut off after `drain` seconds (if any).

        FreeSWITCH goes to the next host of its list; a call that is cut off goes on in its dialplan. May be called
        again meanwhile, to cut them off sooner.
        """
        self.close()
        self._connections.join(timeout=drain)
        self._cut_off += self.calls
        self._connections.kill()
        return self._cut_off

    def _begin(self, *what: Any) -> None:
        """Run something in a greenlet of its own, at once: until it waits, which is when its peer has heard from it."""
        connection = Greenlet(*what)
        self._connections.add(connection)
        connection.switch()

    def _admit(self, sock: Any, address: tuple[Any, ...]) -> None:
        hear(sock)  # it may have been completed while the port closed
        if not self._is_allowed(address[0]):
            self._counts.error("not_allowed")
            self._report_refused(str(_peer(address[0])))
            self._serve.refuse(sock, address)
            return
        self._serve(sock, address)

    def _report_refused(self, peer: str) -> None:
        """Now and then: whoever connects often must not fill the log."""
        self._refused += 1
        if time.monotonic() >= self._report_refused_at:
            since_last = self._refused
            self._log.warning("connection refused: not in server.allow", peer=peer, connections=since_last)
            self._refused, self._report_refused_at = 0, time.monotonic() + _REPORT_REFUSED

    def _report(self, error: OSError) -> None:
        why = os.strerror(error.errno or 0)
        self._log.error("can't accept connections for now; they wait", why=why, calls=self.calls)


def _peer(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    peer = ipaddress.ip_address(host.partition("%")[0])
    return getattr(peer, "ipv4_mapped", None) or peer  # `[::]` takes connections of both kinds


def _is_within(networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network], host: str) -> bool:
    peer = _peer(host)
    return any(peer in network for network in networks)


class _Acceptor(StreamServer):  # type: ignore[misc]
    """gevent's server, for a socket that other processes accept from, too."""

    report: Callable[[OSError], None]
    last: int
    """The file descriptor after which there is none: the system gives the lowest that is free."""
    _is_reported = _is_paused = False
    _spare: tuple[int, ...] = ()

    def start_accepting(self) -> None:
        """Go on."""
        self._is_paused = False
        super().start_accepting()

    def do_read(self) -> Any:
        """One connection, or None when there is none now."""
        if self._is_paused:  # since the last one of this turn
            return None
        try:
            while len(self._spare) < _SPARE:
                self._spare += (os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC),)
            connection = super().do_read()
        except OSError as error:
            self._pause(error)
            return None
        self._is_reported = self._is_reported and connection is None
        if connection is not None and connection[0].fileno() >= self.last:
            self._pause(OSError(errno.EMFILE, os.strerror(errno.EMFILE)))
        return connection

    def close(self) -> None:
        """Accept no more."""
        self._let_go()
        super().close()

    def _let_go(self) -> None:
        for descriptor in self._spare:
            os.close(descriptor)
        self._spare = ()

    def _pause(self, error: OSError) -> None:
        self._is_paused = True
        self.stop_accepting()
        self._let_go()
        if error.errno == errno.EINVAL:  # the port was closed for all processes: `accept` comes when it is open again
            return
        if not self._is_reported:
            self._is_reported = True
            self.report(error)
        self._timer = self.loop.timer(_PAUSE)
        self._timer.start(self._start_accepting_if_started)
