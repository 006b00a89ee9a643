"""A short run of the benchmark. Time on a busy machine says nothing, so it is guarded by counting."""

from __future__ import annotations

import re

import cpu_per_call
import gevent
import pytest
import slow_webservice
from gevent.server import StreamServer
from load import Load

from vipgate_fs import config
from vipgate_fs.esl.wire import Decoder
from vipgate_fs.service.calls import CallHandler
from vipgate_fs.service.logs import silent

GATES = """
version: 1
gates:
  pin: {protects: {numbers: ["700"]}, identify: [{static_pin: {pin: "081547"}}]}
  open: {protects: {numbers: ["701"]}, identify: [{callers: {pass: ["+49*"]}}], otherwise: {reject: true}}
"""
VARIABLE = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|00491760\d{7}|491760\d{7}")
"""What differs from call to call."""
pytestmark = pytest.mark.timeout(240)  # five servers are started, one after the other


def test_every_call_is_served_with_less_traffic_than_greenswitchs(monkeypatch):
    loads = []
    begin = Load.__init__

    def remember(load, *arguments, **more):
        begin(load, *arguments, **more)
        loads.append(load)

    monkeypatch.setattr(Load, "__init__", remember)
    measured = cpu_per_call.measure(calls=60, rounds=1, parallel=20, waiting=20)
    *gates, other = loads
    assert [gate.ends for gate in gates] == [{"transfer 700 XML vipgate-passed": 80}] * 4
    assert other.ends == {"transfer 100 XML default": 80}
    assert max(gate.bytes for gate in gates) < 0.8 * other.bytes
    assert all(cpu_ms[0] > 0 for cpu_ms, _ in measured.values())


def test_all_callers_of_a_slow_webservice_are_served_and_the_others_beside_them():
    measured = slow_webservice.measure(waiting=200, quick=3)
    assert measured.served == {"transfer 701 XML vipgate-passed": 200}
    assert len(measured.beside) == 3
    assert max(measured.beside) < slow_webservice.DELAY, "a quick call waited for the web service"


class Listening:
    """A gate's connection that keeps what has come."""

    def __init__(self, sock, kept):
        self._sock, self._kept = sock, kept

    def recv(self, size):
        data = self._sock.recv(size)
        self._kept += data
        return data

    def __getattr__(self, name):
        return getattr(self._sock, name)


@pytest.mark.parametrize(("to", "dial", "frames"), [("701", (), 2), ("700", ("081547#",), 12)], ids=["passes", "PIN"])
def test_a_replayed_call_says_byte_for_byte_what_the_simulators_call_has_said(to, dial, frames):
    streams, serve = [], CallHandler(config.load_text(GATES).configuration, silent())

    def keep(sock, address):
        streams.append(bytearray())
        serve(Listening(sock, streams[-1]), address)

    server = StreamServer(("127.0.0.1", 0), keep)
    server.start()
    load = Load(server.server_port, to, dial, think=0.0)
    try:
        gevent.get_hub().threadpool.apply(load.run, (3, 2))
    finally:
        server.stop()
    simulated, *replayed = [VARIABLE.sub(b"*", bytes(stream)) for stream in streams]
    assert load.ends == {f"transfer {to} XML vipgate-passed": 3}
    assert [*replayed] == [simulated] * 3
    assert len({uuid for stream in streams for uuid in re.findall(rb"\nUnique-ID: (\S+)", stream)}) == 4
    decoder = Decoder()
    decoder.feed(bytes(streams[-1]))
    assert sum(decoder.frame() is not None for _ in range(100)) == frames


def test_who_waits_with_their_digits_for_a_call_that_is_lost_is_not_lost():
    serve, connections = CallHandler(config.load_text(GATES).configuration, silent()), iter(range(9))

    def lose(sock, address):
        if next(connections) == 2:  # the second of those that are replayed
            sock.recv(1)  # until it is given up
        else:
            serve(sock, address)

    server = StreamServer(("127.0.0.1", 0), lose)
    server.start()
    load = Load(server.server_port, "700", ("081547#",), patience=4.0)
    try:
        gevent.get_hub().threadpool.apply(load.run, (3, 3), {"together": True})
    finally:
        server.stop()
    assert load.ends == {"transfer 700 XML vipgate-passed": 2, "lost": 1}


def test_a_replay_notices_a_server_that_says_something_else():
    answers = iter([b"connect\n\nmyevents\n\n", b"connect\n\nmyeventz\n\n"])

    def serve(sock, _address):
        sock.sendall(next(answers))
        sock.recv(65536)
        sock.sendall(b"sendmsg\ncall-command: execute\nexecute-app-name: hangup\n\n")

    server = StreamServer(("127.0.0.1", 0), serve)
    server.start()
    load = Load(server.server_port, "700", ())
    try:
        gevent.get_hub().threadpool.apply(load.run, (1, 1))
    finally:
        server.stop()
    assert load.ends == {"unexpected": 1}
