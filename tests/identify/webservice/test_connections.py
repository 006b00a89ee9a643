"""The connections of a webservice: kept, replaced, redirected, let go of; and how they are under gevent."""

import errno
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme
from webservice_peer import GOOD, Peer, a_call, answering, response, server_context

from vipgate_fs.gate.step import StepFailed
from vipgate_fs.gate.verdict import Pass
from vipgate_fs.identify.webservice import exchange, fetch, streams
from vipgate_fs.identify.webservice.origins import Redirects


def test_a_connection_is_used_again(step, good):
    made = step(good.url())
    for _ in range(5):
        made.identify(a_call())
    assert (good.connections, len(good.requests)) == (1, 5)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_was_closed_while_idle_is_replaced(step, method):
    def serve(side):
        side.request()
        side.send(GOOD)

    with Peer(serve) as peer:
        made = step(peer.url(), method=method)
        for _ in range(3):
            made.identify(a_call())
            time.sleep(0.05)
        assert peer.connections == 3


@pytest.mark.parametrize(("method", "retried"), [("GET", True), ("POST", False)])
def test_a_request_on_an_idle_connection_that_gets_no_answer(step, method, retried):
    """The service closes just when the next request comes. A POST may have done something, so it is not repeated."""

    def serve(side):
        side.request()
        side.send(GOOD)
        side.request()

    with Peer(serve) as peer:
        made = step(peer.url(), method=method)
        made.identify(a_call())
        if retried:
            assert made.identify(a_call()) == Pass()
        else:
            with pytest.raises(StepFailed, match="closed before an answer came"):
                made.identify(a_call())
        assert len(peer.requests) == 3 - (not retried)


def test_a_connection_with_something_unasked_on_it_is_not_used_again(step):
    with Peer(answering(GOOD + b"HTTP/1.1 200 OK\r\n")) as peer:
        made = step(peer.url())
        assert [made.identify(a_call()) for _ in range(2)] == [Pass(), Pass()]
        assert peer.connections == 2


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EAFNOSUPPORT])
def test_a_socket_that_can_not_be_made_is_a_failure_of_the_step(step, good, monkeypatch, number):
    def none(*_):
        raise OSError(number, os.strerror(number))

    made = step(good.url())
    monkeypatch.setattr(streams.socket, "socket", none)
    with pytest.raises(StepFailed, match=f"no connection: {os.strerror(number)}"):
        made.identify(a_call())


def test_a_connection_grows_old(step, good, monkeypatch):
    made = step(good.url())
    made.identify(a_call())
    monkeypatch.setattr(exchange, "LONGEST_IDLE", 0.0)
    made.identify(a_call())
    assert good.connections == 2


def test_many_callers_at_once_and_few_idle_connections(step, monkeypatch):
    monkeypatch.setattr(fetch, "MOST_IDLE", 4)
    together = threading.Barrier(20, timeout=40)

    def serve(side):
        while side.request():
            together.wait()
            side.send(GOOD)

    with Peer(serve) as peer, ThreadPoolExecutor(20) as pool:
        made = step(peer.url())
        assert list(pool.map(made.identify, [a_call()] * 20)) == [Pass()] * 20
        assert peer.connections == 20
        assert sum(map(len, made.fetcher._idle.values())) == 4


