"""Whatever a webservice does wrong ends in StepFailed, in time, with a reason; the table of it stands at the end of the run."""

import datetime as dt
import gzip
import socket
import ssl
import time

import pytest
import trustme
from webservice_peer import BODY, GOOD, Peer, answering, load, response, server_context

from vipgate_fs.gate.step import StepFailed

CONNECT, READ, TOTAL = 0.3, 0.4, 0.8
MOST = 25
"""On a busy machine; without a bound it would be for ever."""
SETTINGS = {"timeouts": {"connect": f"{CONNECT}s", "read": f"{READ}s", "total": f"{TOTAL}s"}}
PATIENT = {"timeouts": {"connect": "20s", "read": "20s", "total": "20s"}}
"""For faults that are found out by what was sent, however long that takes on a busy machine."""
PIN = b'{"askForPin": {"expectedPIN": "0815"}}'
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(bytes(50_000_000))


def after_request(act):
    def serve(side):
        side.request()
        act(side)

    return serve


def sends(*parts):
    """Answers with these bytes and closes."""
    return after_request(lambda side: [side.send(part) for part in parts])


def stops_after(data):
    """Answers with these bytes and then nothing more, without closing."""
    return after_request(lambda side: (side.send(data), side.silence()))


def resets_after(data):
    return after_request(lambda side: (side.send(data), time.sleep(0.05), side.reset()))


def drips(data, pause=0.05):
    return after_request(lambda side: side.drip(data, pause))


def endless(data, head=b""):
    return after_request(lambda side: (side.send(head), side.forever(data)))


def redirects(location, status="302 Found"):
    return answering(response(b"", status, f"Location: {location}"))


NOT_HTTP = "not HTTP"
BROKEN = "breaks the rules of HTTP"
CUT = "closed before"
LONG = "longer than 64 KiB"
SILENT = "no answer for 0.4 s"
LATE = "no complete answer within 0.8 s"
NO_SENSE = "makes no sense"

