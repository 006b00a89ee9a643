"""FreeSWITCH's side of a connection breaks, falls silent, or sends what it never sends; others connect and say nothing."""

from __future__ import annotations

import resource
import socket as stdlib_socket
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import gevent
import pytest
from reliability.faults import Traffic, descriptors, end, resident, served_again
from running_service import GATE, Service, lost, place, switch, until

from vipgate_fs.simulator import Caller, Delivery, Dialplan, Extension, Simulator

BOUND = 3.0
PATCH = f"""
from vipgate_fs.esl import channel, session
session.Session.connect.__defaults__ = session.Session.pipeline.__defaults__ = ({BOUND},)
channel._SOUND_TIMEOUT = {BOUND} - 21.0
"""
"""Times after which the gate gives up that a test can wait for; an entry has 21 seconds besides."""
QUICK = GATE.replace('"60s"', '"1s", next_digit: "1s"')
PROMPT, HEADER, BODY = 6080, 6120, 10_000
"""Bytes that a simulated call has sent shortly before the last reply ahead of the first event, in the event's header, and in
its body. The event comes with the caller's entry."""


@dataclass
class Odd(Delivery):
    """After some bytes it sends something else; then, if it is to, nothing any more."""

    what: bytes = b""
    silent: bool = False

    def send(self, sock, data, clock):
        if self._sent < PROMPT:
            super().send(sock, data, clock)
            return
        what, self.what = self.what, b""
        sock.sendall(what if self.silent else what + data)


@dataclass
class HalfClosed(Delivery):
    """It says that it will send no more, and goes on reading."""

    def _close(self, sock):
        if self.cut_after is None:
            super()._close(sock)
        self.cut_after = None
        with suppress(OSError):
            sock.shutdown(stdlib_socket.SHUT_WR)


EVENT = b"Content-Type: text/event-plain\nContent-Length: %d\n\n"
REFUSED, THROUGH = "hung up on", "through, nothing noticed"
DELIVERIES = {
    "FreeSWITCH's connection is reset": (lambda: Delivery(cut_after=HEADER, reset=True), REFUSED),
    "… is half-closed": (lambda: HalfClosed(cut_after=HEADER), REFUSED),
    "… is closed in the middle of a header": (lambda: Delivery(cut_after=HEADER), REFUSED),
    "… is closed in the middle of a body": (lambda: Delivery(cut_after=BODY), REFUSED),
    "… falls silent in the prompt": (lambda: Odd(silent=True), REFUSED),
    "… falls silent in the middle of a header": (lambda: Odd(what=b"Content-Ty", silent=True), REFUSED),
    "… falls silent in the middle of a body": (
        lambda: Odd(what=EVENT % 5000 + b"Event-Name: X\n", silent=True),
        REFUSED,
    ),
    "… brings a frame of 10 MB": (lambda: Odd(what=EVENT % 10_000_000 + b"x" * 10_000_000), REFUSED),
    "… brings 10 MB without an end of line": (lambda: Odd(what=b"x" * 10_000_000), REFUSED),
    "… brings 1,000,000 headers": (lambda: Odd(what=b"A: 1\n" * 1_000_000), REFUSED),
    "… brings an event with 20,000 headers": (lambda: Odd(what=EVENT % 100_000 + b"A: 1\n" * 20_000), THROUGH),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    service = Service(tmp_path_factory.mktemp("service"), settings="workers: 1", gates=QUICK, patch=PATCH).listening()
    yield service
    service.destroy()


@pytest.fixture(scope="module")
def odd(service):
    """All of DELIVERIES at the same time, with other calls beside them: (experiences, traffic)."""
    worker = service.workers[0]
    assert lost(place(switch(service), 20)) == []
    before, memory = descriptors(worker), resident(worker)
    calls = {}
    with Traffic(switch(service)) as traffic:
        for fault, (delivery, _) in DELIVERIES.items():
            entry = Extension(
                (
                    ("set", "socket_resume=true"),
                    ("socket", f"127.0.0.1:{service.port} async full"),
                    ("hangup", "SUBSCRIBER_ABSENT"),
                ),
                matches=True,
            )
            simulator = Simulator(speed=8, dialplan=Dialplan(entry=entry), delivery=delivery)
            calls[fault] = simulator.start(Caller(dial="081547#"), "700")
        experiences = {fault: call.wait() for fault, call in calls.items()}
    until(lambda: descriptors(worker) <= before)
    assert resident(worker) < memory + 40e6
    assert service.workers == [worker]
    return experiences, traffic


@pytest.mark.parametrize("fault", DELIVERIES)
def test_an_odd_connection(odd, service, tell, fault):
    experiences, traffic = odd
    experienced = DELIVERIES[fault][1]
    assert end(experiences[fault]) == {REFUSED: "hung up on", THROUGH: "through"}[experienced]
    assert not experiences[fault].parked_for_ever
    assert traffic.lost == 0
    tell(fault, experienced, len(traffic.calls), traffic.lost, None)


def test_odd_connections_are_no_errors_of_ours(odd, service):
    assert service.lines("error while serving a call") == []
    assert (
        sum(len(service.lines("outcome", result=result)) for result in ("hung_up", "rejected")) == len(DELIVERIES) - 1
    )


def silent(service):
    """Connections that were ended because nothing came."""
    return len(service.lines("connection ended early", why="FreeSWITCH does not answer"))


def test_a_port_scanner(serve, tell, many_files):
    """5,000 connections that say nothing; each ends when the time to connect is over."""
    service = serve(settings="workers: 2, max_calls: 50", patch=PATCH)
    assert lost(place(switch(service), 20)) == []
    before = sum(map(descriptors, service.workers))
    with ExitStack() as idle, Traffic(switch(service, speed=4.0, untaken=24.0), every=0.2) as traffic:
        for _ in range(5000):  # each lets the calls go on: they come from this process, too
            idle.enter_context(gevent.socket.create_connection(("127.0.0.1", service.port)))
        until(lambda: silent(service), BOUND + 5)
        recovery = served_again(switch(service))
        until(lambda: silent(service) == 5000, BOUND + 10)
    until(lambda: sum(map(descriptors, service.workers)) <= before)
    assert traffic.lost == 0
    tell(
        "5,000 idle connections of a port scanner",
        "(no caller) they end when the time to connect is over",
        len(traffic.calls),
        0,
        recovery,
    )


@pytest.fixture
def many_files():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_file_descriptors_used_up(serve, tell):
    service, other = serve(settings="workers: 1", descriptors=60), serve()
    held = place(switch(service), 45, Caller(hang_up_after=60.0), every=0.01)
    service.await_line("connections are refused: too few file descriptors (LimitNOFILE, ulimit -n)")
    calls = place(switch(service, other), 20, every=0.01)
    assert lost(calls) == []
    assert other.lines("outcome")
    for call in held:
        call.wait()
    recovery = served_again(switch(service))
    assert service.lines("connections are accepted again")
    tell("file descriptors used up", "nothing: the next host serves them", len(calls), 0, recovery)
