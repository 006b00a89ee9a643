"""A process that the supervisor keeps for something else than calls, such as the pages for monitors.

It listens on a port that the supervisor holds, has nothing of the configuration, and asks the supervisor for what it
shows. Whatever becomes of it, no caller notices: it is killed when it does not take an answer, and replaced when it
dies. It ends with the supervisor.
"""

from __future__ import annotations

import json
import os
import re
import signal
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Final

import gevent
from gevent import socket
from gevent.event import AsyncResult

from vipgate_fs.service import plain
from vipgate_fs.service.logs import Log
from vipgate_fs.service.port import CannotListen, Port, address
from vipgate_fs.service.process import live
from vipgate_fs.service.timings import Timings

Ask = Callable[[bytes], Any]
"""Asks the supervisor; raises TimeoutError when it does not answer in time."""
Where = tuple[Any, ...]
"""Host and port that an attendant listens on, and whatever else it has to know from its start."""
Work = Callable[[Any, Ask, Log], None]
"""What an attendant does, with the gevent socket that it listens on."""
_HEAD: Final = struct.Struct("=Q?")
"""Before each piece of an answer: the request's number, and whether there is more of it."""
_PIECE: Final = 64 * 1024
"""Bytes."""
_LONGEST_QUESTION: Final = 128
"""Bytes."""
_QUESTION: Final = re.compile(rb"([0-9]{1,18}) ([a-z]+)(?: ([!-~]*))?")
"""The request's number, what is asked, and about what. Whoever takes the process over may send anything else."""
_TAKEN: Final = 1.0
"""Seconds for an answer to be taken; the supervisor does nothing else then."""
_ANSWERED: Final = 5.0
"""Seconds for an answer to come."""


