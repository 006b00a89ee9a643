"""The supervisor's workers: started, listened to, killed when they fall silent, and reaped."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from vipgate_fs.figures.counts import Counts
from vipgate_fs.sentences import say
from vipgate_fs.sentences.system import system_says
from vipgate_fs.service import plain, worker
from vipgate_fs.service.calls import warn_of_unmet
from vipgate_fs.service.generation import Generation, NoProcess
from vipgate_fs.service.logs import Log
from vipgate_fs.service.status import WorkerState
from vipgate_fs.service.timings import Timings
from vipgate_fs.service.unmet import Unmet

_LONGEST: Final = 2048
"""Bytes of a worker's message."""


class WorkersFailed(Exception):
    """Workers can't be started, or did not get ready. The text says what to look at."""


@dataclass(slots=True, eq=False)
class Child:
    """A worker, as the supervisor knows it.

    Attributes:
        number: unique in the service.
        channel: this end of the pair; see `vipgate_fs.service.worker`.
        report: its last.
        ready: whether it has given a sign of life.
        accepting: whether it may accept calls; False only when it has confirmed that it accepts no more.
        retiring: whether it is to accept no more.
        finished: whether it has said that it ends.
        started, heard: when it began and when it was last heard (time.monotonic).
    """

    number: int
    pid: int
    channel: Any
    report: WorkerState = WorkerState()
    ready: bool = False
    accepting: bool = False
    retiring: bool = False
    finished: bool = False
    started: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)

    @property
    def calls(self) -> int:
        """Calls that it serves."""
        return self.report.calls

    def send(self, message: bytes) -> None:
        """Send it a message; a dead one is buried later."""
        with suppress(OSError):
            self.channel.send(message)

    def admit(self) -> None:
        """Let it accept calls, or go on."""
        self.accepting = True
        self.send(worker.ACCEPT)

    def retire(self) -> None:
        """Let it accept no more, and end with its last call."""
        self.retiring = True
        self.send(worker.FINISH)

    def kill(self) -> None:
        """End it and its calls at once."""
        self.retiring = True
        os.kill(self.pid, signal.SIGKILL)


