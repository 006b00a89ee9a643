"""One call's outbound event socket: greenswitch's session, mended for a gate.

greenswitch's `OutboundSession` gives the vocabulary (`connect`, `call_command`, `session_data`, `uuid`, …) and the
exception `OutboundSessionHasGoneAway`. How it reads, waits and gives up is replaced here; tests/esl/test_defects.py
shows each defect on the stock class.

A session belongs to one greenlet, the one that serves the call: it sends commands and reads until what it waits for has
come. There is no second greenlet, no queue and no polling, and nothing that FreeSWITCH sent before a hang-up is lost.
"""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, Never, TypeVar

import gevent
from greenswitch.esl import OutboundSession

from vipgate_fs.esl.alarm import Alarm
from vipgate_fs.esl.commands import encode, sendmsg
from vipgate_fs.esl.errors import CommandRefused, SessionGone, SessionTaken
from vipgate_fs.esl.wire import Decoder, Frame, Headers, WireError

CONNECT_TIMEOUT: Final = 10.0
"""Seconds for the peer to show that it is a FreeSWITCH."""
REPLY_TIMEOUT: Final = 5.0
"""Seconds for a reply to a command; a real FreeSWITCH takes about 0.1 ms."""
_READ_SIZE: Final = 64 * 1024
_READS_IN_A_ROW: Final = 4
"""From then on a wait pauses before each read: no other call goes on as long as there is something to read."""
HEARD_OUT: Final = 1.0
"""Seconds that a peer with a call may go on sending after the gate's last word."""
_PAUSE: Final = 0.001
"""Seconds; a pause of 0 would hold up all that waits for a time (gevent runs few timers between such pauses)."""

T = TypeVar("T")