class Attendant:
    """The supervisor's end.

    Args:
        what: it is for, in the log and in the name of its process.
        work: see Work.
        answers: what it may ask, and what gives the answer, for JSON, to what follows a space in the question.
        leave: closes, in the new process, what only the supervisor has a use for.
        log: of what becomes of it.
        timings: how soon it is replaced.

    Attributes:
        sockets: those that `hear` is for.
        pids: of its process, if there is one.
        where: see Where; None: there is to be no such process.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - each is a part of its own
        self,
        what: str,
        work: Work,
        answers: Mapping[bytes, Callable[[bytes], Any]],
        leave: Callable[[], None],
        log: Log,
        timings: Timings = Timings(),
    ) -> None:
        self.sockets: list[Any] = []
        self.pids: list[int] = []
        self._what, self._work, self._answers, self._leave, self._log = what, work, answers, leave, log
        self._timings = timings
        self.where: Where | None = None
        self._port: Port | None = None
        self._delay, self._due, self._started = 0.0, 0.0, 0.0

    @property
    def state(self) -> str:
        """`none` when there is to be no such process, `down` when there is none, else the host and port of its own."""
        if self.where is None:
            return "none"
        return address(self.where[0], self._port.number) if self._port and self.pids else "down"

    def begin(self, where: Where | None) -> None:
        """Listen there as soon as that is possible: calls do not wait for it. None: there is to be no such process."""
        self.where = where

    @contextmanager
    def moving(self, where: Where | None) -> Iterator[None]:
        """Listen there from now on, if the block ends well; else all stays as it was.

        Raises:
            CannotListen: before the block.
        """
        if where == self.where:
            yield
            return
        if where and self.where and where[:2] == self.where[:2]:
            yield
            self.where, self._due, self._delay = where, 0.0, 0.0
            self._kill()  # its successor knows the rest
            return
        port = self._listening(where) if where else None
        try:
            yield
        except BaseException:
            if port:
                port.socket.close()
            raise
        self.end()
        self.where, self._port, self._due, self._delay = where, port, 0.0, 0.0

    def tend(self) -> None:
        """Start it if it is to be there and is not."""
        if self.where is None or self.pids or time.monotonic() < self._due:
            return
        try:
            self._port = self._port or self._listening(self.where)
            self._start(self._port)
        except (CannotListen, OSError) as failure:
            self._put_off()
            self._log.error(f"{self._what} can't be served for now", why=str(failure), seconds=self._delay)

    def hear(self) -> None:
        """Answer it, or bury it: one of `sockets` can be read."""
        (channel,) = self.sockets
        try:
            asked = channel.recv(_LONGEST_QUESTION)
            if not asked:
                raise ConnectionResetError
            question = _QUESTION.fullmatch(asked)
            if question is None or question[2] not in self._answers:
                self._bury("it asks what it has no business to ask")
                return
            until = time.monotonic() + _TAKEN
            answer = self._answers[question[2]](question[3] or b"")
            for piece in _pieces(int(question[1]), json.dumps(answer).encode()):
                channel.settimeout(max(until - time.monotonic(), 0.001))
                channel.send(piece)
        except OSError as error:
            self._bury("it does not take its answers" if isinstance(error, TimeoutError) else "it died")

    def leave(self) -> None:
        """Close it, in a process that was forked."""
        for each in (*self.sockets, *([self._port.socket] if self._port else [])):
            each.close()

    def end(self) -> None:
        """End it and free its port."""
        self._kill()
        if self._port:
            self._port.socket.close()
        self._port = self.where = None

    def _listening(self, where: Where) -> Port:
        port = Port(*where[:2])
        try:
            port.open()
        except CannotListen:
            port.socket.close()
            raise
        self._log.info(f"{self._what} listening", host=where[0], port=port.number)
        return port

    def _start(self, port: Port) -> None:
        ours, theirs = plain.socketpair()
        with theirs:
            try:
                pid = plain.fork()
            except OSError:
                ours.close()
                raise
            if pid == 0:
                ours.close()
                listener = port.socket.detach()  # the supervisor's end of it is closed by `leave`
                work = partial(_attend, self._work, listener, theirs, self._log)
                live(work, self._log, self._leave, f"vipgate-{self._what}")
        self.sockets, self.pids, self._started = [ours], [pid], time.monotonic()

    def _bury(self, why: str) -> None:
        self._kill()
        self._put_off()
        self._log.error(f"the process for {self._what} is replaced", why=why, seconds=self._delay)

    def _put_off(self) -> None:
        has_lived = self._started and time.monotonic() - self._started > self._timings.stable
        longer = min(max(self._delay * 2, self._timings.attend), self._timings.most_back_off)
        self._delay = self._timings.attend if has_lived else longer
        self._due, self._started = time.monotonic() + self._delay, 0.0

    def _kill(self) -> None:
        for channel, pid in zip(self.sockets, self.pids, strict=True):
            channel.close()
            os.kill(pid, signal.SIGKILL)
            plain.waitpid(pid, 0)
        self.sockets, self.pids = [], []


def _pieces(number: int, answer: bytes) -> Iterator[bytes]:
    for start in range(0, len(answer), _PIECE):
        yield _HEAD.pack(number, start + _PIECE < len(answer)) + answer[start : start + _PIECE]


def _attend(work: Work, listener: int, channel: Any, log: Log) -> None:
    """What an attendant does; it ends when the supervisor does."""
    line = _Line(socket.socket(fileno=channel.detach()))
    gevent.spawn(line.hear)
    work(socket.socket(fileno=listener), line.ask, log)


class _Line:
    """The attendant's end: several of its greenlets may ask at the same time."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._asked = 0
        self._waiting: dict[int, AsyncResult] = {}

    def ask(self, request: bytes) -> Any:
        """See Ask."""
        self._asked = number = self._asked + 1
        self._waiting[number] = answer = AsyncResult()
        try:
            with gevent.Timeout(_ANSWERED, TimeoutError()):
                self._channel.send(b"%d %s" % (number, request))
                return json.loads(answer.get())
        finally:
            del self._waiting[number]

    def hear(self) -> None:
        """Take answers; the supervisor's end is this process's."""
        pieces: list[bytes] = []
        with suppress(OSError):
            while piece := self._channel.recv(_HEAD.size + _PIECE):
                number, more = _HEAD.unpack_from(piece)
                pieces.append(piece[_HEAD.size :])
                if not more:
                    if number in self._waiting:
                        self._waiting[number].set(b"".join(pieces))
                    pieces = []
        os._exit(0)
