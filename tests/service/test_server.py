"""The server with connections that FreeSWITCH would not make, and with what goes wrong while a call is served."""

from __future__ import annotations

import os
import select
import socket as stdlib_socket
import time
from contextlib import suppress
from pathlib import Path

import gevent
import pytest
from esl_peer import Peer, complete, connect_reply, reply, within
from gevent import socket
from greenswitch.esl import OutboundESLServer
from running_service import until

from vipgate_fs.esl import session as session_module
from vipgate_fs.service import calls as calls_module
from vipgate_fs.service import server as server_module

GATE = "gates: {g: {protects: {numbers: ['1']}, otherwise: {reject: true}}}"


def applications(peer, until, directory=None):
    """Accept commands until one executes `until`; the applications with their arguments.

    `directory`: number or name → the user's id.
    """
    done = []
    while not done or done[-1].split()[0] != until:
        command = peer.command()
        if command.startswith("api user_data") and directory is not None:
            name, kind = command.removeprefix("api user_data ").split("@")[0], command.split()[-1]
            answer = directory.get(name, "-ERR no reply") if kind == "id" else "-ERR no reply"
            peer.send(b"Content-Type: api/response\nContent-Length: %d\n\n%b" % (len(answer), answer.encode()))
            continue
        peer.send(reply())
        fields = dict(line.split(": ", 1) for line in command.splitlines()[1:])
        if "execute-app-name" in fields:
            done.append(f"{fields['execute-app-name']} {fields.get('execute-app-arg', '')}".strip())
        if "Event-UUID" in fields:
            peer.send(complete(fields["Event-UUID"], variable_vipgate_digits="081547", variable_read_result="success"))
    return done


def begin(peer, **facts):
    assert peer.command() == "connect"
    peer.send(connect_reply(**facts))


def closed(peer):
    """Wait until the server has closed the connection."""
    while peer.sock.recv(65536):
        pass
    return True


def test_a_call_with_the_right_pin(serve, connect, log_lines):
    peer = connect(serve())
    begin(peer)
    assert applications(peer, "transfer")[-1] == "transfer 700 XML vipgate-passed"
    assert closed(peer)
    decision, outcome = (line for line in log_lines.all() if line["event"] in ("decision", "outcome"))
    assert (decision["gate"], decision["verdict"], decision["line"]) == ("pin", "ask for PIN", 8)
    assert (outcome["result"], outcome["target"], outcome["entries"]) == ("pin_correct", "700", 1)
    assert outcome["caller"] == "+4917612345678"


def test_no_pin_in_the_log_at_any_level(serve, connect, log_lines):
    peer = connect(serve(level="trace"))
    begin(peer)
    applications(peer, "transfer")
    assert closed(peer)
    assert "wire" in log_lines.events()
    assert "081547" not in log_lines.getvalue()


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("error", set()),
        ("info", {"decision", "outcome"}),
        ("debug", {"decision", "outcome", "considered"}),
        ("trace", {"decision", "outcome", "considered", "wire"}),
    ],
)
def test_what_each_level_tells(serve, connect, log_lines, level, events):
    peer = connect(serve(level=level))
    begin(peer, Caller_Destination_Number="701")
    applications(peer, "respond")
    assert closed(peer)
    assert set(log_lines.events()) == events


