"""A load generator: FreeSWITCH's side of many calls at once, with the event sizes of a recorded one.

It plays one kind of call (answer, one prompt, transfer) and does as little work itself as it can, so that two
processors are enough for it and the server under test. How a real FreeSWITCH answers is the simulator's business.
"""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter
from pathlib import Path

import gevent
from gevent import socket

TRACE = Path(__file__).parent.parent / "tests/simulator/traces/a-correct-terminator.log"
_CHUNK = re.compile(rb"=== [\d.]+ (RECV|SENT|NOTE) (\d+)\n")
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LENGTH = re.compile(rb"Content-Length: (\d+)\n")
_LOST = 30.0
"""Seconds of silence after which a call is lost: a server may never answer one of a burst."""


def recorded(trace: Path = TRACE) -> tuple[bytes, dict[tuple[str, str], bytes]]:
    """The connect reply of a trace, and the body of its first event for each (event name, application)."""
    data, position, stream = trace.read_bytes(), 0, b""
    while match := _CHUNK.match(data, position):
        end = match.end() + int(match[2])
        if match[1] == b"RECV":
            stream += data[match.end() : end]
        position = end + 1
    connect, _, stream = stream.partition(b"\n\n")
    events: dict[tuple[str, str], bytes] = {}
    while stream:
        head, _, stream = stream.partition(b"\n\n")
        length = _LENGTH.search(head + b"\n")
        body, stream = (stream[: int(length[1])], stream[int(length[1]) :]) if length else (b"", stream)
        if b"text/event-plain" in head:
            fields = dict(line.split(b": ", 1) for line in body.splitlines() if b": " in line)
            name = fields[b"Event-Name"].decode()
            events.setdefault((name, fields.get(b"Application", b"").decode()), body)
    return connect + b"\n\n", events


class Load:
    """Places calls on a server and counts how they ended.

    Args:
        port: of the server, on 127.0.0.1.
        digits: what every caller keys in.
        think: seconds until they have done so.
        variable: the channel variable that the server wants the digits in.
    """

    def __init__(self, port: int, digits: str, think: float, variable: str, called: str) -> None:
        self.port, self.digits, self.think, self.variable = port, digits, think, variable
        connect, self.events = recorded()
        self.connect = re.sub(rb"(Destination-Number: )700", rb"\g<1>" + called.encode(), connect)
        self.ends: Counter[str] = Counter()
        self.seconds: list[float] = []
        self.first: list[float] = []
        self.bytes = 0
        self.serial = itertools.count()

    def run(self, calls: int, parallel: int) -> float:
        """Place `calls` calls, `parallel` at a time; seconds that it took."""
        started = time.perf_counter()
        todo = iter(range(calls))
        workers = [gevent.spawn(lambda: [self.call() for _ in todo]) for _ in range(parallel)]
        gevent.joinall(workers, raise_error=True)
        return time.perf_counter() - started

    def hold(self, calls: int) -> list[socket.socket]:
        """Place calls that stay in the prompt; close the sockets to end them."""
        held: list[socket.socket] = []
        with gevent.Timeout(120):
            while len(held) < calls:  # in portions: greenswitch's own server loses calls of a larger burst
                portion = min(50, calls - len(held))
                target = len(held) + portion
                for _ in range(portion):
                    gevent.spawn(self.call, held)
                while len(held) < target:
                    gevent.sleep(0.02)
        return held

    def call(self, hold: list[socket.socket] | None = None) -> None:
        """One call, until the server transfers it, hangs up, or closes the connection."""
        uuid = b"%08x-0000-4000-8000-000000000000" % next(self.serial)
        started = time.perf_counter()
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=_LOST)
        buffer, filtered, events_on, is_silent, end = b"", False, False, True, "closed"
        try:
            while True:
                data = sock.recv(65536)
                if not data:
                    break
                if is_silent:
                    is_silent = False
                    self.first.append(time.perf_counter() - started)
                buffer += data
                *commands, buffer = buffer.split(b"\n\n")
                for command in commands:
                    first, *lines = command.decode().split("\n")
                    fields = dict(line.split(": ", 1) for line in lines)
                    if first == "connect":
                        self.send(sock, _UUID.sub(uuid, self.connect))
                        continue
                    self.send(sock, b"Content-Type: command/reply\nReply-Text: +OK\n\n")
                    filtered = filtered or first.startswith("filter")
                    events_on = events_on or first == "myevents"
                    if first == "exit":
                        return
                    if first != "sendmsg":
                        continue
                    application = fields["execute-app-name"]
                    if application == "play_and_get_digits":
                        if hold is not None:
                            hold.append(sock)
                            return
                        gevent.sleep(self.think)
                    if application in ("transfer", "respond", "hangup"):
                        end = f"{application} {fields.get('execute-app-arg', '')}"
                    if events_on:
                        self.events_of(sock, application, fields.get("Event-UUID", ""), uuid, filtered)
        except TimeoutError:
            end = "lost"
        except OSError:  # also when the server lets go of a call while events are still under way
            end = "reset" if end == "closed" else end
        finally:
            if hold is None or sock not in hold:
                self.ends[end] += 1
                self.seconds.append(time.perf_counter() - started)
                sock.close()

    def events_of(self, sock: socket.socket, application: str, event_uuid: str, uuid: bytes, filtered: bool) -> None:
        """The events of one application, those that a filter leaves; of others than the recorded ones, the nearest."""
        names = ["CHANNEL_EXECUTE", "CHANNEL_EXECUTE_COMPLETE"]
        if application == "answer":
            names[1:1] = ["CHANNEL_PROGRESS_MEDIA", "CHANNEL_ANSWER"]
            names.insert(0, "CHANNEL_PARK")
        frames = b""
        for name in names:
            if filtered and name != "CHANNEL_EXECUTE_COMPLETE":
                continue
            known = self.events.get((name, application)) or self.events.get((name, "")) or self.events[name, "answer"]
            body = _UUID.sub(uuid, known)
            body = re.sub(
                rb"(?m)^(Application|variable_current_application): .*", rb"\1: " + application.encode(), body
            )
            body = re.sub(rb"(?m)^Application-UUID: .*", b"Application-UUID: " + event_uuid.encode(), body)
            body = re.sub(rb"(?m)^variable_pin: .*", f"variable_{self.variable}: {self.digits}".encode(), body)
            frames += b"Content-Length: %d\nContent-Type: text/event-plain\n\n%b" % (len(body), body)
        self.send(sock, frames)

    def send(self, sock: socket.socket, data: bytes) -> None:
        """Send and count."""
        self.bytes += len(data)
        sock.sendall(data)
