"""A real service whose pages for monitors are asked."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress

from gevent import socket
from running_service import Service, switch, until
from webservice_peer import Peer

from vipgate_fs.simulator import Caller

SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
METRICS = 'workers: 2, metrics: "127.0.0.1:0"'
GATES = """\
  pin:
    protects: {{numbers: ["700"]}}
    identify: [{{static_pin: {{pin: "081547"}}}}]
    lockout: {{failures: 2}}
    timing: {{first_digit: "1s"}}
  front:
    protects: {{numbers: ["701"]}}
    identify:
      - callers: {{pass: ["+49 7022 27978"]}}
      - webservice: {{url: "http://127.0.0.1:{port}/"}}
    otherwise: {{reject: true}}
"""
_ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{"forward": "123"}'
_FAILURE = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
STRANGER, VIP = Caller(number="004917612345678"), Caller(number="0049702227978")


def get(port, path, seconds=60.0):
    """The status and the body."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split()[1]), body


def samples(text):
    """Each sample of a page: its name, its labels, its value."""
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            yield name, dict(LABEL.findall(labels or "")), float(value)


def total(text, name, **labels):
    """The sum of a figure's samples with these labels."""
    return sum(value for found, has, value in samples(text) if found == name and labels.items() <= has.items())


class Monitored(Service):
    """A service whose figures are asked for."""

    def __init__(self, folder, settings=METRICS, **more):
        super().__init__(folder, settings=settings, **more)
        self.listening()
        self.pages = self.await_line("metrics listening")["port"]

    def page(self, path="/metrics"):
        return get(self.pages, path)

    def figure(self, name, **labels):
        return total(self.page()[1], name, **labels)

    def until(self, name, value, **labels):
        found = []
        with suppress(AssertionError):
            until(lambda: found.append(self.figure(name, **labels)) or found[-1] == value, 60)
        assert found[-1] == value, (name, labels)

    def call(self, caller, to, count=1):
        """What callers experience who call at the same time."""
        return [call.wait() for call in [switch(self).start(caller, to) for _ in range(count)]]

    def serve_all_kinds(self, webservice):
        """Calls with every verdict and every kind of attempt; what callers experienced."""
        experiences = self.call(Caller(dial="081547#"), "700", 10)
        experiences += self.call(Caller(number="0049891234567", dial=("", "0000#", "081547#")), "700")
        experiences += self.call(Caller(number="0049897654321", dial=("1111#", "2222#", "3333#")), "700")
        experiences += self.call(VIP, "701", 3) + self.call(STRANGER, "701", 2)
        self.until("vipgate_upstream_up", 1, gate="front", step="webservice")
        webservice.is_broken = True
        experiences += self.call(STRANGER, "701", 2) + self.call(STRANGER, "999", 4)
        self.until("vipgate_calls_total", 23)
        self.until("vipgate_upstream_up", 0)
        self.until("vipgate_lockouts", 1)
        return experiences


@contextmanager
def webservice():
    """Forwards everybody, until `is_broken`."""

    def respond(side):
        while side.request():
            side.send(_FAILURE if side.peer.is_broken else _ANSWER)

    with Peer(respond) as peer:
        peer.is_broken = False
        yield peer
