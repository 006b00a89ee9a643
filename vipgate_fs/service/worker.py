"""A process that serves calls, forked by the supervisor.

They speak over a socket pair that keeps messages apart. The worker sends a report when the number of its calls changes,
and as a sign of life, what it has counted since, and numbers whose calls meet no gate; when it accepts no more, that;
before it ends, how many it cut off. The supervisor says ACCEPT, without which it accepts nothing, FINISH or CUT_OFF,
and by its own end that the worker is to finish alone.
"""

from __future__ import annotations

import gc
import os
import resource
import time
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

import gevent
from gevent import socket
from gevent.event import AsyncResult

from vipgate_fs.config.model import Configuration
from vipgate_fs.figures.counts import Counts
from vipgate_fs.gate.memory import InMemory, Memory
from vipgate_fs.service.calls import system_clock
from vipgate_fs.service.course import Tracing
from vipgate_fs.service.logs import Log
from vipgate_fs.service.port import SETTLE, drop_requests
from vipgate_fs.service.server import GateServer
from vipgate_fs.service.status import WorkerState
from vipgate_fs.service.timings import Timings
from vipgate_fs.service.unmet import Unmet

_YOUNG: Final = 20_000
"""Objects that are made before the collector looks for cycles among them: a call makes hundreds, and leaves none."""
_AT_MOST_EVERY: Final = 0.02
"""Seconds between two reports."""
_FIGURES_EVERY: Final = 0.2
"""Seconds between two messages with figures, which cost more than what `server.max_calls` is held by."""
_MOST_DESCRIPTORS: Final = 0.9
"""Of those that a process may have; the others are for what has been accepted by the time that the port is closed."""
ACCEPT: Final = b"accept"
"""Begin to accept calls, or go on: the port has been opened again."""
FINISH: Final = b"finish"
"""Accept no more, let the calls end, then end."""
CUT_OFF: Final = b"cut off"
"""Cut the calls off and end."""
UNMET: Final = b"unmet "
"""What a message begins with that names a number whose calls meet no gate; the number, a tab and a hint follow."""
COUNTED: Final = b"counted "
"""What a message begins with that has figures; see `vipgate_fs.figures.counts`."""
TRACING: Final = "vipgate_fs.service.tracing"
CLOSED: Final = b"closed"
"""It accepts no more."""
CUT: Final = b"cut "
"""What a worker's last message begins with; the number follows."""


class Worker:
    """Serves calls until the supervisor says that it is enough.

    Args:
        configuration: checked.
        listener: the port's socket.
        channel: this end of the pair.
        log: bound to the worker's number.
        timings: how often it gives a sign of life.
    """

    def __init__(self, configuration: Configuration, listener: Any, channel: Any, log: Log, timings: Timings) -> None:
        self._listener = socket.socket(fileno=listener.detach())
        self._channel = socket.socket(fileno=channel.detach())
        self._drain = configuration.server.drain
        self._gates = tuple(gate.name for gate in configuration.gates)
        self._memory = site_memory(configuration, log)
        self._to_warn_of: list[bytes] = []
        self._unmet = Unmet(lambda called, hint: self._to_warn_of.append(f"{called}\t{hint}".encode()))
        self._counts, self._tracing = Counts(), site_tracing(configuration.server.traces, log)
        self._server = GateServer(
            configuration,
            log,
            listener=self._listener,
            memory=self._memory,
            unmet=self._unmet,
            counts=self._counts,
            tracing=self._tracing,
        )
        self._log, self._heartbeat = log, timings.heartbeat
        self._ended = AsyncResult()

    def run(self) -> None:
        """Serve; returns when all calls have ended or were cut off."""
        self._memory.open()
        gc.freeze()  # what is there stays: the collector need not look at it again and again
        gc.set_threshold(_YOUNG)
        obeying = gevent.spawn(self._obey)
        reporting = gevent.spawn(self._report)
        cut_off = self._ended.get()
        gevent.killall([obeying, reporting])
        self._send(self._reported.encode())  # calls that began since the last one would not count
        self._report_rest()
        self._memory.close()
        if self._tracing:
            self._tracing.close()
        self._send(CUT + str(cut_off).encode())

    def _obey(self) -> None:
        while True:
            message = self._receive()
            if message == ACCEPT:
                self._server.accept()
            elif message == FINISH:
                self._finish(None)
            elif message == CUT_OFF:
                self._finish(0)
            else:
                return self._orphaned()

    def _orphaned(self) -> None:
        """The supervisor is dead: the next one wants the port."""
        self._log.error("the supervisor is gone; this worker finishes its calls and exits", calls=self._server.calls)
        drop_requests(self._listener)
        gevent.sleep(SETTLE)
        self._finish(self._drain)

    def _finish(self, drain: float | None) -> None:
        self._server.close()
        self._send(CLOSED)
        gevent.spawn(lambda: self._ended.set(self._server.stop(drain)))

    def _report(self) -> None:
        figures_at = 0.0
        while True:
            self._server.changed.clear()
            self._send(self._reported.encode())
            is_early = time.monotonic() < figures_at
            if not is_early:
                self._report_rest()
                figures_at = time.monotonic() + _FIGURES_EVERY
            self._server.changed.wait(_FIGURES_EVERY if is_early else self._heartbeat)
            gevent.sleep(_AT_MOST_EVERY)

    def _report_rest(self) -> None:
        while self._to_warn_of:
            self._send(UNMET + self._to_warn_of.pop(0))
        for counted in self._counts.take():
            self._send(COUNTED + counted)

    @property
    def _reported(self) -> WorkerState:
        now, gone_since = system_clock(), self._memory.gone_since
        current = self._memory.overrides
        overrides = sum(gate in current and current[gate].holds(now) for gate in self._gates)
        calls, begun = self._server.calls, self._server.begun
        lockouts = self._memory.lockouts
        return WorkerState(
            calls, begun, int(gone_since or 0), overrides, int(self._is_full), self._unmet.count, lockouts
        )

    @property
    def _is_full(self) -> bool:
        """Whether almost all file descriptors are in use: the system gives the lowest that is free."""
        try:
            lowest = os.dup(self._channel.fileno())
        except OSError:
            return True
        os.close(lowest)
        return lowest >= _MOST_DESCRIPTORS * resource.getrlimit(resource.RLIMIT_NOFILE)[0]

    def _receive(self) -> bytes:
        try:
            return bytes(self._channel.recv(64))
        except OSError:
            return b""

    def _send(self, message: bytes) -> None:
        with suppress(OSError):  # `_obey` learns of it
            self._channel.send(message)


def site_tracing(url: str | None, log: Log) -> Tracing | None:
    """Where traces of calls go; None: nowhere. Without OpenTelemetry, calls go on all the same."""
    if url is None:
        return None
    try:
        module = import_module(TRACING)  # many megabytes, which a site without traces does not wait for
    except ImportError as error:
        log.error("no traces of calls: pip install 'vipgate-fs[otel]'", why=str(error))
        return None
    tracing: Tracing = module.OpenTelemetry(url, log)
    return tracing


def site_memory(configuration: Configuration, log: Log) -> Memory:
    """The site's store, or the memory of this process where there is to be none. Nothing is opened yet."""
    url = configuration.store.url
    if url is None:
        return InMemory(log)
    from vipgate_fs.store.store import Store  # noqa: PLC0415 - SQLAlchemy, which a site without a store does not wait for

    records = configuration.records
    return Store(url, configuration.store.key_file, log, retention=records.retention, mask_numbers=records.mask_numbers)
