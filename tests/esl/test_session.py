"""The session with a peer that sends too much, or rubbish."""

from __future__ import annotations

import re
from pathlib import Path

import gevent
import pytest
from esl_peer import connect_reply, reply, within

from vipgate_fs.esl.errors import SessionGone
from vipgate_fs.esl.session import Session

DIALPLAN = Path(__file__).parents[2] / "freeswitch-dialplan.xml"


class Flood:
    """A socket that has something to read at any time."""

    def settimeout(self, seconds):
        assert seconds >= 0

    def makefile(self, _mode):
        return self

    def close(self):
        pass

    def sendall(self, data):
        pass

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


class Silent(Flood):
    """A socket that nothing comes from; knows how long it was waited for."""

    def __init__(self):
        self.waited = None

    def settimeout(self, seconds):
        self.waited = seconds

    def recv(self, _size):
        raise TimeoutError


def test_a_silent_peer_is_given_up_before_the_dialplan_takes_the_call_back():
    guard = re.search(r"sched_transfer. data=.\+(\d+) ", DIALPLAN.read_text("utf-8"))
    silent = Silent()
    with pytest.raises(SessionGone, match="does not answer"):
        Session(("127.0.0.1", 1), silent).connect()
    assert 1 < silent.waited <= float(guard[1])


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