@pytest.mark.parametrize(
    "rubbish",
    [
        pytest.param(b"", id="silence"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="HTTP"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", id="TLS"),
        pytest.param(b"Event-Name: CHANNEL_DATA\nUnique-ID: 1", id="half a header block"),
        pytest.param(b"Content-Type: command/reply\nContent-Length: 100\n\n12345", id="half a body"),
        pytest.param(b"Content-Type: command/reply\nReply-Text: +OK\n\n", id="a reply without a call"),
        pytest.param(b"Content-Type: command/reply\nReply-Text: -ERR no\n\n", id="a refusal"),
        pytest.param(b"Content-Type: text/rude-rejection\nContent-Length: 0\n\n", id="a rude rejection"),
        pytest.param(b"\n" * 1000, id="empty lines"),
        pytest.param(b"Content-Length: 999999999999\n\n", id="a body without end"),
        pytest.param(b"A: " + b"x" * 300_000, id="a header without end"),
        pytest.param(bytes(range(256)) * 100, id="all bytes"),
    ],
)
def test_rubbish_ends_after_a_bounded_time_and_disturbs_nobody(serve, connect, log_lines, monkeypatch, rubbish):
    monkeypatch.setattr(session_module.Session.connect, "__defaults__", (0.3,))
    monkeypatch.setattr(session_module, "HEARD_OUT", 0.3)
    server = serve(level="info")
    bad, good = connect(server), connect(server)
    bad.send(rubbish)
    begin(good, Caller_Destination_Number="701")
    with within():
        assert applications(good, "respond") == ["respond 486"]
        assert closed(good)
        with suppress(ConnectionResetError):
            assert closed(bad)
    with within():
        while server.connections:
            gevent.sleep(0.01)
    assert "error while serving a call" not in log_lines.events()


def test_the_bound_holds_for_a_peer_that_drips(serve, connect, monkeypatch):
    monkeypatch.setattr(session_module.Session.connect, "__defaults__", (0.3,))
    peer = connect(serve())
    with within(), pytest.raises(OSError):  # noqa: PT012 - the connection ends somewhere in the loop
        while True:
            peer.send(b"A")
            gevent.sleep(0.02)


NOT_ALLOWED = 'version: 1\nserver: {listen: "127.0.0.1:0", allow: ["10.0.0.0/8"]}\n' + GATE


def test_only_who_is_allowed_is_served(serve, connect, log_lines):
    """And a call of who is not is rejected: FreeSWITCH parks one whose connection just ends."""
    peer = connect(serve(NOT_ALLOWED, level="info"))
    begin(peer)
    assert applications(peer, "respond") == ["respond 480"]
    assert closed(peer)
    assert log_lines.events() == ["connection refused: not in server.allow"]


@pytest.mark.parametrize("rubbish", [b"", b"GET / HTTP/1.1\r\n\r\n", b"Content-Length: x\n\n", reply("-ERR no")])
def test_who_is_not_allowed_and_no_freeswitch_is_let_go(serve, connect, monkeypatch, rubbish):
    monkeypatch.setattr(session_module.Session.connect, "__defaults__", (0.3,))
    server = serve(NOT_ALLOWED)
    connect(server).send(rubbish)
    with within():
        gevent.sleep(0.1)
        while server.connections:
            gevent.sleep(0.01)


def test_an_ipv4_peer_of_a_port_for_both_kinds_is_an_ipv4_peer(serve, connect):
    peer = connect(serve('version: 1\nserver: {listen: "[::]:0", allow: ["127.0.0.0/8"]}\n' + GATE))
    begin(peer, Caller_Destination_Number="1")
    assert applications(peer, "respond") == ["respond 486"]


def test_an_error_in_our_own_code_rejects_the_call_and_is_reported(serve, connect, log_lines, monkeypatch):
    def fail(*_args, **_more):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(calls_module, "decide", fail)
    peer = connect(serve(level="info"))
    begin(peer)
    assert applications(peer, "respond") == ["respond 480"]
    assert closed(peer)
    assert "a mistake of ours" in log_lines.all()[-1]["exception"]


def test_an_error_is_reported_also_when_the_caller_is_gone_by_then(serve, connect, log_lines, monkeypatch):
    def fail(*_args, **_more):
        raise RuntimeError("a mistake of ours")

    def be_gone(*_args):
        raise calls_module.SessionGone("hangup")

    monkeypatch.setattr(calls_module, "decide", fail)
    monkeypatch.setattr(calls_module.EslChannel, "reject", be_gone)
    peer = connect(serve(level="info"))
    begin(peer)
    assert closed(peer)
    assert "a mistake of ours" in log_lines.all()[-1]["exception"]


def test_an_error_after_an_entry_does_not_hide_the_entry(serve, connect, monkeypatch):
    def fail(*_args, **_more):
        raise RuntimeError("a mistake of ours")

    records = []
    monkeypatch.setattr(calls_module.InMemory, "record", lambda _, record: records.append(record))
    monkeypatch.setattr(calls_module.EslChannel, "transfer", fail)
    peer = connect(serve())
    begin(peer)
    assert applications(peer, "respond")[-1] == "respond 480"
    assert closed(peer)
    assert [(record.outcome, record.entries, record.target) for record in records] == [("rejected", 1, None)]


def test_a_call_that_can_not_be_attributed_is_rejected(serve, connect, log_lines):
    peer = connect(serve(level="info"))
    begin(peer, Caller_Destination_Number="7001")
    assert peer.command().startswith("api user_data")
    peer.send(reply("-ERR command not found"))
    assert applications(peer, "respond") == ["respond 480"]
    assert closed(peer)
    assert "async full" in log_lines.all()[-1]["why"]


ORDER = """
version: 1
site: {country: DE, domain: pbx.example}
server: {listen: "127.0.0.1:0"}
gates:
  before: {protects: {numbers: ["7001"]}, otherwise: {reject: true}, reject_with: 480}
  people: {protects: {users: [alice]}, otherwise: {reject: true}, reject_with: 600}
  after: {protects: {numbers: ["7002-7099"]}, otherwise: {reject: true}, reject_with: 603}
"""


@pytest.mark.parametrize(
    ("called", "user", "code"),
    [("7001", "alice", 480), ("7002", "alice", 600), ("7002", "bob", 603)],
)
def test_the_first_gate_that_protects_counts_however_it_does(serve, connect, called, user, code):
    peer = connect(serve(ORDER))
    begin(peer, Caller_Destination_Number=called)
    directory = {"alice": "alice", called: user}
    assert applications(peer, "respond", directory) == [f"respond {code}"]


def test_a_protected_user_is_found_by_his_number(serve, connect):
    peer = connect(serve())
    begin(peer, Caller_Destination_Number="7001")
    assert applications(peer, "respond", {"7001": "alice", "alice": "alice"}) == ["respond 486"]


def test_a_directory_that_does_not_know_whom_the_gates_name_opens_no_door(serve, connect, log_lines):
    peer = connect(serve(level="info"))
    begin(peer, Caller_Destination_Number="7001")
    assert applications(peer, "respond", {}) == ["respond 480"]
    assert closed(peer)
    assert "does not know alice" in log_lines.all()[-1]["why"]


def test_a_hostile_display_name_is_a_name(serve, connect, log_lines):
    name = "x%0AUnique-ID: forged%0A\nCaller-Caller-ID-Number: 0049176\u2028\x1b[31m${system(x)}"
    peer = connect(serve())
    begin(peer, Caller_Caller_ID_Name=name, Caller_Destination_Number="701")
    assert applications(peer, "respond") == ["respond 486"]
    assert {line["caller"] for line in log_lines.all() if "caller" in line} == {"+4917612345678"}


def test_a_hostile_number_is_a_caller_like_any_other(serve, connect, log_lines):
    for number in ["0049\n176", "1%0A2", "\u2028", "${system(x)}", "9" * 5000, "\ufffd"]:
        peer = connect(serve())
        begin(peer, Caller_Caller_ID_Number=number, Caller_Destination_Number="701")
        assert applications(peer, "respond") == ["respond 486"]
    assert "\n" not in "".join(log_lines.getvalue().splitlines())


def test_stop_closes_the_port_and_lets_a_dialogue_end(serve, connect):
    server = serve()
    peer = connect(server)
    begin(peer)
    until(lambda: server.calls)
    stopping = gevent.spawn(server.stop)
    gevent.sleep(0)
    with pytest.raises(OSError):
        connect(server)
    assert applications(peer, "transfer")[-1] == "transfer 700 XML vipgate-passed"
    assert stopping.get(timeout=20) == 0


def test_stop_cuts_off_what_does_not_end(serve, connect, log_lines):
    server = serve()
    begin(connect(server))
    connect(server)
    until(lambda: (server.connections, server.calls) == (2, 1))
    with within():
        assert server.stop(drain=0.1) == 1
    (outcome,) = (line for line in log_lines.all() if line["event"] == "outcome")
    assert outcome["result"] == "cut_off"


def established(port, wanted):
    """How many of `wanted` connections the system completes while nobody accepts."""
    sockets = []
    for _ in range(wanted):
        sock = stdlib_socket.socket()
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", port))
        sockets.append(sock)
    poll = select.poll()
    for sock in sockets:
        poll.register(sock, select.POLLOUT)
    complete, deadline = 0, time.monotonic() + 1
    while complete < wanted and time.monotonic() < deadline:
        complete = len(poll.poll(50))
    for sock in sockets:
        sock.close()
    return complete


def test_a_burst_of_calls_waits_to_be_accepted(serve):
    server = serve()
    assert established(server.port, 1000) == 1000
    with within():
        gevent.sleep(0.1)
        while server.connections:
            gevent.sleep(0.01)


def test_in_a_burst_all_hear_from_the_gate_before_it_works_for_one(serve, monkeypatch):
    written, write = [], session_module.Session._write

    def note(session, data):
        written.append(data)
        write(session, data)

    monkeypatch.setattr(session_module.Session, "_write", note)
    server = serve()
    waiting = [stdlib_socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]  # nobody accepts yet
    peers = [Peer(socket.socket(fileno=each.detach())) for each in waiting]
    for peer in peers:
        gevent.spawn(begin, peer)
    until(lambda: len(written) > len(peers))
    for peer in peers:
        peer.sock.close()
    assert {*written[: len(peers)]} == {b"connect\n\n"}


def test_an_accepted_connection_keeps_alive_and_sends_at_once(serve, connect, monkeypatch):
    found = []
    names = ("TCP_NODELAY", "TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT")

    def look(_handler, sock, _address):
        found.append(sock.getsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_KEEPALIVE))
        found.extend(sock.getsockopt(stdlib_socket.IPPROTO_TCP, getattr(stdlib_socket, name)) for name in names)

    monkeypatch.setattr(calls_module.CallHandler, "__call__", look)
    connect(serve())
    until(lambda: len(found) == 5)
    assert found == [1, 1, 30, 10, 3]


def spare():
    """Descriptors of /dev/null, which a server keeps for when there are no others."""
    found = 0
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found += str(each.readlink()) == os.devnull
    return found


def test_with_the_last_descriptor_some_are_let_go_and_the_next_call_waits(serve, connect, log_lines, monkeypatch):
    """A thread of the store that makes its loop just then would abort the process."""
    before = spare()
    server = serve()
    begin(connect(server))
    until(lambda: spare() > before)
    server.stop(0)
    assert spare() == before
    monkeypatch.setattr(server_module.resource, "getrlimit", lambda _: (0, 0))
    server = serve()
    for _ in range(2):
        begin(connect(server))
        assert spare() == before
    assert log_lines.events().count("can't accept connections for now; they wait") == 2


@pytest.mark.xfail(strict=True, reason="greenswitch's server has a backlog of 100 and accepts every 100 ms")
def test_greenswitchs_server_loses_a_burst():
    server = OutboundESLServer("127.0.0.1", list(range(18084, 18100)), application=object)
    listening = gevent.spawn(server.listen)
    gevent.sleep(0.05)
    try:
        assert established(server.bound_port, 1000) == 1000
    finally:
        listening.kill()
        server.server.close()