FAULTS = {
    # the connection
    "closed before the request": (lambda side: None, "connection"),
    "reset before the request": (lambda side: side.reset(), "connection"),
    "closed after the request": (sends(), "closed before an answer came"),
    "reset after the request": (after_request(lambda side: side.reset()), "reset by peer"),
    "closed in the status line": (sends(b"HTTP/1.1 2"), CUT),
    "closed in the head": (sends(GOOD[:30]), CUT),
    "reset in the head": (resets_after(GOOD[:30]), "reset by peer"),
    "closed in the body": (sends(GOOD[:-5]), CUT),
    "reset in the body": (resets_after(GOOD[:-5]), "reset by peer"),
    # time
    "accepts and is silent": (lambda side: side.silence(), SILENT),
    "silent after the request": (stops_after(b""), SILENT),
    "silent in the head": (stops_after(GOOD[:30]), SILENT),
    "silent in the body": (stops_after(GOOD[:-5]), SILENT),
    "head dripped": (drips(GOOD), LATE),
    "one line dripped": (drips(b"HTTP/1.1 200 OK" * 9), LATE),
    "body dripped": (after_request(lambda side: (side.send(GOOD[:-17]), side.drip(BODY))), LATE),
    "chunks dripped": (after_request(lambda side: (side.send(CHUNKED), side.drip(b"1\r\n \r\n" * 99))), LATE),
    "100 Continue for ever": (after_request(lambda side: side.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 99, 0.01)), LATE),
    # size
    "100 MB in one header": (endless(b"x" * 65536, b"HTTP/1.1 200 OK\r\nX-Large: "), "head of its answer is longer"),
    "headers without end": (endless(b"X-More: 1\r\n" * 99, b"HTTP/1.1 200 OK\r\n"), "head of its answer is longer"),
    "status line without end": (endless(b"x" * 65536, b"HTTP/1.1 200 "), "head of its answer is longer"),
    "body without end": (endless(b" " * 65536, b"HTTP/1.1 200 OK\r\n\r\n"), LONG),
    "chunks without end": (endless(b"1\r\n \r\n" * 99, CHUNKED), LONG),
    "100 Continue without end": (endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 99), LONG),
    "64 KiB and one byte": (answering(response(BODY + b" " * (65537 - len(BODY)))), LONG),
    "gzip bomb": (answering(response(BOMB, "200 OK", "Content-Encoding: gzip")), "compressed"),
    "gzip, well meant": (answering(response(gzip.compress(BODY), "200 OK", "Content-Encoding: gzip")), "compressed"),
    "gzip, not declared": (answering(response(gzip.compress(BODY))), NO_SENSE),
    # HTTP
    "HTTP/0.9": (sends(BODY), NOT_HTTP),
    "HTTP/2": (sends(b"\x00\x00\x12\x04" + bytes(30)), NOT_HTTP),
    "SSH": (sends(b"SSH-2.0-OpenSSH_9.6\r\n"), NOT_HTTP),
    "a PIN without HTTP": (sends(PIN), NOT_HTTP),
    "Content-Length too large": (sends(GOOD.replace(b"17", b"99")), CUT),
    "Content-Length too small": (sends(GOOD.replace(b"17", b"5")), NO_SENSE),
    "Content-Length negative": (sends(GOOD.replace(b"17", b"-1")), BROKEN),
    "Content-Length twice": (sends(GOOD.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n")), BROKEN),
    "Content-Length in words": (sends(GOOD.replace(b"17", b"ten")), BROKEN),
    "chunk size garbage": (sends(CHUNKED, b"zz\r\n{}\r\n0\r\n\r\n"), BROKEN),
    "chunk longer than announced": (sends(CHUNKED, b"1\r\n{}\r\n0\r\n\r\n"), BROKEN),
    "last chunk missing": (sends(CHUNKED, b"2\r\n{}\r\n"), CUT),
    "unknown transfer coding": (sends(CHUNKED.replace(b"chunked", b"gzip"), BOMB[:99]), BROKEN),
    "NUL in a header": (sends(GOOD.replace(b": 17", b": 17\r\nX: a\0b")), BROKEN),
    "no head but blank lines": (endless(b"\r\n" * 99), LONG),
    "protocol switched": (sends(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), BROKEN),
    # status
    "500": (answering(response(b"<html>oops", "500 Internal Server Error")), "answered 500 Internal Server Error"),
    "503 with a verdict": (answering(response(BODY, "503 Busy")), "answered 503 Service Unavailable"),
    "401": (answering(response(b"", "401 No")), "answered 401 Unauthorized"),
    "404": (answering(response(b"", "404 No")), "answered 404 Not Found"),
    "202 without a verdict": (answering(response(b"", "202 A")), "202 Accepted without a verdict"),
    "205": (sends(b"HTTP/1.1 205 R\r\n\r\n"), "answered 205 Reset Content"),
    "206 Partial Content": (answering(response(BODY, "206 Partial")), "answered 206 Partial Content"),
    "304 Not Modified": (sends(b"HTTP/1.1 304 No\r\n\r\n"), "answered 304 Not Modified"),
    "999": (answering(response(BODY, "999 Odd")), "answered 999"),
    "500 whose page never ends": (endless(b" " * 65536, b"HTTP/1.1 500 E\r\n\r\n"), "answered 500"),
    # redirects
    "redirect in a circle": (redirects("/"), "more than 3 times"),
    "redirect to another host": (redirects("http://192.0.2.1/"), "must not lead"),
    "redirect to another port": (redirects("http://127.0.0.1:9/"), "must not lead"),
    "redirect to a file": (redirects("file:///etc/passwd"), "must not lead"),
    "redirect with credentials": (redirects("//user:word@127.0.0.1/"), "must not lead"),
    "redirect without a location": (answering(response(b"", "302 Found")), "must not lead"),
    "redirect to nonsense": (redirects("http://[::1/ x"), "must not lead"),
    # the answer
    "empty": (answering(response(b"")), "is empty"),
    "blank": (answering(response(b" \n")), "is empty"),
    "HTML": (answering(response(b"<html><body>Error</body></html>")), "HTML"),
    "text": (answering(response(b"pass")), "not JSON"),
    "a PHP warning before it": (answering(response(b"Warning: x in y.php\n" + BODY)), "not JSON"),
    "cut off": (answering(response(PIN[:-2])), "not JSON"),
    "two answers": (answering(response(BODY + BODY)), "not JSON"),
    "a list": (answering(response(b"[%s]" % BODY)), "no JSON object"),
    "null": (answering(response(b"null")), "no JSON object"),
    "NaN": (answering(response(b'{"forward": NaN}')), "not JSON"),
    "UTF-16": (answering(response('{"reject": true}'.encode("utf-16"))), "not UTF-8"),
    "nested 60,000 deep": (answering(response(b"[" * 60_000)), "nested too deep"),
    "two verdicts": (answering(response(b'{"reject": false, "forward": "100"}')), "exactly one"),
    "a key twice": (answering(response(b'{"reject": true, "reject": false}')), "twice"),
    "an unknown key": (answering(response(b'{"reject": false, "ttl": 3}')), "exactly one"),
    "wrong type": (answering(response(b'{"reject": "false"}')), "reject is neither true nor false"),
    "target with a command": (answering(response(b'{"forward": "${system(reboot)}"}')), "not dialable"),
    "target with a line break": (answering(response(b'{"forward": "100\\n"}')), "not dialable"),
    "PIN of letters": (answering(response(b'{"askForPin": {"expectedPIN": "secret"}}')), "no PIN"),
    "PIN with a leading zero, as a number": (answering(response(PIN.replace(b'"0815"', b"0815"))), "not JSON"),
    "retries beyond reason": (answering(response(PIN.replace(b"}}", b', "maxRetries": 99}}'))), "maxRetries"),
}


def times(reason):
    """The time-outs for a fault that fails for this reason."""
    return SETTINGS if reason in (SILENT, LATE, "no connection within 0.3 s", "") else PATIENT


@pytest.fixture
def fails(request, note_fault, call):
    """Asks a step that must fail; notes fault, reason and time for the table."""

    def ask(step, reason, fault=None):
        step, findings = step
        assert not [finding for finding in findings if "warning" not in finding]
        started = time.monotonic()
        with pytest.raises(StepFailed) as caught:
            step.identify(call("+4917612345678"))
        seconds = time.monotonic() - started
        step.fetcher.close()
        note_fault(fault or request.node.name, str(caught.value), seconds)
        assert reason in str(caught.value)
        assert "0815" not in str(caught.value)
        assert seconds < MOST

    return ask


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_service(fails, fault):
    serve, reason = FAULTS[fault]
    with Peer(serve) as peer:
        fails(load({"url": peer.url(), **times(reason)}), reason, fault)


def test_there_are_enough_of_them():
    assert len(FAULTS) >= 40


def test_connection_refused(fails):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    fails(load({"url": f"http://127.0.0.1:{port}/", **SETTINGS}), "Connection refused")


def test_a_host_that_takes_no_connection(fails):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        fails(load({"url": f"http://127.0.0.1:{port}/", **SETTINGS}), "no connection within 0.3 s")
        for sock in waiting:
            sock.close()


def test_a_name_that_nobody_has(fails):
    fails(load({"url": "http://no-such-host.invalid/", **SETTINGS}), "name no-such-host.invalid")


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example"])
def test_a_name_that_nobody_can_have(fails, host):
    fails(load({"url": f"http://{host}/", **SETTINGS}), "not known", f"name {host[:6]}…")


def test_a_resolver_that_is_silent(fails, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(1) or [])
    fails(load({"url": "http://slow.example/", **SETTINGS}), "not found in time")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A CA, and the file of its certificate."""
    ca = trustme.CA()
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    return ca, file


def old_tls(context):
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")


EXPIRED = {
    "not_before": dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    "not_after": dt.datetime(2021, 1, 1, tzinfo=dt.UTC),
}
TLS_FAULTS = {
    "another host's certificate": (lambda ca: ca.issue_cert("other.example"), "not valid for 'localhost'"),
    "expired certificate": (lambda ca: ca.issue_cert("localhost", **EXPIRED), "expired"),
    "certificate from nowhere": (lambda _: trustme.CA().issue_cert("localhost"), "not valid"),
    "TLS 1.1": (lambda ca: ca.issue_cert("localhost"), ""),
}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("fault", TLS_FAULTS)
def test_a_fault_of_the_certificate(fails, authority, fault):
    issue, reason = TLS_FAULTS[fault]
    context = server_context(issue(authority[0]))
    if fault == "TLS 1.1":
        old_tls(context)
    with Peer(answering(GOOD), context) as peer:
        url = peer.url(scheme="https", host="localhost")
        fails(load({"url": url, "ca_file": str(authority[1]), **times(reason)}), reason, fault)


HANDSHAKE_FAULTS = {
    "http where https should be": (
        lambda side: (side.socket.recv(1), side.send(GOOD), side.silence()),
        "no TLS connection",
    ),
    "silent in the handshake": (lambda side: side.silence(), "no connection within 0.3 s"),
    "handshake dripped": (lambda side: side.drip(b"\x16\x03\x03\x40\x00" + bytes(99)), "no connection within 0.3 s"),
    "garbage in the handshake": (lambda side: side.send(b"\xff" * 99), "TLS"),
    "closed in the handshake": (lambda side: side.socket.recv(1), "TLS handshake"),
    "reset in the handshake": (lambda side: (side.socket.recv(1), side.reset()), "TLS handshake"),
    "endless handshake": (lambda side: side.forever(b"\x16\x03\x03\x40\x00" + bytes(16384)), ""),
}


@pytest.mark.parametrize("fault", HANDSHAKE_FAULTS)
def test_a_fault_in_the_handshake(fails, fault):
    serve, reason = HANDSHAKE_FAULTS[fault]
    with Peer(serve) as peer:
        fails(load({"url": peer.url(scheme="https"), **times(reason)}), reason, fault)


ENCRYPTED_FAULTS = {
    "records dripped": (drips(GOOD), LATE),
    "cut without farewell": (sends(b"HTTP/1.1 200 OK\r\n\r\n" + BODY[:9]), "connection"),
    "silent behind TLS": (stops_after(b""), SILENT),
    "reset behind TLS": (after_request(lambda side: side.reset()), "connection"),
    "redirect from https to http": (redirects("http://localhost/"), "must not lead"),
}


@pytest.mark.parametrize("fault", ENCRYPTED_FAULTS)
def test_a_fault_behind_tls(fails, authority, fault):
    serve, reason = ENCRYPTED_FAULTS[fault]
    with Peer(serve, server_context(authority[0].issue_cert("localhost"))) as peer:
        url = peer.url(scheme="https", host="localhost")
        fails(load({"url": url, "ca_file": str(authority[1]), **times(reason)}), reason, fault)
