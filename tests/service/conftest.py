from __future__ import annotations

import io
import json
from contextlib import closing

import pytest
from esl_peer import Peer
from gevent import socket
from running_service import Service

from vipgate_fs import config
from vipgate_fs.service.logs import configure
from vipgate_fs.service.server import GateServer

CONFIGURATION = """
version: 1
site: {country: DE, domain: pbx.example}
server: {listen: "127.0.0.1:0"}
gates:
  pin:
    protects: {numbers: ["700"]}
    identify: [{static_pin: {pin: "081547"}}]
    timing: {first_digit: "1s", next_digit: "1s"}
  closed:
    protects: {numbers: ["701"]}
    otherwise: {reject: true}
  people:
    protects: {users: [alice]}
    otherwise: {reject: true}
"""


class Lines(io.StringIO):
    """What was logged, as a list of objects."""

    def all(self):
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def events(self):
        return [line["event"] for line in self.all()]


@pytest.fixture
def log_lines():
    return Lines()


@pytest.fixture
def serve(log_lines):
    """Start a server for a configuration; it is stopped at the end of the test."""
    started = []

    def start(text=CONFIGURATION, level="trace"):
        loaded = config.load_text(text)
        assert loaded.configuration is not None, loaded.findings
        server = GateServer(loaded.configuration, configure(level, log_lines, json=True))
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop(drain=0)


@pytest.fixture
def connect():
    """Connect to a server as FreeSWITCH does."""
    peers = []

    def to(server):
        peers.append(Peer(socket.create_connection(("127.0.0.1", server.port))))
        return peers[-1]

    yield to
    for peer in peers:
        with closing(peer.sock):
            pass


@pytest.fixture
def run(tmp_path):
    """Start a service as a process; see `running_service.Service`."""
    services = []

    def start(**more):
        folder = tmp_path / str(len(services))
        folder.mkdir()
        services.append(Service(folder, **more))
        return services[-1]

    yield start
    for service in services:
        service.destroy()
