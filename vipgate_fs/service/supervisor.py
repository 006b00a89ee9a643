"""The parent of the workers: starts them, replaces dead ones, regulates the port, takes new configurations over.

It serves no call itself and has no event loop. Workers are forked: each has exactly the configuration that was checked,
also one that replaces a dead one days later. All accept from one listening socket that stays open here: what waits in
it when a worker dies is served by the others, or by the next.
"""

from __future__ import annotations

import itertools
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Never

from gevent.os import fork

from vipgate_fs.config import Loaded
from vipgate_fs.config.model import Configuration
from vipgate_fs.service import plain, worker
from vipgate_fs.service.control import RELOAD, STATUS, Answer, Control
from vipgate_fs.service.logs import Log
from vipgate_fs.service.notify import notify
from vipgate_fs.service.port import Port
from vipgate_fs.service.status import Report, Status, status_of

BLOCKED: Final = 10.0
"""Seconds without a sign of life after which a worker is killed."""
START_TIMEOUT: Final = 10.0
"""Seconds for new workers to be ready."""
STABLE: Final = 10.0
"""Seconds that a worker must have lived to be replaced at once."""
BACK_OFF: Final = (0.1, 30.0)
"""Seconds before a worker is replaced that lived shorter: the first time, doubling with each one more, and at most."""
HOPELESS: Final = 1.0
"""Seconds of back-off from which on the port is closed when no worker serves: callers would wait in silence."""
CUT_OFF_TIMEOUT: Final = 5.0
"""Seconds for workers to end when they have been told to cut their calls off; then they are killed."""
_TICK: Final = 1.0


class WorkersFailed(Exception):
    """New workers did not get ready; the log says why."""


@dataclass(slots=True, eq=False)
class _Child:
    number: int
    pid: int
    channel: Any
    report: Report = Report()
    ready: bool = False
    retiring: bool = False
    finished: bool = False
    started: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)

    @property
    def calls(self) -> int:
        return self.report.calls

    def tell(self, message: bytes) -> None:
        with suppress(OSError):
            self.channel.send(message)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