class Session(OutboundSession):  # type: ignore[misc]
    """The gate's end of one outbound event socket connection.

    Args:
        _client_address: of the peer; greenswitch's own sessions have it, too.
        sock: the connected gevent socket; the session closes it in `stop`.
        trace: gets every command and every frame as ("sent" | "received", text); frames in short, without digits.

    Attributes:
        was_probe: whether the peer closed the connection without a word, as monitors do.
        holds_call: whether the peer has shown a call that still waits for the gate: nobody has hung up, the connection
            is open, and no command that lets go of the call was sent.
        heard: called with the number of bytes received, each time.
    """

    def __init__(self, _client_address: Any, sock: Any, trace: Callable[[str, str], None] | None = None) -> None:
        # greenswitch's own start would open a file on the socket, a queue and handlers, all of them unused here.
        self.sock, self.connected, self._lingering = sock, True, False
        self._trace = trace
        self.heard: Callable[[int], Any] = bool
        self._decoder, self._alarm = Decoder(), Alarm()
        self._replies: list[Frame] = []
        self._completed: dict[str, Frame | None] = {}
        self._gone: SessionGone | None = None
        self._heard = self.was_probe = self.holds_call = self._outbound_connected = False
        self.session_data: Headers = Headers(b"", encoded=False)
        self._executed = self._unanswered = 0

    @property
    def is_taken(self) -> bool:
        """Whether somebody else has taken the call."""
        return isinstance(self._gone, SessionTaken)

    def start_event_handlers(self) -> None:
        """Nothing to start: the session's own greenlet reads."""

    def connect(self, timeout: float = CONNECT_TIMEOUT) -> Headers:
        """Ask FreeSWITCH for the call; returns its facts, which also stay in `session_data`.

        Args:
            timeout: seconds, for a peer that says nothing, too little, or something else.

        Raises:
            SessionGone: when no channel data come, or too much of them. What has come is in `session_data` even so.
        """
        if not self._outbound_connected:
            try:
                self.session_data = self.pipeline(["connect"], timeout)[0].headers
            except CommandRefused as refusal:
                self._lose(f"the peer refuses to connect: {refusal}")
            except BaseException:
                self.session_data = self._decoder.unfinished
                self.holds_call = self.connected and self.session_data.get("Event-Name") == "CHANNEL_DATA"
                raise
            if "Unique-ID" not in self.session_data:
                self._lose("the peer is not a FreeSWITCH with a call")
            self._outbound_connected = self.holds_call = True
        return self.session_data

    def send(self, data: str) -> Frame:
        """Send one command and return its reply.

        Raises:
            CommandRefused: for a reply that begins with -ERR.
            SessionGone: when there is no reply.
            ValueError: for a command with an empty line in it, which would be two.
        """
        return self.pipeline([data])[0]

    def pipeline(
        self, commands: Sequence[str], timeout: float = REPLY_TIMEOUT, *, lets_go: bool = False
    ) -> list[Frame]:
        """Send several commands at once and return their replies, in order. Raises as `send` does.

        Args:
            commands: at least one.
            timeout: seconds for all replies.
            lets_go: whether the last command ends the gate's hold on the call, as a transfer does.
        """
        data = self._encode(commands)
        deadline = time.monotonic() + timeout
        self._unanswered += len(commands)
        if self._heard:
            self.watch()
        self._write(data)
        self.holds_call = self.holds_call and not lets_go
        replies = self._wait(lambda: self._replies if len(self._replies) == len(commands) else None, deadline)
        self._replies = []
        for reply in replies:
            if reply.is_refusal:
                raise CommandRefused(reply.data)
        return replies

    def lost_to_others(self) -> SessionGone:
        """Note that somebody else has the call; what to raise."""
        taken = SessionTaken("somebody else has taken the call")
        self._end(taken)
        return taken

    def last_words(self, commands: Sequence[str]) -> None:
        """Send commands that let go of the call to a peer that nothing more is expected of. Raises nothing.

        The peer is heard out until it closes, for at most HEARD_OUT seconds: who closes a connection with bytes unread
        resets it, and with it goes what the peer has not read yet.
        """
        data, self.holds_call = self._encode(commands), False
        deadline = time.monotonic() + HEARD_OUT
        with suppress(OSError):
            self.sock.settimeout(HEARD_OUT)
            self.sock.sendall(data)
            self.sock.shutdown(socket.SHUT_WR)
            while (left := deadline - time.monotonic()) > 0:
                self.sock.settimeout(left)
                if not self.sock.recv(_READ_SIZE):
                    return

    def api(self, command: str) -> str:
        """The answer of an `api` command, without its line end. Needs `full` in the dialplan's socket action."""
        return self.send(f"api {command}").data.rstrip("\n")

    def expect_completion(self) -> str:
        """A new Event-UUID whose CHANNEL_EXECUTE_COMPLETE will be kept for `completion`."""
        self._executed += 1
        event_uuid = f"vipgate-{self._executed}"
        self._completed[event_uuid] = None
        return event_uuid

    def completion(self, event_uuid: str, timeout: float) -> Frame:
        """Wait until the application with that Event-UUID has ended; returns its CHANNEL_EXECUTE_COMPLETE.

        Raises:
            SessionGone: when the caller hangs up, the connection ends, or `timeout` seconds have passed.
        """
        event = self._wait(lambda: self._completed[event_uuid], time.monotonic() + timeout)
        del self._completed[event_uuid]
        return event

    def watch(self, seconds: float = 0.0) -> None:
        """Take in what comes for some seconds; by default, what has come already.

        Raises:
            SessionGone: when the call has left the gate's hands, or the connection is of no further use.
        """
        deadline = time.monotonic() + seconds
        while self._gone is None:
            try:
                self.sock.settimeout(max(deadline - time.monotonic(), 0.0))
                self._feed(self.sock.recv(_READ_SIZE))
            except (TimeoutError, BlockingIOError):
                return
            except OSError as error:
                self._closed(str(error))
            while (frame := self._next_frame()) is not None:
                self._handle(frame)
            if time.monotonic() >= deadline:
                break
        self._raise_if_gone()

    def outlast(self, commands: Sequence[str]) -> None:
        """Send some commands; say nothing more until the call is over, and FreeSWITCH closes. Raises nothing.

        To close the connection of a call that somebody has taken away may end it: `park`, the application, goes on only
        as long as the connection is there that once controlled the channel (facts: "Taken away").
        """
        with suppress(OSError):
            self.sock.settimeout(None)
            self.sock.sendall(self._encode(commands))
            while self.sock.recv(_READ_SIZE):
                pass

    def end(self) -> SessionGone:
        """Wait until the caller hangs up or the connection ends; how it was. Nothing else may read meanwhile."""
        try:
            self._wait(lambda: None, math.inf)
        except SessionGone as gone:
            return gone
        raise AssertionError("only an end ends it")

    def call_command(
        self, app_name: str, app_args: str | None = None, block: bool = False, response_timeout: float | None = None
    ) -> Frame:
        """Execute an application; with `block`, wait for its end (seconds: `response_timeout`, default one hour).

        Returns the reply, or with `block` the CHANNEL_EXECUTE_COMPLETE. Raises as `send` and `completion` do.
        """
        event_uuid = self.expect_completion() if block else ""
        reply = self.send(sendmsg(app_name, app_args or "", event_uuid))
        return self.completion(event_uuid, response_timeout or 3600.0) if block else reply

    def stop(self) -> None:
        """Close the connection; the call goes on in FreeSWITCH as the last commands said."""
        self.connected = self._outbound_connected = False
        self._alarm.close()
        self.sock.close()
        # What a peer has sent in vain is not kept until somebody collects the session.
        self._decoder, self.session_data = Decoder(), Headers(b"", encoded=False)

    def _encode(self, commands: Sequence[str]) -> bytes:
        if self._trace is not None:
            for command in commands:
                self._trace("sent", command)
        return encode(commands)

    def _wait(self, ready: Callable[[], T | None], deadline: float) -> T:
        """Read frames, one at a time, until `ready` gives something: what came before a hang-up or rubbish counts.

        What has come by the deadline counts, too, also when this process was too busy to look.
        """
        reads, late = 0, False
        while (found := ready()) is None:
            self._raise_if_gone()
            frame = self._next_frame()
            if frame is not None:
                self._handle(frame)
            elif late:
                self._lose("FreeSWITCH does not answer")
            else:
                if reads >= _READS_IN_A_ROW:
                    gevent.sleep(_PAUSE)
                late, reads = time.monotonic() > deadline, reads + 1
                self._read(deadline)
        return found

    def _next_frame(self) -> Frame | None:
        try:
            return self._decoder.frame()
        except WireError as error:
            self._lose(str(error))

    def _read(self, deadline: float) -> None:
        try:
            data = self._alarm.recv(self.sock, _READ_SIZE, deadline)
        except TimeoutError:
            self._lose("FreeSWITCH does not answer")
        except OSError as error:
            self._closed(str(error))
        self._feed(data)

    def _feed(self, data: bytes) -> None:
        if not data:
            self._closed("FreeSWITCH closed the connection" + " in the middle of a frame" * self._decoder.in_frame)
        self._heard = True
        self.heard(len(data))
        self._decoder.feed(data)

    def _raise_if_gone(self) -> None:
        if self._gone is not None:
            raise self._gone

    def _write(self, data: bytes) -> None:
        try:
            self.sock.settimeout(REPLY_TIMEOUT)
            sent = self.sock.send(data)  # all of it: `sendall` asks for the size of the buffer first
            if sent < len(data):
                self.sock.sendall(data[sent:])
        except OSError as error:
            self._closed(str(error))

    def _handle(self, frame: Frame) -> None:
        if self._trace is not None:
            self._trace("received", str(frame))
        match frame.content_type:
            case "command/reply" | "api/response" if self._unanswered:
                self._unanswered -= 1
                self._replies.append(frame)
            case "text/disconnect-notice":
                self._end(SessionGone("the call has ended"))
            case "text/event-plain":
                self._handle_event(frame)
            case _:  # log/data and whatever else may come: not asked for
                pass

    def _handle_event(self, frame: Frame) -> None:
        """Note what the event says.

        CHANNEL_UNPARK says that the channel has left the park that `socket` put it in: because the caller hung up, or
        because somebody transferred, bridged, picked up or parked it (facts: "Taken away").
        """
        name, headers = frame.event_name, frame.headers
        if name == "CHANNEL_HANGUP" or (name == "CHANNEL_UNPARK" and headers.get("Answer-State") == "hangup"):
            self._end(SessionGone(f"the caller hung up ({headers.get('Hangup-Cause', 'no cause')})"))
        elif name == "CHANNEL_UNPARK":
            self.lost_to_others()
        elif name == "CHANNEL_EXECUTE_COMPLETE":
            event_uuid = headers.get("Application-UUID", "")
            if event_uuid in self._completed:
                self._completed[event_uuid] = frame

    def _end(self, end: SessionGone) -> None:
        """The call has no need of the gate any more."""
        self._gone = self._gone or end
        self._outbound_connected = self.holds_call = False

    def _closed(self, why: str) -> Never:
        self.was_probe = not self._heard
        self.connected = False
        self._end(SessionGone(why))
        raise self._gone or AssertionError

    def _lose(self, why: str) -> Never:
        """The peer says nothing, or nothing that can be understood; it may hear yet."""
        self._gone = self._gone or SessionGone(why)
        self._outbound_connected = False
        raise self._gone
