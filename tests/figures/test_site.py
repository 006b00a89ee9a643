"""The pages for monitors, over a real socket; what the supervisor would answer comes from the test."""

from __future__ import annotations

import re

import gevent
import pytest
from gevent import socket

from vipgate_fs.figures import ALL, READY, site

EVERYTHING = {"gauges": {"vipgate_dialogues": 3}, "worker_deaths": 0, "counted": [], "build": {"version": "1"}}


class Supervisor:
    """Answers as it is told, and counts."""

    def __init__(self):
        self.why, self.answers, self.asked = "", True, []

    def __call__(self, request):
        self.asked.append(request)
        if not self.answers:
            raise TimeoutError
        return {READY: self.why, ALL: EVERYTHING}[request]


class Errors:
    def __init__(self):
        self.lines = []

    def error(self, event, **values):
        self.lines.append((event, values))


@pytest.fixture
def supervisor():
    return Supervisor()


@pytest.fixture
def errors():
    return Errors()


@pytest.fixture
def served(supervisor, errors):
    """The address of a site."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    serving = gevent.spawn(site.serve, listener, supervisor, errors)
    yield listener.getsockname()
    serving.kill(timeout=5)
    listener.close()


def talk(address, data, seconds=10.0):
    """Send bytes; all that comes back until the site closes the connection."""
    with socket.create_connection(address) as sock:
        sock.sendall(data)
        return rest(sock, seconds)


def rest(sock, seconds=10.0):
    with gevent.Timeout(seconds):
        return b"".join(iter(lambda: sock.recv(65536), b"")).decode()


def get(address, path, method="GET"):
    head, _, body = talk(
        address, f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    ).partition("\r\n\r\n")
    return int(head.split()[1]), head, body


def test_the_figures_are_in_the_format_that_every_prometheus_reads(served):
    status, head, body = get(served, "/metrics")
    assert status == 200
    assert "Content-Type: text/plain; version=0.0.4; charset=utf-8" in head
    assert "vipgate_dialogues 3.0" in body
    assert 'vipgate_build_info{version="1"} 1.0' in body


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_service_that_takes_calls_is_ok(served, path):
    assert get(served, path)[::2] == (200, "ok\n")


def test_who_takes_no_calls_says_why_and_lives(served, supervisor):
    supervisor.why = "stopping, with 3 calls left"
    assert get(served, "/readyz")[::2] == (503, "stopping, with 3 calls left\n")
    assert get(served, "/healthz")[0] == 200


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_a_supervisor_that_does_not_answer_is_not_well(served, supervisor, path):
    supervisor.answers = False
    assert get(served, path)[::2] == (503, "the supervisor does not answer\n")
    supervisor.answers = True
    assert get(served, path)[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/metrics/../etc/passwd", 404), ("POST", "/metrics", 405), ("HEAD", "/readyz", 200)],
)
def test_there_is_nothing_else(served, method, path, status):
    found, _, body = get(served, path, method)
    assert found == status
    assert bool(body) == (method != "HEAD")


def test_several_requests_come_on_one_connection(served):
    one = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
    assert talk(served, one * 2 + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")).count("200 OK") == 3


def test_however_many_ask_the_supervisor_is_asked_once_a_second(served, supervisor, monkeypatch):
    monkeypatch.setattr(site, "KEPT", 600.0)
    asking = [gevent.spawn(get, served, "/metrics") for _ in range(50)]
    gevent.joinall(asking, timeout=20)
    assert {each.value[0] for each in asking} == {200}
    assert supervisor.asked == [ALL]


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /metrics HTTP/1.1\r\nHost:", b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx"],
)
def test_who_says_too_little_is_disconnected(served, errors, monkeypatch, sent):
    monkeypatch.setattr(site, "_PATIENCE", 0.2)
    talk(served, sent)
    assert get(served, "/healthz")[0] == 200
    assert errors.lines == []


@pytest.fixture
def few_places(monkeypatch):
    monkeypatch.setattr(site, "_MOST_CLIENTS", 20)


def test_who_does_not_read_is_disconnected_and_keeps_nobody_out(few_places, served, supervisor, errors, monkeypatch):
    monkeypatch.setattr(site, "_PATIENCE", 0.3)
    monkeypatch.setitem(EVERYTHING, "counted", [["calls", f"gate{n}", "pass", "passed", 1] for n in range(30_000)])
    deaf = [socket.create_connection(served) for _ in range(site._MOST_CLIENTS)]
    for sock in deaf:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 5)
    assert get(served, "/healthz")[0] == 200
    for sock in deaf:
        sock.close()
    assert errors.lines == []


@pytest.mark.parametrize("said", [b"", b"GET /healthz HTTP/1.1\r\nX-", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_who_keeps_many_connections_keeps_nobody_out_not_even_for_a_while(
    few_places, served, errors, monkeypatch, said
):
    """A load balancer that waits for /healthz takes the service for dead long before their patience ends."""
    monkeypatch.setattr(site, "_PATIENCE", 600.0)
    idle = [socket.create_connection(served) for _ in range(3 * site._MOST_CLIENTS)]
    for sock in idle:
        sock.sendall(said)
    assert get(served, "/healthz")[0] == 200
    rest(idle[0])  # the one that has been there longest is gone
    with pytest.raises(gevent.Timeout):
        rest(idle[-1], 0.05)
    for sock in idle:
        sock.close()
    assert errors.lines == []


@pytest.mark.parametrize(
    "data", [b"\x16\x03\x01\x02\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"GET " + b"x" * 20_000, b"\xff\r\n\r\n"]
)
def test_garbage_is_refused_in_silence(served, errors, monkeypatch, data):
    monkeypatch.setattr(site, "_PATIENCE", 0.2)
    assert "Traceback" not in talk(served, data + b"\r\n\r\n")
    assert get(served, "/healthz")[0] == 200
    assert errors.lines == []


def test_an_error_in_a_page_is_reported_and_is_not_the_end(served, supervisor, errors, monkeypatch):
    monkeypatch.setitem(EVERYTHING, "build", None)
    talk(served, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    ((event, values),) = errors.lines
    assert event == "error in a page for monitors"
    assert re.search(r"TypeError", values["exception"])
    assert get(served, "/healthz")[0] == 200
