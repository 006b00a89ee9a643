"""FreeSWITCH's end of an outbound event socket (mod_event_socket.c: listener_run, read_packet, parse_command)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from typing import Any, Final

import gevent
from gevent.event import Event as Signal

from vipgate_fs.simulator.api import Api
from vipgate_fs.simulator.arguments import is_true, number
from vipgate_fs.simulator.commands import CommandReader
from vipgate_fs.simulator.delivery import Delivery
from vipgate_fs.simulator.events import Event, as_json, header_block, plain
from vipgate_fs.simulator.session import Command, Session
from vipgate_fs.simulator.subscription import Subscription

FIRST_COMMAND: Final = 24.0
"""Seconds that FreeSWITCH waits for the first command (facts: h11); real ones, as the peer's are."""
_GOODBYE: Final = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
_NOT_FOUND: Final = "-ERR command not found"
_LONGEST_REPLY: Final = 511
"""Bytes; FreeSWITCH cuts what is longer."""

_COMMANDS: Final = (
    ("exit", False, "_exit"),
    ("...", False, "_exit"),
    ("filter ", False, "_filter"),
    ("resume", False, "_resume_command"),
    ("connect", False, "_connect"),
    ("getvar", False, "_getvar"),
    ("myevents", False, "_myevents"),
    ("divert_events", False, "_divert_events"),
    ("sendmsg", False, "_sendmsg"),
    ("api ", True, "_api_command"),
    ("bgapi ", True, "_bgapi"),
    ("log", True, "_log"),
    ("linger", True, "_linger_command"),
    ("nolinger", True, "_nolinger"),
    ("nolog", True, "_nolog"),
    ("event", True, "_event"),
    ("nixevent", True, "_nixevent"),
    ("noevents", True, "_noevents"),
)
"""How a command begins, whether the socket action must say `full`, and what it does; the first that fits is meant."""


