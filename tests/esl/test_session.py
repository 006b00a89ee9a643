"""The session with a peer that sends too much, or rubbish."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

import gevent
import pytest
from esl_peer import connect_reply, event, reply, within

from vipgate_fs.esl.alarm import Alarm
from vipgate_fs.esl.errors import SessionGone
from vipgate_fs.esl.session import CONNECT_TIMEOUT, Session

DIALPLAN = Path(__file__).parents[2] / "freeswitch-dialplan.xml"


class Flood:
    """A socket that has something to read at any time."""

    def settimeout(self, seconds):
        assert seconds is None or seconds >= 0

    def makefile(self, _mode):
        return self

    def close(self):
        pass

    def send(self, data):
        return len(data)

    def recv(self, size):
        return (self.what * 100)[:size]

    def __init__(self, what):
        self.what = what


@pytest.mark.parametrize("what", [b"\n", b"Content-Type: log/data\n\n"], ids=["empty lines", "frames"])
def test_a_flood_ends_with_the_deadline_and_lets_others_live(what):
    ticks = []

    def tick():
        while True:
            ticks.append(1)
            gevent.sleep(0.01)

    living = gevent.spawn(tick)
    with within(), pytest.raises(SessionGone, match="does not answer"):
        Session(("127.0.0.1", 1), Flood(what)).connect(timeout=0.5)
    living.kill()
    assert len(ticks) > 2


def test_a_silent_peer_is_given_up_before_the_dialplan_takes_the_call_back():
    guard = re.search(r"sched_transfer. data=.\+(\d+) ", DIALPLAN.read_text("utf-8"))
    assert 1 < CONNECT_TIMEOUT <= float(guard[1])


def test_a_wait_ends_with_its_time_whichever_was_before(connection):
    """One timer serves them all: it is set for an earlier time, and left alone for a later one."""
    sock, peer = connection
    session, taken = Session(("127.0.0.1", 1), sock), []
    peer.send(connect_reply())
    session.connect()  # which may take 10 s
    for seconds in (0.05, 0.2, 0.1):
        began = time.monotonic()
        with within(), pytest.raises(TimeoutError):
            session._alarm.recv(sock, 1, began + seconds)
        taken.append(time.monotonic() - began >= seconds)
    peer.send(b"x")
    assert (taken, session._alarm.recv(sock, 1, 0.0)) == ([True] * 3, b"x")


def test_reads_make_no_time_outs_of_gevents(connection, monkeypatch):
    """Counted: each costs more than to read."""
    sock, peer = connection
    session, started, set_for = Session(("127.0.0.1", 1), sock), [], []
    me, start, set_ = gevent.getcurrent(), gevent.Timeout.start, Alarm._set
    monkeypatch.setattr(
        gevent.Timeout, "start", lambda self: (started.append(self) if gevent.getcurrent() is me else None, start(self))
    )
    monkeypatch.setattr(Alarm, "_set", lambda self: (set_for.append(self._until), set_(self)))
    gevent.spawn(lambda: [peer.send(connect_reply()), *(peer.send((peer.command(), reply())[1]) for _ in range(5))])
    session.connect()
    for _ in range(5):
        session.send("transfer")
    assert (started, len(set_for)) == ([], 2)


def test_what_has_come_by_the_deadline_counts(connection):
    """Also when the process was too busy to look until it was over."""
    sock, peer = connection
    session = Session(("127.0.0.1", 1), sock)
    peer.send(connect_reply())
    gevent.sleep(0.01)
    assert session.connect(timeout=-1.0)["Unique-ID"]


def test_a_reply_before_rubbish_counts(connection):
    sock, peer = connection
    session = Session(("127.0.0.1", 1), sock)
    peer.send(connect_reply())
    session.connect()
    gevent.spawn(lambda: (peer.command(), peer.command(), peer.send(reply() + b"Content-Length: x\n\n")))
    assert session.send("transfer").data == "+OK"
    with pytest.raises(SessionGone, match="a body of"):
        session.send("again")


def test_a_reply_that_nobody_asked_for_is_none_and_is_not_kept(connection):
    sock, peer = connection
    session = Session(("127.0.0.1", 1), sock)
    peer.send(connect_reply() + reply("-ERR nobody asked"))
    session.connect()
    peer.send(reply("-ERR nobody asked") * 1000)
    gevent.spawn(lambda: (peer.command(), peer.command(), peer.send(reply("+OK asked"))))
    session.watch(0.05)
    assert session.send("transfer").data == "+OK asked"
    assert not session._replies


@pytest.mark.parametrize(
    ("sent", "was_probe", "why"),
    [
        (b"", True, "FreeSWITCH closed the connection"),
        (b"Content-Type: command", False, "FreeSWITCH closed the connection in the middle of a frame"),
    ],
)
def test_who_closes_without_a_word_was_a_probe(connection, sent, was_probe, why):
    sock, peer = connection
    session = Session(("127.0.0.1", 1), sock)
    peer.send(sent)
    peer.sock.shutdown(socket.SHUT_WR)
    with pytest.raises(SessionGone) as gone:
        session.connect()
    assert (str(gone.value), session.was_probe, session.connected) == (why, was_probe, False)


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (event("CHANNEL_HANGUP", {"Hangup-Cause": "NORMAL_CLEARING"}), "the caller hung up (NORMAL_CLEARING)"),
        (event("CHANNEL_UNPARK", {"Answer-State": "hangup"}), "the caller hung up (no cause)"),
        (event("CHANNEL_UNPARK", {"Answer-State": "answered"}), "somebody else has taken the call"),
    ],
)
def test_a_call_that_has_ended_or_left_is_held_no_more_and_it_is_said_why(connection, end, why):
    sock, peer = connection
    session = Session(("127.0.0.1", 1), sock)
    peer.send(connect_reply())
    session.connect()
    assert (session.holds_call, session.was_probe) == (True, False)
    assert session.expect_completion() != session.expect_completion()
    peer.send(end)
    with pytest.raises(SessionGone) as gone:
        session.watch(5)
    assert (str(gone.value), session.holds_call, session.is_taken) == (why, False, "somebody" in why)
