"""An inbound event socket: ask the switch, as fs_cli does. Plain blocking sockets, each wait with a deadline.

greenswitch's `InboundESL` waits without end for an answer, knows no IPv6 and decodes a block before it cuts it into
lines; the wire layer that serves the calls does all that is needed here.
"""

from __future__ import annotations

import re
import socket
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from vipgate_fs.esl.wire import Decoder, Frame, WireError
from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.secret import Secret
from vipgate_fs.sentences import say
from vipgate_fs.sentences.system import system_says

CONNECT_TIMEOUT: Final = 5.0
"""Seconds to connect, and for the greeting."""
ANSWER_TIMEOUT: Final = 15.0
"""Seconds for the answer to a command; a sofia that is busy with DNS takes a few."""
_READ_SIZE: Final = 64 * 1024
_CONTEXT: Final = re.compile(r"[A-Za-z0-9_.@-]+", re.ASCII)


class Unreachable(Exception):
    """The switch can't be asked. The text says why, and contains no password."""


class PasswordRefused(Unreachable):
    """The switch answers, but not to this password."""


def expect_callable(context: str, *numbers: str) -> None:
    """Raise ValueError unless the switch may be given the context and the numbers. The text says what is allowed."""
    if not all(map(is_dialable, numbers)):
        raise ValueError(say("a number that can't be dialled; allowed: digits, letters, + * # . _ -"))
    if _CONTEXT.fullmatch(context) is None:
        raise ValueError(say("the context {context!r} can't be called", context=context))


class Inbound:
    """A connection to the switch's event socket. A context manager.

    Args:
        host: name or address, IPv6 without brackets.
        port: of event_socket.conf.xml, 8021 by default.
        password: of event_socket.conf.xml.

    Raises:
        Unreachable: nobody listens there, or somebody else, or the password or our address is refused.
    """

    def __init__(self, host: str, port: int, password: Secret) -> None:
        self._place = f"{host}:{port}"
        self._decoder = Decoder()
        self._events: deque[Frame] = deque()
        try:
            self._socket = socket.create_connection((host, port), CONNECT_TIMEOUT)
        except OSError as error:
            raise Unreachable(say("{place}: {why}", place=self._place, why=system_says(error))) from None
        try:
            self._log_in(password)
        except BaseException:
            self.close()
            raise

    def _log_in(self, password: Secret) -> None:
        greeting = self._next(time.monotonic() + CONNECT_TIMEOUT)
        if greeting.content_type == "text/rude-rejection":
            raise Unreachable(say("{place}: its apply-inbound-acl refuses this machine", place=self._place))
        if greeting.content_type != "auth/request":
            raise Unreachable(say("{place}: no event socket of FreeSWITCH's", place=self._place))
        if "\n" in password.reveal() or not self.command(f"auth {password.reveal()}").startswith("+OK"):
            raise PasswordRefused(say("{place}: the password is refused", place=self._place))

    def api(self, command: str) -> str:
        """What `fs_cli -x` would print, without the last line end. Raises Unreachable."""
        return self.command(f"api {command}").rstrip("\n")

    def execute(self, channel: str, application: str, argument: str) -> str:
        """Let a channel run an application; its end is an event, CHANNEL_EXECUTE_COMPLETE. Raises Unreachable."""
        lines = f"sendmsg {channel}", "call-command: execute", f"execute-app-name: {application}"
        return self._answered(*lines, f"execute-app-arg: {argument}")

    def originate(self, mark: str, number: str, context: str, variables: Mapping[str, str]) -> str:
        """Let the switch call a number of a context and park the call, on a loopback channel that stays one.

        Args:
            mark: the channel's Unique-ID.
            number: is called; `expect_callable` has let it pass.
            context: of the dialplan; likewise.
            variables: further ones of the channel.

        Returns:
            Why it makes no call; "" when it does.

        Raises:
            Unreachable: see there.
        """
        ours = {"origination_uuid": mark, "ignore_early_media": "true"}
        ours |= {"loopback_bowout": "false", "loopback_bowout_on_execute": "false"}
        written = ",".join(f"{name}={value}" for name, value in (*ours.items(), *variables.items()))
        answer = self.command(f"bgapi originate {{{written}}}loopback/{number}/{context}/XML &park()")
        return answer if answer.startswith("-ERR") else ""

    def command(self, text: str) -> str:
        """The reply to a command of one line. Raises Unreachable."""
        return self._answered(text)

    def _answered(self, *lines: str) -> str:
        if any("\n" in line for line in lines):
            raise ValueError("a command has one line")
        text = "\n".join(lines)
        deadline = time.monotonic() + ANSWER_TIMEOUT
        try:
            self._socket.settimeout(ANSWER_TIMEOUT)
            self._socket.sendall(f"{text}\n\n".encode())
        except OSError as error:
            raise Unreachable(say("{place}: {why}", place=self._place, why=system_says(error))) from None
        while (frame := self._next(deadline)).content_type not in ("command/reply", "api/response"):
            self._events.append(frame)
        return frame.data

    def events(self, seconds: float) -> Iterator[Frame]:
        """The events that were asked for, as they come, for so long. Raises Unreachable when the connection ends."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                yield self._events.popleft() if self._events else self._next(deadline)
            except _TooLate:
                return

    def _next(self, deadline: float) -> Frame:
        late = _TooLate(f"{self._place}: no answer in time")
        if time.monotonic() > deadline:  # although there may be something to read at any time
            raise late
        try:
            while (frame := self._decoder.frame()) is None:
                self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
                data = self._socket.recv(_READ_SIZE)
                if not data:
                    raise Unreachable(say("{place}: it closed the connection", place=self._place))
                self._decoder.feed(data)
        except TimeoutError:
            raise late from None
        except (OSError, WireError) as error:
            raise Unreachable(say("{place}: {error}", place=self._place, error=error)) from None
        return frame

    def close(self) -> None:
        """End the connection."""
        with suppress(OSError):
            self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class _TooLate(Unreachable):
    """Nothing came in time."""
