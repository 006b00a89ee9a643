"""A load generator: FreeSWITCH's side of many calls at once, for a fraction of what a server needs.

The simulator places one call, and what both sides write is noted. Each further call is a replay of it with its own UUID
and caller: the same writes in the same order, each after the same bytes of the server's. So a replay is as honest as
the simulator is, and costs little but the system calls. A server that says something else than it said to the
simulator ends the call as "unexpected".
"""

from __future__ import annotations

import errno
import itertools
import re
import select
import socket
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import pairwise

import gevent
from gevent import socket as green_socket

from vipgate_fs.simulator import Caller, Simulator

_CALLER = "004917600000000"
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_APPLICATION = re.compile(rb"^execute-app-(?:name|arg): (.*)", re.MULTILINE)
_KEYED_IN = re.compile(rb"\nEvent-Name: CHANNEL_EXECUTE_COMPLETE\n(?s:.*)\nApplication: play_and_get_digits\n")
_SPEEDS = (20.0, 10.0, 5.0, 2.0)
"""Of the simulator: where the machine makes a caller too slow for a prompt, the next one lets them take longer."""
_LOOK = 0.5
"""Seconds between two looks for calls that are lost."""


class Does(Enum):
    """What the switch does."""

    HEARS = auto()
    SAYS = auto()
    THINKS = auto()
    """The caller, in fact; what the switch says next are their digits."""
    CLOSES = auto()


class Recording:
    """A connection of the simulator's, and what went over it: the steps of a Script."""

    def __init__(self, port: int) -> None:
        self._sock = green_socket.create_connection(("127.0.0.1", port))
        self.steps: list[tuple[Does, bytes]] = []

    def recv(self, size: int) -> bytes:
        data = self._sock.recv(size)
        continues = data and self.steps and self.steps[-1][0] is Does.HEARS
        before = self.steps.pop()[1] if continues else b""
        self.steps.append((Does.HEARS, before + data))
        return data

    def sendall(self, data: bytes) -> None:
        self._sock.sendall(data)
        if _KEYED_IN.search(data):
            self.steps.append((Does.THINKS, b""))
        self.steps.append((Does.SAYS, data))

    def close(self) -> None:
        self.steps.append((Does.CLOSES, b""))
        self._sock.close()


@dataclass(frozen=True, slots=True)
class Script:
    """One call as the simulator had it with a server.

    Attributes:
        steps: up to the end of the connection.
        uuid: of the call, wherever it stands in what the switch says; so does the number of its caller.
        end: the server's last application.
    """

    steps: list[tuple[Does, bytes]]
    uuid: bytes
    end: str

    @classmethod
    def of(cls, port: int, to: str, dial: tuple[str, ...], patience: float) -> Script:
        """Place the call, which may take that many seconds, until each prompt has had its digits whole."""
        whole = [digits.strip("#").encode() for digits in dial]
        for speed in _SPEEDS:
            script = cls._at(speed, port, to, dial, patience)
            keyed_in = [said for (does, _), (_, said) in pairwise(script.steps) if does is Does.THINKS]
            if all(any(digits in said for digits in whole) for said in keyed_in):
                return script
        raise SystemExit(f"a call to {to} has a prompt without digits: a busy machine, or a sound that is not there")

    @classmethod
    def _at(cls, speed: float, port: int, to: str, dial: tuple[str, ...], patience: float) -> Script:
        recordings: list[Recording] = []

        def connect(_host: str, _port: int) -> Recording:
            recordings.append(Recording(port))
            return recordings[-1]

        with gevent.Timeout(patience):
            simulator = Simulator(dial=connect, speed=speed)
            experience = simulator.call(Caller(_CALLER, dial=dial), to)
            while (Does.CLOSES, b"") not in recordings[0].steps:
                gevent.sleep(0.01)
        steps = recordings[0].steps
        last = min(steps.index(end) for end in ((Does.HEARS, b""), (Does.CLOSES, b"")) if end in steps)
        del steps[last + 1 :]  # what is said to a server that has closed
        heard = b"".join(data for does, data in steps if does is Does.HEARS)
        executed = [b" ".join(found) for command in heard.split(b"\n\n") if (found := _APPLICATION.findall(command))]
        return cls(steps, experience.uuid.encode(), executed[-1].decode())


@dataclass(slots=True, eq=False)
class Call:
    """One call on its way through the script; `touched` is when the server was last heard, or given something to do."""

    sock: socket.socket
    uuid: bytes
    number: bytes
    began: float
    touched: float
    step: int = 0
    heard: bytes = b""
    keyed_in: float = 0.0
    swaps: list[tuple[bytes, bytes]] = field(default_factory=list)


