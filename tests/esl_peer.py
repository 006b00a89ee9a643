"""The other end of a session's connection, which sends what a test tells it to."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from urllib.parse import quote

import gevent
from gevent import socket

CHANNEL = {
    "Event-Name": "CHANNEL_DATA",
    "Unique-ID": "0ad44d85-a324-4c1d-8bc0-78d0ae129c1d",
    "Caller-Caller-ID-Name": "Alice",
    "Caller-Caller-ID-Number": "004917612345678",
    "Caller-Destination-Number": "700",
    "Caller-Context": "public",
}


def encode(value: str) -> str:
    """As FreeSWITCH encodes: a literal %0A of the caller stays as it is."""
    return quote(value, safe="/,;%")


def block(headers: dict[str, str]) -> bytes:
    return "".join(f"{name}: {encode(value)}\n" for name, value in headers.items()).encode()


def connect_reply(**changes: str) -> bytes:
    headers = CHANNEL | {
        name if name.startswith("variable_") else name.replace("_", "-"): value for name, value in changes.items()
    }
    return block(headers) + b"Content-Type: command/reply\nReply-Text: %2BOK%0A\nSocket-Mode: async\nControl: full\n\n"


def reply(text: str = "+OK") -> bytes:
    return b"Content-Type: command/reply\nReply-Text: %b\n\n" % text.encode()


def event(name: str, headers: dict[str, str] | None = None) -> bytes:
    body = block({"Event-Name": name} | (headers or {})) + b"\n"
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n%b" % (len(body), body)


def complete(uuid: str, application: str = "playback", **headers: str) -> bytes:
    more = {name.replace("__", "-"): value for name, value in headers.items()}
    return event(
        "CHANNEL_EXECUTE_COMPLETE",
        {"Application": application, "variable_current_application": application, "Application-UUID": uuid} | more,
    )


def notice(disposition: str = "disconnect") -> bytes:
    return (
        b"Content-Type: text/disconnect-notice\nContent-Disposition: %b\nContent-Length: 0\n\n" % disposition.encode()
    )


class Peer:
    """FreeSWITCH's end of the connection: takes commands, sends bytes."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = b""

    def command(self) -> str:
        """The next command that the session sends."""
        while b"\n\n" not in self.received:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError(self.received)
            self.received += data
        command, _, self.received = self.received.partition(b"\n\n")
        return command.decode()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def event_uuid(self) -> str:
        """Take a sendmsg, accept it, and return its Event-UUID (the stock class sends none)."""
        command = self.command()
        self.send(reply())
        return dict(line.split(": ", 1) for line in command.splitlines()[1:]).get("Event-UUID", "none")


@contextmanager
def within(seconds: float = 20.0):
    """Fail when the block takes longer, even where it never yields to gevent's hub."""

    def give_up(*_):
        raise AssertionError("it never ends")

    started, before = time.monotonic(), signal.signal(signal.SIGALRM, give_up)
    of_the_test, _ = signal.setitimer(signal.ITIMER_REAL, seconds + 0.5)
    try:
        with gevent.Timeout(seconds, AssertionError("it waits for ever")):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if of_the_test:  # pytest-timeout has set the same timer
            signal.setitimer(signal.ITIMER_REAL, max(of_the_test - (time.monotonic() - started), 0.001))
