"""The parent of the workers: replaces dead ones, regulates the port, applies new configurations, obeys signals.

It serves no call itself, reads no file and has no event loop: whatever hangs, it goes on. A process of its own reads a
configuration and becomes the mould of its workers (`vipgate_fs.service.generation`). All workers accept from one
listening socket that stays open here: what waits in it when a worker dies is served by the others, or by the next.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vipgate_fs.config import Loaded
from vipgate_fs.sentences import say
from vipgate_fs.service import worker
from vipgate_fs.service.answers import ADMIN_LINK, APPLIED, REHEARSE, RELOAD, STATUS, Answer, Answers, Handed
from vipgate_fs.service.attendant import Attendant
from vipgate_fs.service.children import Child, Children, WorkersFailed
from vipgate_fs.service.control import Control
from vipgate_fs.service.generation import Generation, NoProcess, Refused
from vipgate_fs.service.logs import Log
from vipgate_fs.service.metrics import metrics
from vipgate_fs.service.notify import notify
from vipgate_fs.service.page import Links, page
from vipgate_fs.service.port import CannotListen, Port, allow_many_files
from vipgate_fs.service.regulation import Regulation
from vipgate_fs.service.signals import Signals
from vipgate_fs.service.status import Status, status_of
from vipgate_fs.service.timings import Timings

_BUSY, _ENDING = say("another reload is under way; try again when it has ended"), say("the service is ending")


class Supervisor:
    """Runs a configuration.

    Args:
        generation: has read the configuration.
        port: as its `server.listen` says.
        control: where `vipgate reload` and `vipgate status` ask.
        signals: caught since the start.
        log: of what happens; workers use it, too, bound to their number.
        load: reads and checks the configuration anew, in a process of its own. Raises OSError when it can't be read.
        timings: how long it waits, for its workers above all.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - each is a part of its own
        self,
        generation: Generation,
        port: Port,
        control: Control,
        signals: Signals,
        log: Log,
        load: Callable[[], Loaded],
        timings: Timings = Timings(),
    ) -> None:
        self._generation, self._plan = generation, generation.plan
        self._port = port
        self._control = control
        self._signals = signals
        self._log, self._load = log, load
        self._answers: Answers = {RELOAD: self.reload, REHEARSE: self.rehearse, STATUS: self.status}
        self._answers[APPLIED] = lambda: Handed.of(Answer(), self._generation.applied)
        self._started, self._taken_over = time.monotonic(), time.time()
        self._timings, self._children = timings, Children(log, timings)
        self._regulation = Regulation(self._children, timings, log)
        links = Links()
        self._page = page(Path(self._plan.path), links, self._leave, log, timings)
        self._answers[ADMIN_LINK] = lambda: links.make(self._page.state, self._plan.admin)
        self._metrics = metrics(self._children, self.status, lambda: self._plan.max_calls, self._leave, log, timings)
        self._generations = [generation]  # until they are buried
        self._refused: float | None = None
        self._is_serving = self._is_reloading = False
        self._beat_at = 0.0
        self._cutting = False
        self._deadline: float | None = None

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT, then let calls end within `server.drain`; how many were cut off.

        SIGHUP is a reload. A second SIGTERM or SIGINT cuts calls off at once.

        Raises:
            WorkersFailed: when the first workers do not start.
            CannotListen: when the system refuses it.
        """
        allow_many_files()
        try:
            self._start(self._generation, self._port)
        except Refused:
            return 0
        self._regulation.open(self._port)
        self._is_serving, plan = True, self._plan
        self._log.info("listening", host=plan.host, port=self._port.number, gates=plan.gates, workers=plan.workers)
        notify("READY=1", f"STATUS={self.status().summary}")
        self._metrics.begin(plan.metrics)
        self._page.begin(plan.admin)
        while self._deadline is None or any(self._children):
            self._turn()
            self._obey_signals()
            if self._deadline is not None and time.monotonic() > self._deadline:
                self._cut_calls_off()
        for each in self._attendants:
            each.end()
        self._generation.end()
        return self._children.cut_off

    def reload(self) -> Answer:
        """Take the configuration over as it is now, whole or not at all; calls end under the one they began with."""
        if self._is_reloading:
            return Answer(_BUSY)
        self._is_reloading = True
        notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            answer = self._take_over()
        except Exception:  # noqa: BLE001 - whatever it is, the running configuration goes on
            self._log.error("error while reloading", exception=traceback.format_exc())
            answer = Answer(say("an error in VIPgate itself; its log has more"))
        self._is_reloading = False
        self._refused = time.time() if answer.why else None
        if answer.why:
            self._log.error("reload refused, nothing has changed", why=answer.why, findings=answer.findings)
        else:
            self._log.info("reloaded", gates=self._plan.gates, findings=answer.findings)
        notify("READY=1", f"STATUS={self.status().summary}")
        return answer

    def rehearse(self) -> Handed:
        """What a reload would answer and apply; nothing is applied."""
        if self._is_reloading:
            return Handed.of(Answer(_BUSY), self._generation.applied)
        self._is_reloading = True
        try:
            generation = self._read()
            try:
                return Handed.of(Answer("", tuple(generation.findings)), self._generation.applied, generation.applied)
            finally:
                generation.end()
        except Refused as refused:
            return Handed.of(Answer(refused.why, refused.findings), self._generation.applied)
        finally:
            self._is_reloading = False

    def _take_over(self) -> Answer:
        try:
            generation = self._read()
        except Refused as refused:
            return Answer(refused.why, refused.findings)
        findings = tuple(generation.findings)
        try:
            plan = generation.plan
            with self._metrics.moving(plan.metrics), self._page.moving(plan.admin):
                self._replace_all(generation)
        except (CannotListen, WorkersFailed, Refused) as failure:
            generation.end()
            return Answer(str(failure), findings)
        except BaseException:
            generation.end()
            raise
        self._taken_over = time.time()
        self._children.counts.states.clear()
        return Answer(findings=findings)

    def _read(self) -> Generation:
        """The configuration as it is now, in a process of its own. Raises Refused, also when the service is to end."""
        try:
            generation = Generation(self._load, self._log, self._leave, self._timings)
        except NoProcess as failure:
            raise Refused(say("a process to read it can't be started: {failure}", failure=failure)) from None
        self._generations.append(generation)
        try:
            generation.wait(self._hears)
        except BaseException:
            generation.end()
            raise
        return generation

    def _hears(self, generation: Generation) -> bool:
        """Whether it has said something; lives on meanwhile."""
        if self._signals.ends or self._deadline is not None:
            raise Refused(_ENDING)
        return bool(self._turn(generation.channel))

    def _replace_all(self, generation: Generation) -> None:
        """Let new workers, on another port if need be, take the place of those who are there. Raises as they do."""
        new = generation.plan
        moves = new.address != self._plan.address
        port = Port(*new.address) if moves else self._port
        fresh: list[Child] = []
        try:
            fresh = self._start(generation, port)
            if moves:
                self._regulation.open(port)
        except Exception:
            self._retire(fresh)
            if moves:
                port.socket.close()
            raise
        if moves:
            self._port.close()
            self._port.socket.close()
        self._generation.end()
        self._generation, self._plan, self._port, self._children.delay = generation, new, port, 0.0
        self._retire([child for child in self._children if child not in fresh])

    def _retire(self, children: list[Child]) -> None:
        """Let them accept no more, and wait until they do; one that does not is killed meanwhile."""
        for child in children:
            child.retire()
        while any(child.accepting for child in children) and not self._signals.ends:
            self._turn()

    def _start(self, generation: Generation, port: Port) -> list[Child]:
        """Start workers, and admit them when all are ready. Raises WorkersFailed, or Refused when all is to end."""
        fresh: list[Child] = []
        try:
            fresh.extend(self._children.start(generation, port.socket) for _ in range(generation.plan.workers))
            self._await(fresh)
        except Exception:
            for child in fresh:
                if child in self._children:
                    (child.retire if child.ready else child.kill)()
            raise
        for child in fresh:
            child.admit()
        return fresh

    def _await(self, fresh: list[Child]) -> None:
        until = time.monotonic() + self._timings.start
        while not all(child.ready for child in fresh):
            self._turn()
            if self._signals.ends:
                raise Refused(_ENDING)
            if time.monotonic() > until or not all(child in self._children for child in fresh):
                raise WorkersFailed(say("workers do not start with it; the log has more"))

    def _leave(self) -> None:
        """Close, in a process that was forked, what only the supervisor has a use for."""
        parts: tuple[Any, ...] = (self._children, self._signals, self._control, self._port, self._generation)
        for part in (*parts, *self._attendants):
            part.leave()

    def _turn(self, *others: Any) -> list[Any]:
        """Wait until something happens, or is due, and do all that can't wait: whatever else the supervisor is at.

        Those of the other sockets are given that can be read.
        """
        due = self._timings.tick
        if self._missing and self._deadline is None:
            due = min(due, self._children.restart_at - time.monotonic())
        for attendant in self._attendants:
            attendant.tend()
        attending = {sock: attendant for attendant in self._attendants for sock in attendant.sockets}
        watched = (*others, *attending, *self._control.sockets)
        ready = self._children.listen(due, self._signals.socket, *watched)
        for sock in ready:
            if sock is self._signals.socket:
                self._signals.clear()
            elif sock in attending:
                attending[sock].hear()
            elif sock not in others:
                self._control.serve(sock, self._answers)
        if self._is_serving and self._deadline is None:
            self._regulation.regulate(self._port, self._plan.max_calls)
            self._replace_dead()
        attended = (pid for attendant in self._attendants for pid in attendant.pids)
        self._children.bury_orphans(*(each.pid for each in self._generations), *attended)
        self._generations = [each for each in self._generations if not each.is_gone()]
        self._beat()
        return [sock for sock in others if sock in ready]

    def status(self) -> Status:
        """How the service is now."""
        return status_of(
            self._plan,
            self._port,
            [child.report for child in self._children.serving],
            calls=self._children.calls,
            calls_since_start=self._children.calls_before + sum(child.report.begun for child in self._children),
            unmet=self._children.unmet_before + sum(child.report.unmet for child in self._children),
            uptime=time.monotonic() - self._started,
            taken_over=self._taken_over,
            ending=self._deadline is not None,
            refused=self._refused,
            files=self._generation.applied.files,
            page=self._page.state,
        )

    def _beat(self) -> None:
        """Report to systemd that the service is alive, and its state."""
        if time.monotonic() >= self._beat_at:
            self._beat_at = time.monotonic() + self._timings.tick
            notify("WATCHDOG=1", f"STATUS={self.status().summary}")

    @property
    def _attendants(self) -> tuple[Attendant, ...]:
        return self._metrics, self._page

    @property
    def _missing(self) -> int:
        return self._plan.workers - len(self._children.staying)

    def _replace_dead(self) -> None:
        if time.monotonic() < self._children.restart_at:
            return
        try:
            for _ in range(self._missing):
                self._children.start(self._generation, self._port.socket).admit()
        except WorkersFailed as failure:
            self._children.back_off()
            self._log.error("can't replace a dead worker yet", why=str(failure), seconds=self._children.delay)
            if self._generation.has_died() and not self._is_reloading:
                self._log.error("the process that holds the configuration has died; reading the file again")
                self.reload()

    def _obey_signals(self) -> None:
        signals = self._signals
        if signals.reloads and self._deadline is None:
            signals.reloads = 0  # before: what is written during a reload is for the next
            self.reload()
        if signals.ends and self._deadline is None:
            signals.ends -= 1
            self._begin_to_end()
        if signals.ends:
            signals.ends = 0
            self._cut_calls_off()

    def _begin_to_end(self) -> None:
        notify("STOPPING=1")
        self._log.info("ending", calls=self._children.calls)
        self._port.close()
        for child in self._children:
            child.retire()
        self._deadline = time.monotonic() + self._plan.drain

    def _cut_calls_off(self) -> None:
        """The first time, ask workers to; the next time, kill them."""
        for child in self._children:
            if self._cutting:
                child.kill()
            child.send(worker.CUT_OFF)
        self._cutting = True
        self._deadline = time.monotonic() + self._timings.cut_off