def test_a_caller_who_hangs_up_leaves_nothing_behind(step, monkeypatch):
    """Killed while it waits, as the service kills a step's greenlet: the connection closes at once."""
    closed = threading.Event()

    def serve(side):
        side.request()
        side.socket.recv(1)
        closed.set()

    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    with Peer(serve) as peer:
        made = step(peer.url())
        monkeypatch.setattr(exchange.Connection, "_answer", kill)
        with pytest.raises(Killed):
            made.identify(a_call())
        assert closed.wait(5)


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_within_the_host(step, status, method):
    answers = [response(b"", status, "Location: next?a=1#top"), GOOD]

    def serve(side):
        side.request()
        side.send(answers.pop(0))

    with Peer(serve) as peer:
        assert step(peer.url("/v/x"), method=method, sign_key="k").identify(a_call()) == Pass()
    again = method if status[:3] in ("307", "308") else "GET"
    assert peer.requests[1].startswith(f"{again} /v/next?a=1 HTTP/1.1\r\n".encode())
    assert bool(peer.requests[1].partition(b"\r\n\r\n")[2]) == (again == "POST")
    assert peer.header("X-VIPgate-Signature", 0) != peer.header("X-VIPgate-Signature", 1)


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        (b"/second?name=Anna Example", b"/second?name=Anna%20Example"),
        ("/zweite?name=Müller".encode(), b"/zweite?name=M%C3%BCller"),
        ("/zweite?name=Müller".encode("latin-1"), b"/zweite?name=M%FCller"),
        (b"/a%20b?c=%2F&d='(x)'", b"/a%20b?c=%2F&d='(x)'"),
        (b'next?q="<a>|{b}\\^`"', b"/v/next?q=%22%3Ca%3E%7C%7Bb%7D%5C%5E%60%22"),
        (b"  ../up one ", b"/up%20one"),
        (b"?only=a query", b"/v/x?only=a%20query"),
        (b"/second#Anna Example", b"/second"),
    ],
)
def test_a_redirect_is_encoded_as_browsers_do(step, location, asked):
    answers = [b"HTTP/1.1 302 F\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n", GOOD]

    def serve(side):
        side.request()
        side.send(answers.pop(0))

    with Peer(serve) as peer:
        assert step(peer.url("/v/x")).identify(a_call()) == Pass()
    assert peer.requests[1].split()[1] == asked


def redirected_to(other, path="/macros/echo?key=x", status="302 Moved"):
    return answering(response(b"", status, f"Location: {other.url(path, host='localhost')}"))


SECRETS = {
    "headers": {"X-Api-Key": "k3y-s3cr3t"},
    "auth": {"basic": {"user": "vip", "password": "b4sic-s3cr3t"}},
    "sign_key": "s1gn-s3cr3t",
}


@pytest.mark.parametrize("allowed", ["localhost", "LOCALHOST", "localhost:{port}"])
def test_a_redirect_to_another_host_that_is_allowed_takes_no_credentials_along(step, good, allowed):
    with Peer(redirected_to(good)) as peer:
        hosts = [allowed.format(port=good.port)]
        assert step(peer.url(), allow_redirects_to=hosts, **SECRETS).identify(a_call()) == Pass()
        assert b"k3y-s3cr3t" in peer.requests[0]
    request = good.requests[0]
    assert request.startswith(b"GET /macros/echo?key=x HTTP/1.1\r\n")
    assert good.header("Host") == [f"localhost:{good.port}"]
    fields = {line.partition(b":")[0].lower() for line in request.split(b"\r\n")[1:] if line}
    assert fields == {b"host", b"accept", b"accept-encoding", b"user-agent"}


@pytest.mark.parametrize("allowed", [[], ["example.org"], ["localhost:1"], ["ocalhost"], ["local"]])
def test_a_redirect_to_another_host_is_not_followed_unless_it_is_allowed(step, good, allowed):
    with Peer(redirected_to(good)) as peer:
        made = step(peer.url(), **({"allow_redirects_to": allowed} if allowed else {}))
        with pytest.raises(StepFailed, match=r"to another host .localhost., which allow_redirects_to does not name"):
            made.identify(a_call())
    assert good.requests == []


@pytest.mark.parametrize("location", [b"", b"//u:p@h/x", b"http://u@h/", b"ftp://h/", b"https://", b"http://[h/"])
def test_a_redirect_that_is_none_or_brings_credentials_is_not_followed(location):
    with pytest.raises(ValueError, match=r"^to "):
        Redirects(["h"]).target("http://h/v", location)
    assert Redirects().target("http://h/v", b"x#y") == "http://h/x"


def test_redirects_in_a_circle_are_followed_three_times(step):
    with Peer(answering(response(b"", "302 Found", "Location: /"))) as peer:
        with pytest.raises(StepFailed, match="more than 3 times"):
            step(peer.url()).identify(a_call())
        assert len(peer.requests) == 4


