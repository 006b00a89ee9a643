"""Once a peer has shown a call, every way out of the gate ends in a rejection that the gate gives.

The dialplan that comes after a connection without a word may let the caller through.
"""

from __future__ import annotations

import gevent
import pytest
from esl_peer import CHANNEL, block, connect_reply, reply, within

from vipgate_fs.esl import session as session_module
from vipgate_fs.esl.wire import MAX_BODY, MAX_HEAD
from vipgate_fs.service import calls as calls_module

LAST_WORDS = ["respond 480", "hangup SUBSCRIBER_ABSENT"]
WHOLE = connect_reply()
UUID = CHANNEL["Unique-ID"]
TOO_MUCH = block(CHANNEL) + b"variable_sip_h_X-Much: " + b"%3C" * (MAX_HEAD // 3 + 1)


@pytest.fixture
def records(monkeypatch):
    written = []
    monkeypatch.setattr(calls_module.InMemory, "record", lambda _, record: written.append(record))
    return written


@pytest.fixture
def soon(monkeypatch):
    """A switch that falls silent is given up after a moment."""
    monkeypatch.setattr(session_module.Session.connect, "__defaults__", (0.3,))
    monkeypatch.setattr(session_module.Session.pipeline, "__defaults__", (0.3,))


def last_words(peer):
    """What the peer is told to execute until the gate says no more; its other commands get no answer."""
    commands = []
    with within():
        while True:
            try:
                command = peer.command()
            except EOFError:
                return commands
            fields = dict(line.split(": ", 1) for line in command.splitlines()[1:])
            commands.append(f"{fields['execute-app-name']} {fields.get('execute-app-arg', '')}".strip())


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(TOO_MUCH, "a header block of more than", id="more than can be taken"),
        pytest.param(TOO_MUCH + b"\n\n", "a header block of more than", id="too much, but whole"),
        pytest.param(WHOLE[:200], "does not answer", id="half of it, then silence"),
        pytest.param(b"Event-Name: CHANNEL_DATA\n", "does not answer", id="its beginning, then silence"),
        pytest.param(WHOLE[:-1] + b"Content-Length: x\n\n", "a body of", id="nonsense at its end"),
    ],
)
def test_a_call_that_can_not_be_read_is_rejected(request, serve, connect, log_lines, records, answer, why):
    if why == "does not answer":
        request.getfixturevalue("soon")
    peer = connect(serve(level="info"))
    assert peer.command() == "connect"
    sending = gevent.spawn(peer.send, answer)
    assert last_words(peer) == LAST_WORDS
    sending.join(5)
    (line,) = log_lines.all()
    known = UUID if len(answer) >= len(WHOLE) or UUID.encode() in answer else ""
    assert (line["level"], line["event"], line["call"]) == ("error", "rejected: the call can't be read", known)
    assert why in line["why"]
    (record,) = records
    assert (record.uuid, record.outcome, record.verdict) == (known, "rejected", "none")
    assert why in record.reason


@pytest.mark.parametrize("size", [15_000 * 3 * 8, 1_500_000])
def test_the_largest_call_that_a_switch_has_shown_can_be_read(serve, connect, size):
    """The name stands percent-encoded in several variables (facts: "Connect")."""
    peer = connect(serve())
    assert peer.command() == "connect"
    facts = {**CHANNEL, "Caller-Destination-Number": "701"}
    peer.send(block(facts) + b"variable_sip_full_from: " + b"%3C" * (size // 3) + b"\nContent-Type: command/reply\n\n")
    assert "respond" in peer.command()
    peer.send(reply())


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    "instead",
    [
        pytest.param(b"", id="silence"),
        pytest.param(b"Content-Length: x\n\n", id="nonsense"),
        pytest.param(b"Content-Length: %d\n\n" % (MAX_BODY + 1), id="an event that is too large"),
    ],
)
def test_a_switch_that_can_not_be_understood_any_more_is_told_to_reject(serve, connect, log_lines, records, instead):
    peer = connect(serve(level="info"))
    assert peer.command() == "connect"
    peer.send(connect_reply())
    assert "myevents" in [peer.command() for _ in range(5)]
    peer.send(instead)
    assert last_words(peer)[-2:] == LAST_WORDS
    lines = log_lines.all()
    assert [line["event"] for line in lines if line["level"] == "error"] == [
        "rejected: no valid answer from the switch"
    ]
    assert lines[-1]["result"] == "rejected"
    assert [(record.uuid, record.outcome) for record in records] == [(UUID, "rejected")]


def test_a_mistake_of_ours_in_the_facts_rejects_the_call(serve, connect, log_lines, monkeypatch):
    def fail(*_args):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(calls_module, "call_facts", fail)
    peer = connect(serve(level="info"))
    assert peer.command() == "connect"
    peer.send(connect_reply())
    assert last_words(peer) == LAST_WORDS
    (line,) = log_lines.all()
    assert (line["level"], line["call"]) == ("error", UUID)
    assert "a mistake of ours" in line["exception"]


def test_a_dialogue_that_the_end_of_the_service_cuts_off_is_rejected(serve, connect, records):
    server = serve()
    peer = connect(server)
    assert peer.command() == "connect"
    peer.send(connect_reply())
    assert "myevents" in [peer.command() for _ in range(5)]
    stopping = gevent.spawn(server.stop, 0.1)
    assert last_words(peer)[-2:] == LAST_WORDS
    assert stopping.get(timeout=20) == 1
    assert [record.outcome for record in records] == ["cut_off"]


@pytest.mark.parametrize("source", ["mod_loopback", "mod_verto"])
def test_a_channel_that_knows_no_sip_is_hung_up(serve, connect, source):
    """Only mod_sofia does `respond`."""
    peer = connect(serve())
    assert peer.command() == "connect"
    peer.send(connect_reply(Caller_Source=source, Caller_Destination_Number="701"))
    command = peer.command()
    peer.send(reply())
    assert "execute-app-name: hangup\nevent-lock: true\nexecute-app-arg: USER_BUSY" in command
    assert last_words(peer) == []