class Supervisor:
    """Runs a configuration.

    Args:
        configuration: checked.
        port: as its `server.listen` says.
        control: where `vipgate reload` and `vipgate status` ask.
        log: told what happens; workers use it, too, bound to their number.
        load: reads and checks the configuration anew. Raises OSError when it can't be read.
    """

    def __init__(
        self, configuration: Configuration, port: Port, control: Control, log: Log, load: Callable[[], Loaded]
    ) -> None:
        self._configuration = configuration
        self._port = port
        self._control = control
        self._log = log
        self._load = load
        self._started, self._taken_over = time.monotonic(), time.time()
        self._numbers = itertools.count(1)
        self._children: list[_Child] = []
        self._delay = self._restart_at = self._beat_at = 0.0
        self._cut_off = self._calls_before = 0
        self._cutting = False
        self._deadline: float | None = None
        self._told_to_end = self._told_to_reload = 0
        self._woken, self._wake = plain.socketpair()

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT, then let calls end within `server.drain`; how many were cut off.

        SIGHUP is a reload. A second SIGTERM or SIGINT cuts calls off at once.

        Raises:
            WorkersFailed: when the first workers do not start.
        """
        self._catch_signals()
        _allow_many_files()
        self._start(self._configuration, self._port)
        server = self._configuration.server
        gates, workers = len(self._configuration.gates), server.workers
        self._log.info("listening", host=server.host, port=self._port.number, gates=gates, workers=workers)
        notify("READY=1")
        while self._children or self._deadline is None:
            self._wait()
            self._obey_signals()
            self._kill_blocked()
            if self._deadline is None:
                self._replace_dead()
                self._regulate()
            elif time.monotonic() > self._deadline:
                self._cut_calls_off()
            self._beat()
        return self._cut_off

    def reload(self) -> Answer:
        """Take the configuration over as it is now, whole or not at all; calls end under the one they began with."""
        notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            answer = self._take_over()
        except Exception:  # noqa: BLE001 - whatever it is, the running configuration goes on
            self._log.error("error while reloading", exception=traceback.format_exc())
            answer = Answer("an error in VIPgate itself; its log has more")
        if answer.why:
            self._log.error("reload refused, nothing has changed", why=answer.why, findings=answer.findings)
        else:
            self._log.info("reloaded", gates=len(self._configuration.gates), findings=answer.findings)
        notify("READY=1")
        return answer

    def _take_over(self) -> Answer:
        try:
            loaded = self._load()
        except OSError as error:
            return Answer(f"{error.filename or self._configuration.path}: {error.strerror or error}")
        findings, new = tuple(map(str, loaded.findings)), loaded.configuration
        if new is None:
            return Answer("the configuration is wrong", findings)
        if self._deadline is not None:
            return Answer("the service is ending", findings)
        port, old = self._port, list(self._children)
        where = (new.server.host, new.server.port)
        if where != (self._configuration.server.host, self._configuration.server.port):
            try:
                port = Port(*where)
            except OSError as error:
                return Answer(f"can't listen on {where[0]}:{where[1]}: {os.strerror(error.errno or 0)}", findings)
        try:
            self._start(new, port)
        except WorkersFailed as failure:
            if port is not self._port:
                port.socket.close()
            return Answer(str(failure), findings)
        if port is not self._port:
            self._port.close()
            self._port.socket.close()
        for child in old:
            child.retiring = True
            child.tell(worker.FINISH)
        self._configuration, self._port, self._delay = new, port, 0.0
        self._taken_over = time.time()
        return Answer(findings=findings)

    def _start(self, configuration: Configuration, port: Port) -> None:
        """Start workers and wait until they serve."""
        fresh = [self._fork(configuration, port) for _ in range(configuration.server.workers)]
        until = time.monotonic() + START_TIMEOUT
        while not all(child.ready for child in fresh):
            readable, _, _ = plain.select([child.channel for child in fresh], [], [], _TICK)
            for child in [child for child in fresh if child.channel in readable]:
                self._hear(child)
            if time.monotonic() > until or not set(fresh) <= set(self._children):
                for child in set(fresh) & set(self._children):
                    child.retiring = True
                    child.kill()
                raise WorkersFailed("workers do not start with it; the log has more")

    def _fork(self, configuration: Configuration, port: Port) -> _Child:
        ours, theirs = plain.socketpair()
        number = next(self._numbers)
        pid = fork()
        if pid == 0:
            ours.close()  # else the worker would never see the supervisor's end
            self._be_a_worker(configuration, port, theirs, self._log.bind(worker=number))
        theirs.close()
        ours.settimeout(0)
        child = _Child(number, pid, ours)
        self._children.append(child)
        self._log.debug("worker started", worker=number, pid=pid)
        return child

    def _be_a_worker(self, configuration: Configuration, port: Port, channel: Any, log: Log) -> Never:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # systemd and terminals send them to all
                signal.signal(number, signal.SIG_IGN)
            self._control.close()
            others = [self._woken, self._wake, *(child.channel for child in self._children)]
            for sock in others if port is self._port else [*others, self._port.socket]:
                sock.close()
            worker.Worker(configuration, port.socket, channel, log).run()
            status = 0
        except BaseException:  # noqa: BLE001 - it ends here: above are the supervisor's frames
            log.error("error in a worker", exception=traceback.format_exc())
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _wait(self) -> None:
        """Until something happens, or is due."""
        due = _TICK if self._deadline is not None or not self._missing else self._restart_at - time.monotonic()
        sockets = [self._woken, self._control.socket, *(child.channel for child in self._children)]
        readable, _, _ = plain.select(sockets, [], [], min(max(due, 0.0), _TICK))
        if self._woken in readable:
            self._woken.recv(1)
        for child in [child for child in self._children if child.channel in readable]:
            self._hear(child)
        if self._control.socket in readable:
            self._control.serve({RELOAD: self.reload, STATUS: self.status})

    def _hear(self, child: _Child) -> None:
        """Take all that a worker says."""
        with suppress(BlockingIOError):
            while message := _receive(child.channel):
                child.heard, child.ready = time.monotonic(), True
                if message.startswith(worker.CUT):
                    child.finished, child.report = True, child.report._replace(calls=0)
                    self._cut_off += int(message.removeprefix(worker.CUT))
                else:
                    child.report = Report.decode(message)
            self._bury(child)

    def _bury(self, child: _Child) -> None:
        self._children.remove(child)
        self._calls_before += child.report.begun
        child.channel.close()
        _, status = plain.waitpid(child.pid, 0)
        if child.finished:
            self._log.debug("worker ended", worker=child.number)
            return
        ending = os.waitstatus_to_exitcode(status)
        if not child.retiring:
            lived = time.monotonic() - child.started
            first, most = BACK_OFF
            self._delay = 0.0 if lived > STABLE else min(max(self._delay * 2, first), most)
            self._restart_at = time.monotonic() + self._delay
        if self._deadline is not None:
            self._cut_off += child.calls
        how = f"signal {signal.Signals(-ending).name}" if ending < 0 else f"exit status {ending}"
        self._log.error("worker died", worker=child.number, how=how, calls=child.calls)

    def status(self) -> Status:
        """How the service is now."""
        return status_of(
            self._configuration,
            self._port,
            [child.report for child in self._serving],
            calls=self._calls,
            calls_since_start=self._calls_before + sum(child.report.begun for child in self._children),
            uptime=time.monotonic() - self._started,
            taken_over=self._taken_over,
        )

    def _beat(self) -> None:
        """Tell systemd that we live, and how."""
        if time.monotonic() >= self._beat_at:
            self._beat_at = time.monotonic() + _TICK
            notify("WATCHDOG=1", f"STATUS={self.status().summary}")

    @property
    def _calls(self) -> int:
        return sum(child.calls for child in self._children)

    @property
    def _serving(self) -> list[_Child]:
        return [child for child in self._children if child.ready and not child.retiring]

    @property
    def _missing(self) -> int:
        return self._configuration.server.workers - sum(not child.retiring for child in self._children)

    def _replace_dead(self) -> None:
        if time.monotonic() >= self._restart_at:
            for _ in range(self._missing):
                self._fork(self._configuration, self._port)

    def _kill_blocked(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if now - child.heard > BLOCKED:
                self._log.error("worker is blocked, it is killed", worker=child.number, calls=child.calls)
                child.heard = now
                child.kill()

    def _regulate(self) -> None:
        """Refuse connections while there are too many calls, or while nobody serves them."""
        calls, limit, serving = self._calls, self._configuration.server.max_calls, self._serving
        if not self._port.is_open:
            if serving and calls <= limit - max(1, limit // 20):
                self._port.open()
                _tell(serving, worker.ACCEPT)
                self._log.info("connections are accepted again", calls=calls)
        elif calls >= limit:
            self._log.warning("connections are refused: server.max_calls is reached", calls=calls)
            self._port.close()
        elif not serving and self._delay >= HOPELESS:
            self._log.error("connections are refused: no worker stays alive")
            self._port.close()

    def _catch_signals(self) -> None:
        self._wake.settimeout(0)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note_end)
        signal.signal(signal.SIGHUP, self._note_reload)

    def _note_end(self, *_: Any) -> None:
        self._told_to_end += 1

    def _note_reload(self, *_: Any) -> None:
        self._told_to_reload += 1

    def _obey_signals(self) -> None:
        if self._told_to_reload and self._deadline is None:
            self.reload()
        self._told_to_reload = 0
        if self._told_to_end and self._deadline is None:
            self._told_to_end -= 1
            self._begin_to_end()
        if self._told_to_end:
            self._told_to_end = 0
            self._cut_calls_off()

    def _begin_to_end(self) -> None:
        notify("STOPPING=1")
        self._log.info("ending", calls=self._calls)
        self._port.close()
        _tell(self._children, worker.FINISH)
        self._deadline = time.monotonic() + self._configuration.server.drain

    def _cut_calls_off(self) -> None:
        """The first time workers are told to; the next time they are killed."""
        if self._cutting:
            for child in self._children:
                child.kill()
        self._cutting = True
        _tell(self._children, worker.CUT_OFF)
        self._deadline = time.monotonic() + CUT_OFF_TIMEOUT


def _tell(children: Iterable[_Child], message: bytes) -> None:
    for child in children:
        child.tell(message)


def _receive(channel: Any) -> bytes:
    """A message; b"" when the other end is gone."""
    try:
        return bytes(channel.recv(64))
    except ConnectionError:
        return b""


def _allow_many_files() -> None:
    """As many file descriptors as the service may have: a call needs one, a step that asks elsewhere another."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