class Children:
    """All workers, oldest first.

    Attributes:
        delay: seconds that the next replacement has to wait, because the last one lived too short or could not start.
        restart_at: the moment until then (time.monotonic).
        calls_before: calls that those had begun who are dead.
        unmet_before: those of them that met no gate.
        cut_off: calls that those cut off who were to end.
        deaths: of those who were not to end.
        counts: what all of them have counted, dead ones included.
    """

    def __init__(self, log: Log, timings: Timings) -> None:
        self.delay = self.restart_at = 0.0
        self.calls_before = self.unmet_before = self.cut_off = self.deaths = 0
        self.counts = Counts()
        self._log, self._timings = log, timings
        self._unmet = Unmet(partial(warn_of_unmet, log))
        self._numbers = itertools.count(1)
        self._living: list[Child] = []

    def __iter__(self) -> Iterator[Child]:
        return iter(tuple(self._living))

    def __contains__(self, child: object) -> bool:
        return child in self._living

    @property
    def calls(self) -> int:
        """Calls that are being served."""
        return sum(child.calls for child in self)

    @property
    def staying(self) -> list[Child]:
        """Those who are not to end."""
        return [child for child in self if not child.retiring]

    @property
    def serving(self) -> list[Child]:
        """Those who accept calls while the port is open."""
        return [child for child in self.staying if child.ready and child.accepting]

    def lockouts(self, *, shared: bool) -> int:
        """Lockouts in force.

        Args:
            shared: whether all workers know of the same ones; else each has its own.
        """
        return (max if shared else sum)((0, *(child.report.lockouts for child in self.serving)))

    def start(self, generation: Generation, port: Any) -> Child:
        """Let a worker be forked that serves by a generation's configuration, and accepts from a socket.

        Raises:
            WorkersFailed: when the system has no process, no memory or no file descriptor for it.
        """
        number = next(self._numbers)
        try:
            ours, theirs = plain.socketpair()
        except OSError as error:
            raise WorkersFailed(say("a worker can't be started: {why}", why=system_says(error))) from None
        with theirs:
            try:
                pid = generation.fork(number, (ours, theirs), port)
            except NoProcess as error:
                ours.close()
                raise WorkersFailed(say("a worker can't be started: {error}", error=error)) from None
        ours.settimeout(0)
        child = Child(number, pid, ours)
        self._living.append(child)
        self._log.debug("worker started", worker=number, pid=pid)
        return child

    def leave(self) -> None:
        """Close what another process has no use for: else a worker would not see the supervisor's end."""
        for child in self:
            child.channel.close()

    def listen(self, timeout: float, *others: Any) -> list[Any]:
        """Wait until a worker says something, or one of the other sockets can be read; gives those.

        All that was said is heard before anybody is judged: the supervisor may have been busy elsewhere.
        """
        readable = plain.readable([*others, *(child.channel for child in self)], max(timeout, 0.0))
        for child in self:
            if child.channel in readable:
                self._hear(child)
        self._kill_blocked()
        return [sock for sock in others if sock in readable]

    def bury_orphans(self, *others: int) -> None:
        """Bury processes of plug-ins and the like, whose parents have ended; not the workers, nor those others."""
        ours = {*others, *(child.pid for child in self)}
        with suppress(ChildProcessError):
            while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and found.si_pid not in ours:
                plain.waitpid(found.si_pid, 0)

    def back_off(self, lived: float = 0.0) -> None:
        """Put the next replacement off, after one that lived for so many seconds."""
        longer = min(max(self.delay * 2, self._timings.back_off), self._timings.most_back_off)
        self.delay = 0.0 if lived > self._timings.stable else longer
        self.restart_at = time.monotonic() + self.delay

    def _hear(self, child: Child) -> None:
        """Take all that a worker says."""
        with suppress(BlockingIOError):
            while message := _receive(child.channel):
                child.ready = True
                if message.startswith(worker.CUT):
                    child.finished, child.report = True, child.report._replace(calls=0)
                    self.cut_off += int(message.removeprefix(worker.CUT))
                elif message == worker.CLOSED:
                    child.accepting = False
                elif message.startswith(worker.UNMET):
                    called, _, hint = message.removeprefix(worker.UNMET).decode("utf-8", "replace").partition("\t")
                    self._unmet.warn(called, hint)
                elif message.startswith(worker.COUNTED):
                    self.counts.merge(message.removeprefix(worker.COUNTED), is_latest=not child.retiring)
                else:
                    child.report = WorkerState.decode(message)
                if not (child.retiring and child.accepting):
                    child.heard = time.monotonic()
            self._bury(child)

    def _bury(self, child: Child) -> None:
        self._living.remove(child)
        child.accepting = False
        self.calls_before += child.report.begun
        self.unmet_before += child.report.unmet
        child.channel.close()
        _, status = plain.waitpid(child.pid, 0)
        if child.finished:
            self._log.debug("worker ended", worker=child.number)
            return
        if child.retiring:
            self.cut_off += child.calls
        else:
            self.back_off(time.monotonic() - child.started)
        self.deaths += 1
        ending = os.waitstatus_to_exitcode(status)
        how = f"signal {signal.Signals(-ending).name}" if ending < 0 else f"exit status {ending}"
        self._log.error("worker died", worker=child.number, how=how, calls=child.calls)

    def _kill_blocked(self) -> None:
        now = time.monotonic()
        for child in self:
            if now - child.heard > self._timings.blocked:
                self._log.error("worker is blocked, killing it", worker=child.number, calls=child.calls)
                child.heard = now
                os.kill(child.pid, signal.SIGKILL)


def _receive(channel: Any) -> bytes:
    """A message; b"" when the other end is gone.

    Linux reports once that a worker has ended with messages unread (ECONNRESET), and only then gives its last words.
    """
    with suppress(ConnectionResetError):
        return bytes(channel.recv(_LONGEST))
    return bytes(channel.recv(_LONGEST))
