"""The port closes without resetting a connection: FreeSWITCH would leave its call parked for ever."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing

import pytest

from vipgate_fs.service import port as port_module
from vipgate_fs.service.port import CannotListen, Port, drop_requests, hear


@pytest.fixture
def port():
    port = Port("127.0.0.1", 0)
    port.open()
    with closing(port.socket):
        yield port


def connect(port):
    return socket.create_connection(("127.0.0.1", port.number), timeout=20)


def test_what_waits_is_accepted_and_what_comes_meanwhile_is_refused(port, monkeypatch):
    waiting = [connect(port) for _ in range(3)]
    drops = threading.Event()
    monkeypatch.setattr(port_module, "drop_requests", lambda sock: (drop_requests(sock), drops.set()))
    close = threading.Thread(target=port.close)
    close.start()
    assert drops.wait(10)
    late: list[OSError] = []

    def come_late():
        try:
            connect(port)
        except OSError as error:
            late.append(error)

    coming = threading.Thread(target=come_late)
    coming.start()
    time.sleep(0.3)
    accepted = [port.socket.accept()[0] for _ in waiting]
    with pytest.raises(BlockingIOError):
        port.socket.accept()
    close.join()
    coming.join()
    assert [type(error) for error in late] == [ConnectionRefusedError]
    for there, here in zip(waiting, accepted, strict=True):
        with there, here:
            here.sendall(b"connect\n\n")
            assert there.recv(100) == b"connect\n\n"


def test_a_closed_port_stays_ours_and_opens_again(port):
    number = port.number
    with connect(port), port.socket.accept()[0]:
        port.close()
        assert not port.is_open
        with pytest.raises(ConnectionRefusedError):
            connect(port)
        with pytest.raises(CannotListen, match=f"127.0.0.1:{number}: Address already in use"):
            Port("127.0.0.1", number)
        port.open()
    assert port.number == number
    with connect(port), port.socket.accept()[0]:
        pass


def test_nobody_accepts_what_waits(port, monkeypatch):
    """When no worker lives, the port closes all the same, after a bounded time."""
    monkeypatch.setattr(port_module, "_PATIENCE", 1.0)
    with connect(port):
        before = time.monotonic()
        port.close()
        assert 1 < time.monotonic() - before < 10
    assert not port.is_open


def test_it_does_not_listen_before_it_is_opened():
    port = Port("127.0.0.1", 0)
    with closing(port.socket):
        with pytest.raises(ConnectionRefusedError):
            connect(port)
        with pytest.raises(CannotListen, match="in use"):
            Port("127.0.0.1", port.number)


@pytest.mark.parametrize(
    ("host", "reached_at"), [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::", "::1"), ("::", "127.0.0.1")]
)
def test_requests_are_dropped_and_who_is_connected_is_heard(host, reached_at):
    port = Port(host, 0)
    port.open()
    with closing(port.socket):
        hear(port.socket)
        with socket.create_connection((reached_at, port.number), timeout=5) as there, port.socket.accept()[0] as here:
            here.settimeout(5)
            drop_requests(port.socket)
            with pytest.raises(TimeoutError):
                socket.create_connection((reached_at, port.number), timeout=0.3)
            there.sendall(b"before")
            assert here.recv(100) == b"before"
            drop_requests(here)  # as if it had inherited the limit
            there.sendall(b"meanwhile")
            here.settimeout(0.3)
            with pytest.raises(TimeoutError):
                here.recv(100)
            hear(here)
            here.settimeout(5)
            assert here.recv(100) == b"meanwhile"
            hear(port.socket)
            with socket.create_connection((reached_at, port.number), timeout=5):
                pass


def test_on_a_system_without_the_option_it_closes_all_the_same(port, monkeypatch):
    monkeypatch.setattr(port_module, "_LEAST_TTL", ((0, 9999),))
    with connect(port), port.socket.accept()[0] as here:
        hear(here)
        port.close()
    with pytest.raises(ConnectionRefusedError):
        connect(port)


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("no.such.host.invalid", r"can't listen on no.such.host.invalid:0: (?!Unknown error)\w"),
        ("192.0.2.1", "can't listen on 192.0.2.1:0: Cannot assign"),
        ("2001:db8::1", r"can't listen on \[2001:db8::1\]:0: Cannot assign"),
    ],
)
def test_where_it_can_not_listen(host, why):
    with pytest.raises(CannotListen, match=why):
        Port(host, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_where_it_listens(host):
    port = Port(host, 0)
    port.open()
    with closing(port.socket), socket.create_connection((host, port.number), timeout=5):
        pass
