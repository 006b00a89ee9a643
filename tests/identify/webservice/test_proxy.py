"""A proxy between the gate and the service."""

import base64
import socket
import threading

import pytest
import trustme
from webservice_peer import GOOD, Peer, a_call, answering, load, response, server_context

from vipgate_fs.gate.step import StepFailed
from vipgate_fs.gate.verdict import Pass

AUTH = {"user": "gate", "password": "pr0xy-s3cr3t"}
BASIC = "Basic " + base64.b64encode(b"gate:pr0xy-s3cr3t").decode()


def tunnels(side, answer=b"HTTP/1.1 200 Connection established\r\n\r\n"):
    """A proxy's side of CONNECT."""
    host, port = side.request().split()[1].decode().rsplit(":", 1)
    with socket.create_connection((host, int(port)), 5) as service:
        side.send(answer)
        threading.Thread(target=pump, args=(service, side.socket), daemon=True).start()
        pump(side.socket, service)


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def test_http_is_asked_of_the_proxy_in_the_services_place(step):
    with Peer(answering(GOOD)) as proxy:
        made = step("http://localhost:8000/v?a=1", proxy=proxy.url(), proxy_auth=AUTH)
        assert [made.identify(a_call()) for _ in range(2)] == [Pass(), Pass()]
        assert proxy.requests[0].startswith(b"GET http://localhost:8000/v?a=1 HTTP/1.1\r\n")
        assert (proxy.header("Host"), proxy.header("Proxy-Authorization")) == (["localhost:8000"], [BASIC])
        assert proxy.connections == 1


@pytest.fixture
def secure(tmp_path):
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Peer(answering(GOOD), server_context(ca.issue_cert("localhost"))) as peer:
        yield peer


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 Connection established\r\n\r\n", b"HTTP/1.0 200 OK\r\nOdd line\r\nVia: x\r\n\r\n"],
)
def test_https_goes_through_a_tunnel_and_the_proxy_reads_nothing(step, secure, tmp_path, answer):
    with Peer(lambda side: tunnels(side, answer)) as proxy:
        url = secure.url("/v", scheme="https", host="localhost")
        made = step(
            url, tmp_path, ca_file="ca.pem", proxy=proxy.url(), proxy_auth=AUTH, auth={"bearer": "s3rvice-s3cr3t"}
        )
        assert [made.identify(a_call()) for _ in range(2)] == [Pass(), Pass()]
        assert proxy.requests[0].startswith(f"CONNECT localhost:{secure.port} HTTP/1.1\r\n".encode())
        assert proxy.header("Proxy-Authorization") == [BASIC]
        assert (proxy.connections, len(proxy.requests)) == (1, 1)
        assert b"s3rvice" not in proxy.requests[0]
    assert secure.requests[0].startswith(b"GET /v HTTP/1.1\r\n")
    assert secure.header("Proxy-Authorization") == []
    assert "s3cr3t" not in repr(made)


FAULTS = {
    "wants a password": (answering(response(b"", "407 P")), "the proxy answered 407 Proxy Authentication Required"),
    "refuses": (answering(response(b"no", "403 F")), "the proxy answered 403 Forbidden"),
    "can't reach the service": (answering(response(b"", "502 B")), "the proxy answered 502 Bad Gateway"),
    "speaks no HTTP": (
        lambda side: (side.request(), side.send(b"SSH-2.0-x\r\n")),
        "the proxy: what it answered is not",
    ),
    "is silent": (lambda side: (side.request(), side.silence()), "no connection within 0.3 s"),
    "closes": (lambda side: side.request(), "the proxy: the connection broke"),
    "says more than it should": (
        lambda side: (side.request(), side.send(b"HTTP/1.1 200 OK\r\n\r\n\x16\x03"), side.silence()),
        "the proxy answered 200 OK",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_proxy_that_fails_is_an_outage(step, fault):
    serve, why = FAULTS[fault]
    with Peer(serve) as proxy:
        made = step(
            "https://service.invalid/", proxy=proxy.url(), failures_until_skipped=1,
            timeouts={"connect": "0.3s", "read": "0.3s", "total": "1s"},
        )  # fmt: skip
        with pytest.raises(StepFailed, match=why):
            made.identify(a_call())
        with pytest.raises(StepFailed, match="not asked after 1 failures"):
            made.identify(a_call())


def test_a_407_to_http_is_the_proxys(step):
    with Peer(answering(response(b"", "407 P"))) as proxy:
        made = step("http://127.0.0.1:9/", proxy=proxy.url())
        with pytest.raises(StepFailed, match="answered 407 Proxy Authentication Required"):
            made.identify(a_call())


def test_the_environments_proxy_counts_for_nothing(step, good, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert step(good.url()).identify(a_call()) == Pass()


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"proxy": "https://p:1"}, "proxy: this is no HTTP proxy; allowed: http://HOST:PORT"),
        ({"proxy": "socks5://p:1"}, "proxy: this is no HTTP proxy"),
        ({"proxy": "p:3128"}, "proxy: this is no HTTP proxy"),
        ({"proxy": "http://p:x"}, "proxy: this is no HTTP proxy"),
        ({"proxy": "http://p:1/path"}, "proxy: this is no HTTP proxy"),
        ({"proxy": "http://u:s3cr3t@p:1"}, "proxy: credentials don't belong in the URL; use proxy_auth"),
        ({"proxy_auth": {"user": "u", "password": "s3cr3t"}}, "proxy_auth: there is no proxy; remove it"),
    ],
)
def test_what_no_proxy_is(settings, found):
    step, findings = load({"url": "https://example.org/", **settings})
    assert step is None
    assert found in findings[0]
    assert "s3cr3t" not in str(findings)