class Load:
    """Places calls on a server and counts how they ended.

    Args:
        port: of the server, on 127.0.0.1.
        to: the number that is called.
        dial: what every caller keys in, at one prompt after the other.
        think: seconds until they have done so.
        gone: they hang up instead.
        patience: seconds of silence after which a call is lost: a server may never answer one of a burst.

    Attributes:
        ends: how many calls ended how: the server's last application, "closed" before that, "unexpected" or "lost".
        seconds: of each call, from its connection to the end of it.
        first: seconds to the first byte of each.
        verdicts: seconds from the digits to what the server does then.
        bytes: that the switch has sent.
        cpu: seconds that this process was busy with it.
    """

    def __init__(
        self,
        port: int,
        to: str,
        dial: tuple[str, ...],
        think: float = 0.1,
        *,
        gone: bool = False,
        patience: float = 30.0,
    ) -> None:
        self.port, self.to, self.dial, self.think, self.gone, self.patience = port, to, dial, think, gone, patience
        self.ends: Counter[str] = Counter()
        self.seconds: list[float] = []
        self.first: list[float] = []
        self.verdicts: list[float] = []
        self.bytes, self.cpu = 0, 0.0
        self._serial = itertools.count()
        self._script: Script | None = None
        self._open: dict[int, Call] = {}
        self._thinking: deque[Call] = deque()
        self._held: list[socket.socket] | None = None
        self._look_at = 0.0

    def run(self, calls: int, parallel: int, *, together: bool = False) -> float:
        """Place `calls` calls, `parallel` at a time; seconds that it took.

        With `together`, callers wait with their digits until all that are there are in the prompt.
        """
        self._script = self._script or Script.of(self.port, self.to, self.dial, self.patience)
        began, busy, placed = time.perf_counter(), time.thread_time(), 0
        with select.epoll() as self._poll:
            while placed < calls or self._open:
                while placed < calls and len(self._open) < parallel:
                    placed += 1
                    self._dial()
                is_time = not together or len(self._thinking) == len(self._open)
                for descriptor, _ in self._poll.poll(self._pause() if is_time else _LOOK, 256):
                    if descriptor in self._open:  # else a process that is being forked has it yet
                        self._hear(self._open[descriptor])
                if is_time:
                    self._key_in()
                self._give_up()
        self.cpu += time.thread_time() - busy
        return time.perf_counter() - began

    def hold(self, calls: int) -> list[socket.socket]:
        """Place calls that stay in the prompt; close the sockets to end them."""
        self._held = []
        self.run(calls, 50)  # in portions: greenswitch's own server loses calls of a larger burst
        held, self._held = self._held, None
        return held

    def _dial(self) -> None:
        serial = next(self._serial)
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        now = time.perf_counter()
        uuid, number = b"%08x-0000-4000-8000-000000000000" % serial, b"%b%07d" % (_CALLER[:-7].encode(), serial % 10**7)
        self._open[sock.fileno()] = call = Call(sock, uuid, number, now, now)
        if sock.connect_ex(("127.0.0.1", self.port)) not in {0, errno.EINPROGRESS}:
            self._end(call, "lost")
            return
        self._poll.register(sock.fileno(), select.EPOLLIN)

    def _pause(self) -> float:
        if not self._thinking:
            return _LOOK
        return max(self._thinking[0].touched + self.think - time.perf_counter(), 0.0)

    def _hear(self, call: Call) -> None:
        try:
            data = call.sock.recv(65536)
        except OSError:  # also for a connection that was never accepted
            data = b""
        call.touched = time.perf_counter()
        if not call.step and not call.heard:
            self.first.append(call.touched - call.began)
        call.heard += data
        self._go_on(call, is_open=data != b"")

    def _go_on(self, call: Call, *, is_open: bool = True) -> None:
        script = self._script
        assert script is not None
        for does, data in script.steps[call.step :]:
            if does is Does.HEARS and data:
                if len(call.heard) < len(data):
                    break
                heard, call.heard = call.heard[: len(data)], call.heard[len(data) :]
                if heard != data and not self._is_alike(call, heard, data):
                    self._end(call, "unexpected")
                    return
                if call.keyed_in:
                    self.verdicts.append(call.touched - call.keyed_in)
                    call.keyed_in = 0.0
            elif does is Does.SAYS:
                try:
                    self._say(call, data)
                except OSError:  # the server has closed: what is left to hear has come, or never will
                    is_open = False
            elif does is Does.THINKS:
                call.step += 1
                self._think(call)
                return
            else:
                break
            call.step += 1
        is_over = call.step == len(script.steps) - 1
        if not is_open or (is_over and script.steps[-1][0] is Does.CLOSES):
            self._end(call, script.end if is_over else "closed")

    def _is_alike(self, call: Call, heard: bytes, expected: bytes) -> bool:
        """Whether only UUIDs differ that the server has thought out: they come back in events."""
        call.swaps += zip(_UUID.findall(expected), _UUID.findall(heard), strict=False)
        return _UUID.sub(b"", heard) == _UUID.sub(b"", expected)

    def _say(self, call: Call, data: bytes) -> None:
        assert self._script is not None
        data = data.replace(self._script.uuid, call.uuid).replace(_CALLER.encode(), call.number)
        for ours, theirs in call.swaps:
            data = data.replace(ours, theirs)
        self.bytes += call.sock.send(data)  # the buffer of an idle connection takes more than any call's

    def _think(self, call: Call) -> None:
        if self.gone:
            self._end(call, "closed")
        elif self._held is not None:
            self._held.append(call.sock)
            self._poll.unregister(call.sock.fileno())
            del self._open[call.sock.fileno()]
        else:
            self._thinking.append(call)

    def _key_in(self) -> None:
        until = time.perf_counter() - self.think
        while self._thinking and self._thinking[0].touched <= until:
            call = self._thinking.popleft()
            call.keyed_in = call.touched = time.perf_counter()
            self._go_on(call)

    def _give_up(self) -> None:
        """On those for whom the server has done nothing for too long; who thinks does not wait for it."""
        now = time.perf_counter()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK
        thinking = set(self._thinking)
        for call in [call for call in self._open.values() if now - call.touched > self.patience]:
            if call not in thinking:
                self._end(call, "lost")

    def _end(self, call: Call, end: str) -> None:
        del self._open[call.sock.fileno()]
        if call in self._thinking:  # the server has not waited for them
            self._thinking.remove(call)
        call.sock.close()
        self.ends[end] += 1
        self.seconds.append(time.perf_counter() - call.began)