class OutboundSocket:
    """One outbound connection.

    Args:
        session: the call that it controls.
        sock: the connection.
        delivery: how bytes get to the peer.
        api: answers api commands.
        flags: of the socket action: `async` serves the connection beside the parked call, `full` allows more commands.

    Attributes:
        is_connected: the peer has sent `connect`.
        is_finished: the connection is closed.
    """

    def __init__(self, session: Session, sock: Any, delivery: Delivery, api: Api, flags: Collection[str]) -> None:
        self.is_connected = self.is_finished = False
        self._session = session
        self._channel = session.channel
        self._sock = sock
        self._delivery = delivery
        self._api = api
        self._full, self._async = "full" in flags, "async" in flags
        self._subscription = Subscription(self._channel.uuid)
        self._events: deque[Event] = deque()
        self._inbox: deque[tuple[str, Command]] = deque()
        self._wake = Signal()
        self._peer_closed = self._leaving = self._resume = False
        self._linger: float | None = None
        """Seconds to linger after the hang-up; -1 for ever; None: not at all."""
        self._linger_end: float | None = None
        self._is_noticed = False

    def run(self) -> None:
        """Serve the connection to its end. The first command gets no reply of its own (facts: k15)."""
        self._channel.subscribers.append(self._take_event)
        reader = gevent.spawn(self._read)
        try:
            first = self._next_command(self._channel.clock.for_peer(FIRST_COMMAND))
            if first is not None:
                self._obey(*first)
                self._serve()
        except OSError:
            pass
        finally:
            self._channel.subscribers.remove(self._take_event)
            self._finish()
            reader.kill()

    def _serve(self) -> None:
        while not self._leaving and (command := self._next_command(None)) is not None:
            reply = self._obey(*command)
            if reply:
                self._reply(reply)

    def _finish(self) -> None:
        channel = self._channel
        if self._resumes:
            channel.state = "RESET"
            channel.changed.set()
        with suppress(OSError):
            self._send(
                b"Content-Type: text/disconnect-notice\nControlled-Session-UUID: %b\nContent-Disposition: disconnect\n"
                b"Content-Length: %d\n\n%b" % (channel.uuid.encode(), len(_GOODBYE), _GOODBYE.encode())
            )
        self._delivery.close(self._sock, channel.clock)
        self._session.release()
        self.is_finished = True
        channel.changed.set()

    @property
    def _resumes(self) -> bool:
        """Whether the dialplan goes on at once when this connection ends."""
        wanted = self._resume or is_true(self._channel.get("socket_resume"))
        return wanted and self._channel.is_ready

    def _read(self) -> None:
        reader = CommandReader()
        try:
            while data := self._sock.recv(65536):
                self._inbox.extend(reader.feed(data))
                self._wake.set()
        except OSError:
            pass
        self._peer_closed = True
        self._wake.set()

    def _next_command(self, seconds: float | None) -> tuple[str, Command] | None:
        """The next command; events and notices go out while there is none. None: the connection is at its end."""
        clock = self._channel.clock
        deadline = None if seconds is None else clock.now() + seconds
        while True:
            self._wake.clear()
            if self._inbox:
                return self._inbox.popleft()
            if self._peer_closed:
                return None
            if self._linger_end is not None:
                deadline = self._linger_end
            if deadline is not None and clock.now() >= deadline:
                return None
            self._send_events()
            if self._call_is_down and not self._is_noticed:
                self._is_noticed = True
                if self._linger is None:
                    return None
                self._send_linger_notice(self._linger)
                if self._linger >= 0:
                    self._linger_end = clock.now() + self._linger
                continue
            clock.wait(self._wake, math.inf if deadline is None else deadline - clock.now())

    @property
    def _call_is_down(self) -> bool:
        if self._channel.cause is None:
            return False
        return self._session.is_over or self._delivery.early_notice or not self._async

    def _take_event(self, event: Event) -> None:
        if self._subscription.wants(event):
            self._events.append(event)
        self._wake.set()

    def _send_events(self) -> None:
        down_in_sync = not self._async and self._channel.cause is not None
        while self._events:
            event = self._events.popleft()
            if down_in_sync and event.get("Answer-State") == "hangup":
                # The loop ends before the events after a hang-up have found their way to it (facts: k1, k2).
                self._events.clear()
                return
            self._send(as_json(event) if self._subscription.format == "json" else plain(event))

    def _send_linger_notice(self, seconds: float) -> None:
        notice = (
            f"Content-Type: text/disconnect-notice\nControlled-Session-UUID: {self._channel.uuid}\n"
            f"Content-Disposition: linger\nChannel-Name: {self._channel.name}\n"
            f"Linger-Time: {seconds:.0f}\nContent-Length: 0\n\n"
        )
        self._send(notice.encode("utf-8", "surrogateescape"))

    def _reply(self, text: str) -> None:
        raw = text.encode("utf-8", "surrogateescape")[:_LONGEST_REPLY]
        self._send(b"Content-Type: command/reply\nReply-Text: %b\n\n" % raw)

    def _send(self, data: bytes) -> None:
        self._delivery.send(self._sock, data, self._channel.clock)

    def _obey(self, line: str, command: Command) -> str | None:
        """Do what a command says; its reply, or None when that has been sent already."""
        words = line.lower()
        for prefix, needs_full, method in _COMMANDS:
            if words.startswith(prefix) and (self._full or not needs_full):
                reply: str | None = getattr(self, method)(line[len(prefix) :].strip(" "), command)
                return reply if reply is None else reply or _NOT_FOUND
        return _NOT_FOUND

    def _exit(self, _argument: str, _command: Command) -> str:
        self._leaving = True
        return "+OK bye"

    def _filter(self, argument: str, _command: Command) -> str:
        return self._subscription.filter(argument)

    def _resume_command(self, _argument: str, _command: Command) -> str:
        self._resume = True
        self._channel.set("socket_resume", "true")
        return "+OK"

    def _connect(self, _argument: str, _command: Command) -> None:
        self.is_connected = True
        self._channel.changed.set()
        event = self._channel.event(
            "CHANNEL_DATA",
            ("Content-Type", "command/reply"),
            ("Reply-Text", "+OK\n"),
            ("Socket-Mode", "async" if self._async else "static"),
            ("Control", "full" if self._full else "single-channel"),
        )
        self._send(header_block(event.headers))

    def _getvar(self, argument: str, _command: Command) -> str:
        return self._channel.get(argument) or ""

    def _myevents(self, argument: str, _command: Command) -> str:
        return self._subscription.my_events(argument)

    def _divert_events(self, argument: str, _command: Command) -> str:
        if not argument:
            return "-ERR missing value."
        return "+OK events diverted" if argument.lower() == "on" else "+OK events not diverted"

    def _sendmsg(self, argument: str, command: Command) -> str:
        target = argument or command.headers.get("session-id", "")
        if target not in ("", self._channel.uuid):
            return f"-ERR invalid session id [{target}]"
        if self._async or is_true(command.headers.get("async")):
            self._session.queue(command)
        else:
            self._session.obey(command)
        return "+OK"

    def _api_command(self, argument: str, _command: Command) -> None:
        answer = self._api.run(argument).encode("utf-8", "surrogateescape")
        self._send(b"Content-Type: api/response\nContent-Length: %d\n\n%b" % (len(answer), answer))

    def _bgapi(self, argument: str, command: Command) -> None:
        job, answer = self._api.run_in_background(argument, command.headers.get("job-uuid"))
        self._send(f"Content-Type: command/reply\nReply-Text: +OK Job-UUID: {job}\nJob-UUID: {job}\n\n".encode())
        event = self._channel.job_event(job, argument, answer)
        for subscriber in self._channel.subscribers:
            subscriber(event)

    def _log(self, argument: str, _command: Command) -> str:
        return f"+OK log level {argument} [7]"

    def _linger_command(self, argument: str, _command: Command) -> str:
        self._linger = float(number(argument)) if argument else -1.0
        return f"+OK will linger {self._linger:.0f} seconds" if argument else "+OK will linger"

    def _nolinger(self, _argument: str, _command: Command) -> str:
        self._linger = None
        return "+OK will not linger"

    def _nolog(self, _argument: str, _command: Command) -> str:
        return "-ERR not loging"

    def _event(self, argument: str, _command: Command) -> str:
        return self._subscription.add(argument)

    def _nixevent(self, argument: str, _command: Command) -> str:
        return self._subscription.remove(argument)

    def _noevents(self, _argument: str, _command: Command) -> str:
        self._events.clear()
        return self._subscription.clear()
