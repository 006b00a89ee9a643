"""The port closes without resetting a connection: FreeSWITCH would leave its call parked for ever."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing

import pytest

from vipgate_fs.service.port import Port


@pytest.fixture
def port():
    port = Port("127.0.0.1", 0)
    with closing(port.socket):
        yield port


def connect(port):
    return socket.create_connection(("127.0.0.1", port.number), timeout=5)


def test_what_waits_is_accepted_and_what_comes_meanwhile_is_refused(port):
    waiting = [connect(port) for _ in range(3)]
    close = threading.Thread(target=port.close)
    close.start()
    time.sleep(0.02)
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
        with pytest.raises(OSError, match="in use"):
            Port("127.0.0.1", number)
        port.open()
    assert port.number == number
    with connect(port), port.socket.accept()[0]:
        pass


def test_nobody_accepts_what_waits(port):
    """When no worker lives, the port closes all the same, after a bounded time."""
    with connect(port):
        before = time.monotonic()
        port.close()
        assert 1 < time.monotonic() - before < 4
    assert not port.is_open


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_where_it_listens(host):
    port = Port(host, 0)
    with closing(port.socket), socket.create_connection((host, port.number), timeout=5):
        pass
