"""A monitor that looks whether the port is open is no event."""

from __future__ import annotations

import socket as stdlib_socket
import struct

import gevent
import pytest
from gevent import socket
from running_service import until


def closed(sock):
    """Closed in order."""


def reset(sock):
    """Closed at once, as load balancers do it."""
    sock.setsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_LINGER, struct.pack("ii", 1, 0))


def after_it_was_served(sock):
    assert sock.recv(100) == b"connect\n\n"


def after_half_a_line(sock):
    sock.sendall(b"Content-Ty")
    gevent.sleep(0.05)


@pytest.mark.parametrize(
    ("before_it_closes", "level"),
    [(closed, "debug"), (reset, "debug"), (after_it_was_served, "debug"), (after_half_a_line, "info")],
)
def test_a_connection_that_says_nothing_and_closes_is_logged_at_debug(serve, log_lines, before_it_closes, level):
    server = serve(level="debug")
    with socket.create_connection(("127.0.0.1", server.port)) as sock:
        before_it_closes(sock)
    until(lambda: "connection ended early" in log_lines.events())
    assert [line["level"] for line in log_lines.all() if line["event"] == "connection ended early"] == [level]