def test_no_permission_leads_from_https_to_http(step, good, tmp_path):
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Peer(redirected_to(good), server_context(ca.issue_cert("localhost"))) as peer:
        made = step(
            peer.url(scheme="https", host="localhost"), tmp_path, ca_file="ca.pem", allow_redirects_to=["localhost"]
        )
        with pytest.raises(StepFailed, match="must not lead: from https to http"):
            made.identify(a_call())
    assert good.requests == []


def test_a_redirect_to_https_of_the_same_host(step, tmp_path):
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Peer(answering(GOOD), server_context(ca.issue_cert("localhost"))) as secure:
        location = f"Location: https://localhost:{secure.port}/"
        with Peer(answering(response(b"", "302 Found", location))) as peer:
            made = step(peer.url(host="localhost"), tmp_path, ca_file="ca.pem")
            assert [made.identify(a_call()) for _ in range(2)] == [Pass(), Pass()]
        assert (secure.connections, len(secure.requests)) == (1, 2)


# --- in the service, where gevent has replaced the blocking sockets

IN_THE_SERVICE = """
import gevent.monkey
gevent.monkey.patch_all()
import sys, time
sys.path.insert(0, sys.argv[1])
import gevent, trustme
from webservice_peer import Peer, GOOD, answering, load, server_context
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.step import StepFailed

CALL = Call(uuid="1", caller="+4917612345678", called="7000", dialled="7000")
TIMES = {"timeouts": {"connect": "0.5s", "read": "0.5s", "total": "1s"}}

def timed(step):
    started = time.monotonic()
    try:
        answer = type(step.identify(CALL)).__name__
    except StepFailed as failure:
        answer = str(failure)
    return answer, time.monotonic() - started

def after_1_s(side):
    while side.request():
        time.sleep(1)
        side.send(GOOD)

ca = trustme.CA()
ca.cert_pem.write_to_path(sys.argv[2])
tls = server_context(ca.issue_cert("localhost"))
def secure(peer):
    return {"url": peer.url(scheme="https", host="localhost"), "ca_file": sys.argv[2], **TIMES}

with Peer(lambda side: (side.request(), side.drip(GOOD))) as peer:
    print("drip", *timed(load({"url": peer.url(), **TIMES})[0]), sep="|")
with Peer(lambda side: side.drip(b"\\x16\\x03\\x03\\x40\\x00" + bytes(99))) as peer:
    print("tls drip", *timed(load({"url": peer.url(scheme="https"), **TIMES})[0]), sep="|")
with Peer(answering(GOOD), tls) as peer:
    print("tls", *timed(load(secure(peer))[0]), sep="|")
with Peer(after_1_s, backlog=512) as peer:
    step = load({"url": peer.url()})[0]
    started = time.monotonic()
    jobs = [gevent.spawn(timed, step) for _ in range(200)]
    gevent.joinall(jobs)
    print("200 at once", *{job.value[0] for job in jobs}, time.monotonic() - started, sep="|")
with Peer(lambda side: (side.request(), side.silence())) as peer:
    step = load({"url": peer.url()})[0]
    job = gevent.spawn(step.identify, CALL)
    gevent.sleep(0.2)
    started = time.monotonic()
    job.kill()
    print("killed", time.monotonic() - started, sep="|")
"""


def test_in_the_service(tmp_path):
    tests = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", IN_THE_SERVICE, tests, str(tmp_path / "ca.pem")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    answers = {line.split("|")[0]: line.split("|")[1:] for line in run.stdout.splitlines()}
    assert answers["drip"][0] == "no complete answer within 1 s"
    assert answers["tls drip"][0] == "no connection within 0.5 s"
    assert answers["tls"][0] == "Pass"
    assert answers["200 at once"][0] == "Pass"
    limits = {"drip": 5, "tls drip": 5, "tls": 5, "200 at once": 30, "killed": 5}  # far below what it would take else
    assert {name: float(values[-1]) < limits[name] for name, values in answers.items()} == dict.fromkeys(limits, True)
