"""The parent of the workers: replaces dead ones, regulates the port, takes new configurations over, obeys signals.

It serves no call itself and has no event loop. Workers are forked: each has exactly the configuration that was checked,
also one that replaces a dead one days later. All accept from one listening socket that stays open here: what waits in
it when a worker dies is served by the others, or by the next.
"""

from __future__ import annotations

import math
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Never

from vipgate_fs.config import Loaded
from vipgate_fs.config.model import Configuration
from vipgate_fs.service import plain, worker
from vipgate_fs.service.children import Child, Children, WorkersFailed
from vipgate_fs.service.control import RELOAD, STATUS, Answer, Control
from vipgate_fs.service.logs import Log
from vipgate_fs.service.notify import notify
from vipgate_fs.service.port import CannotListen, Port
from vipgate_fs.service.status import Status, status_of
from vipgate_fs.service.timings import Timings


class Supervisor:
    """Runs a configuration.

    Args:
        configuration: checked.
        port: as its `server.listen` says.
        control: where `vipgate reload` and `vipgate status` ask.
        log: told what happens; workers use it, too, bound to their number.
        load: reads and checks the configuration anew. Raises OSError when it can't be read.
        timings: how long it waits, for its workers above all.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - each is one of the service's parts
        self,
        configuration: Configuration,
        port: Port,
        control: Control,
        log: Log,
        load: Callable[[], Loaded],
        timings: Timings = Timings(),
    ) -> None:
        self._configuration = configuration
        self._port = port
        self._control = control
        self._log = log
        self._load = load
        self._started, self._taken_over = time.monotonic(), time.time()
        self._timings = timings
        self._children = Children(log, timings)
        self._refused: float | None = None
        self._beat_at = 0.0
        self._full_at = math.inf
        self._cutting = False
        self._deadline: float | None = None
        self._told_to_end = self._told_to_reload = 0
        self._woken, self._wake = plain.socketpair()

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT, then let calls end within `server.drain`; how many were cut off.

        SIGHUP is a reload. A second SIGTERM or SIGINT cuts calls off at once.

        Raises:
            WorkersFailed: when the first workers do not start.
            CannotListen: when the system refuses it.
        """
        self._catch_signals()
        _allow_many_files()
        self._start(self._configuration, self._port)
        self._open(self._port)
        server = self._configuration.server
        gates, workers = len(self._configuration.gates), server.workers
        self._log.info("listening", host=server.host, port=self._port.number, gates=gates, workers=workers)
        notify("READY=1")
        while self._deadline is None or any(self._children):
            self._wait()
            self._obey_signals()
            if self._deadline is None:
                self._replace_dead()
                self._regulate()
            elif time.monotonic() > self._deadline:
                self._cut_calls_off()
            self._beat()
        return self._children.cut_off

    def reload(self) -> Answer:
        """Take the configuration over as it is now, whole or not at all; calls end under the one they began with."""
        notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            answer = self._take_over()
        except Exception:  # noqa: BLE001 - whatever it is, the running configuration goes on
            self._log.error("error while reloading", exception=traceback.format_exc())
            answer = Answer("an error in VIPgate itself; its log has more")
        self._refused = time.time() if answer.why else None
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
        try:
            self._replace_all(new)
        except (CannotListen, WorkersFailed) as failure:
            return Answer(str(failure), findings)
        self._taken_over = time.time()
        return Answer(findings=findings)

    def _replace_all(self, new: Configuration) -> None:
        """Let new workers, on another port if need be, take the place of those who are there. Raises as they do."""
        moves = (new.server.host, new.server.port) != (self._configuration.server.host, self._configuration.server.port)
        port = Port(new.server.host, new.server.port) if moves else self._port
        fresh: list[Child] = []
        try:
            fresh = self._start(new, port)
            if moves:
                self._open(port)
        except Exception:
            for child in fresh:
                child.retire()
            if moves:
                port.socket.close()
            raise
        if moves:
            self._port.close()
            self._port.socket.close()
        for child in self._children:
            if child not in fresh:
                child.retire()
        self._configuration, self._port, self._children.delay = new, port, 0.0

    def _start(self, configuration: Configuration, port: Port) -> list[Child]:
        """Start workers and wait until they are ready; those who are there already are heard meanwhile.

        Raises:
            WorkersFailed: when one of them is not; then none stays.
        """
        fresh: list[Child] = []
        try:
            fresh.extend(self._fork(configuration, port) for _ in range(configuration.server.workers))
            self._await(fresh)
        except Exception:
            for child in fresh:
                if child in self._children:
                    (child.retire if child.ready else child.kill)()
            raise
        return fresh

    def _await(self, fresh: list[Child]) -> None:
        until = time.monotonic() + self._timings.start
        while not all(child.ready for child in fresh):
            self._children.listen(self._timings.tick)
            self._beat()
            if self._port.is_open:  # the first workers open it when all of them are ready
                self._regulate()
            if time.monotonic() > until or not all(child in self._children for child in fresh):
                raise WorkersFailed("workers do not start with it; the log has more")

    def _fork(self, configuration: Configuration, port: Port) -> Child:
        return self._children.start(partial(self._be_a_worker, configuration, port))

    def _be_a_worker(self, configuration: Configuration, port: Port, number: int, channel: Any) -> Never:
        status, log = 1, self._log.bind(worker=number)
        try:
            signal.set_wakeup_fd(-1)
            for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # systemd and terminals send them to all
                signal.signal(each, signal.SIG_IGN)
            self._control.close()
            others = [self._woken, self._wake]
            for sock in others if port is self._port else [*others, self._port.socket]:
                sock.close()
            worker.Worker(configuration, port.socket, channel, log, self._timings).run()
            status = 0
        except BaseException:  # noqa: BLE001 - it ends here: above are the supervisor's frames
            log.error("error in a worker", exception=traceback.format_exc())
        finally:
            with suppress(OSError):  # a full disk
                sys.stderr.flush()
            os._exit(status)

    def _wait(self) -> None:
        """Until something happens, or is due."""
        due = self._timings.tick
        if self._missing and self._deadline is None:
            due = min(due, self._children.restart_at - time.monotonic())
        for sock in self._children.listen(due, self._woken, *self._control.sockets):
            if sock is self._woken:
                sock.recv(1)
            else:
                self._control.serve(sock, {RELOAD: self.reload, STATUS: self.status})

    def status(self) -> Status:
        """How the service is now."""
        return status_of(
            self._configuration,
            self._port,
            [child.report for child in self._children.serving],
            calls=self._children.calls,
            calls_since_start=self._children.calls_before + sum(child.report.begun for child in self._children),
            unmet=self._children.unmet_before + sum(child.report.unmet for child in self._children),
            uptime=time.monotonic() - self._started,
            taken_over=self._taken_over,
            ending=self._deadline is not None,
            refused=self._refused,
        )

    def _beat(self) -> None:
        """Tell systemd that we live, and how."""
        if time.monotonic() >= self._beat_at:
            self._beat_at = time.monotonic() + self._timings.tick
            notify("WATCHDOG=1", f"STATUS={self.status().summary}")

    @property
    def _missing(self) -> int:
        return self._configuration.server.workers - len(self._children.staying)

    def _replace_dead(self) -> None:
        if time.monotonic() < self._children.restart_at:
            return
        try:
            for _ in range(self._missing):
                self._fork(self._configuration, self._port)
        except WorkersFailed as failure:
            self._children.back_off()
            self._log.error("a dead worker is not replaced yet", why=str(failure), seconds=self._children.delay)

    def _regulate(self) -> None:
        """Refuse connections while there are too many calls, or while nobody serves them.

        They are accepted again when 5 % of the calls have ended that were too many.
        """
        calls, limit, serving = self._children.calls, self._configuration.server.max_calls, self._children.serving
        full = all(child.report.full for child in serving)
        if not self._port.is_open:
            if serving and not full and calls <= 0.95 * min(limit, self._full_at):
                self._open(self._port)
                self._log.info("connections are accepted again", calls=calls)
            return
        self._full_at = math.inf
        if calls >= limit:
            self._log.warning("connections are refused: server.max_calls is reached", calls=calls)
        elif serving and full:
            self._log.error("connections are refused: too few file descriptors (LimitNOFILE, ulimit -n)", calls=calls)
            self._full_at = calls
        elif not serving and self._children.delay >= self._timings.hopeless:
            self._log.error("connections are refused: no worker stays alive")
        else:
            return
        self._port.close()

    def _open(self, port: Port) -> None:
        """Accept connections; workers that have met the closed port wait to be told."""
        port.open()
        for child in self._children:
            child.tell(worker.ACCEPT)

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
            self._told_to_reload = 0  # before: what is written during a reload is for the next
            self.reload()
        if self._told_to_end and self._deadline is None:
            self._told_to_end -= 1
            self._begin_to_end()
        if self._told_to_end:
            self._told_to_end = 0
            self._cut_calls_off()

    def _begin_to_end(self) -> None:
        notify("STOPPING=1")
        self._log.info("ending", calls=self._children.calls)
        self._port.close()
        for child in self._children:
            child.retire()
        self._deadline = time.monotonic() + self._configuration.server.drain

    def _cut_calls_off(self) -> None:
        """The first time workers are told to; the next time they are killed."""
        for child in self._children:
            if self._cutting:
                child.kill()
            child.tell(worker.CUT_OFF)
        self._cutting = True
        self._deadline = time.monotonic() + self._timings.cut_off


def _allow_many_files() -> None:
    """As many file descriptors as the service may have: a call needs one, a step that asks elsewhere another."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
