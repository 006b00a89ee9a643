"""What greenswitch 0.0.19 does wrong where a gate can meet it: each test passes on our session and fails on the stock one.

An upstream fix shows as an unexpected success (`xfail(strict=True)`).
"""

from __future__ import annotations

import gevent
import pytest
from esl_peer import complete, connect_reply, event, reply, within
from greenswitch.esl import OutboundSession, OutboundSessionHasGoneAway

from vipgate_fs.esl.errors import CommandRefused, SessionGone
from vipgate_fs.esl.session import Session


@pytest.fixture(
    params=[
        Session,
        pytest.param(OutboundSession, marks=pytest.mark.xfail(strict=True, reason="a defect of greenswitch")),
    ]
)
def session(request, connection):
    sock, _ = connection
    session = request.param(("127.0.0.1", 1), sock)
    yield session
    if not isinstance(session, Session):
        gevent.killall([session._receive_events_greenlet, session._process_events_greenlet], timeout=1)
        session.sock_file.close()
    sock.close()


def in_time(session):
    """Ours may be late on a busy machine; the stock one is not waited for longer."""
    return within() if isinstance(session, Session) else within(1)


@pytest.fixture
def peer(connection):
    return connection[1]


def play(peer, *script):
    """Let the peer answer `connect`, then run `script`."""

    def run():
        assert peer.command() == "connect"
        peer.send(connect_reply())
        for step in script:
            step()

    return gevent.spawn(run)


def test_a_display_name_writes_no_headers(session, peer):
    forged = "x%0ACaller-Caller-ID-Number: 00491111%0AUnique-ID: forged"
    gevent.spawn(lambda: (peer.command(), peer.send(connect_reply(Caller_Caller_ID_Name=forged))))
    with in_time(session):
        session.connect()
    assert session.session_data.get("Caller-Caller-ID-Number") == "004917612345678"
    assert session.session_data.get("Unique-ID").startswith("0ad44d85")


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\x0b", "\x0c", "\x1c"])
def test_only_a_line_feed_ends_a_line(session, peer, separator):
    forged = f"x{separator}Unique-ID: forged"
    gevent.spawn(lambda: (peer.command(), peer.send(connect_reply(Caller_Caller_ID_Name=forged))))
    with in_time(session):
        session.connect()
    assert session.session_data.get("Unique-ID").startswith("0ad44d85")


def test_an_event_does_not_speak_for_the_frame_around_it(session, peer):
    def script():
        uuid = peer.event_uuid()
        peer.send(event("CHANNEL_EXECUTE", {"Caller-Caller-ID-Name": "x%0AContent-Type: text/disconnect-notice%0A"}))
        gevent.sleep(0.05)
        peer.send(complete(uuid))

    play(peer, script)
    with in_time(session):
        session.connect()
        assert session.call_command("playback", "a.wav", block=True).headers["Application"] == "playback"


def test_the_end_of_the_stream_within_a_body_ends_the_session(session, peer):
    def script():
        peer.event_uuid()
        peer.send(event("CHANNEL_EXECUTE")[:-20])
        peer.sock.close()

    play(peer, script)
    with in_time(session):
        session.connect()
        with pytest.raises(OutboundSessionHasGoneAway):
            session.call_command("playback", "a.wav", block=True)


def test_the_end_of_the_stream_without_a_notice_ends_the_wait(session, peer):
    play(peer, peer.event_uuid, peer.sock.close)
    with in_time(session):
        session.connect()
        with pytest.raises(OutboundSessionHasGoneAway):
            session.call_command("playback", "a.wav", block=True)


def test_a_command_without_a_reply_ends_with_the_stream(session, peer):
    play(peer, peer.command, peer.sock.close)
    with in_time(session):
        session.connect()
        with pytest.raises(OutboundSessionHasGoneAway):
            session.send("linger")


def test_a_result_right_before_the_end_is_not_lost(session, peer):
    def script():
        result = complete(peer.event_uuid(), Application__Response="FILE PLAYED")
        peer.send(event("CHANNEL_EXECUTE") + result)
        peer.sock.close()

    play(peer, script)
    with in_time(session):
        session.connect()
        result = session.call_command("playback", "a.wav", block=True)
    assert result.headers["Application-Response"] == "FILE PLAYED"


def test_a_prompt_that_timed_out_takes_nothing_from_the_next(session, peer):
    def script():
        peer.event_uuid()
        peer.send(complete(peer.event_uuid(), "play_and_get_digits", variable_pin="22"))

    play(peer, script)
    with in_time(session):
        session.connect()
        with pytest.raises(Exception):  # noqa: B017 - any, but not a BaseException
            session.call_command("play_and_get_digits", "1 4 1 …", block=True, response_timeout=0.05)
        try:
            result = session.call_command("play_and_get_digits", "1 4 1 …", block=True, response_timeout=0.5)
        except OutboundSessionHasGoneAway:
            return  # the session is given up after a time-out: nobody gets the digits of somebody else
        assert result.headers["variable_pin"] == "22"


def test_a_completion_belongs_to_its_command(session, peer):
    def script():
        first, second = peer.event_uuid(), peer.event_uuid()
        peer.send(complete(first, Application__Data="first.wav"))
        gevent.sleep(0.05)
        peer.send(complete(second, Application__Data="second.wav"))

    play(peer, script)
    with in_time(session):
        session.connect()
        session.call_command("playback", "first.wav")
        result = session.call_command("playback", "second.wav", block=True)
    assert result.headers["Application-Data"] == "second.wav"


def test_a_refused_command_is_reported(session, peer):
    play(peer, lambda: (peer.command(), peer.send(reply("-ERR command not found"))))
    with in_time(session):
        session.connect()
        with pytest.raises(CommandRefused, match="command not found"):
            session.call_command("playback", "a.wav", block=True)


@pytest.mark.parametrize(
    "oddity",
    [
        pytest.param(
            b"Content-Type: log/data\nUser-Data: M\xfcller\nContent-Length: 0\n\n", id="a byte that is not UTF-8"
        ),
        pytest.param(b"X-Header: 1\n\n", id="no Content-Type"),
        pytest.param(b"no colon\nContent-Type: text/event-plain\nContent-Length: 0\n\n", id="no colon"),
    ],
)
def test_an_odd_frame_does_not_end_the_session(session, peer, oddity):
    def script():
        uuid = peer.event_uuid()
        peer.send(oddity)
        gevent.sleep(0.05)
        peer.send(complete(uuid))

    play(peer, script)
    with in_time(session):
        session.connect()
        session.call_command("playback", "a.wav", block=True)


class Trickle:
    """A socket that takes ten bytes at a time, as one whose buffer is full does."""

    def __init__(self, sock):
        self._sock = sock

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def send(self, data):
        return self._sock.send(data[:10])


def test_all_of_a_command_is_sent(session, peer):
    session.sock = Trickle(session.sock)
    commands = []
    gevent.spawn(lambda: (commands.append(peer.command()), peer.send(reply())))
    with in_time(session):
        session.send("filter Event-Name CHANNEL_EXECUTE_COMPLETE")
    assert commands == ["filter Event-Name CHANNEL_EXECUTE_COMPLETE"]


@pytest.mark.parametrize(
    "argument", ["a.wav\n\napi system touch", "a.wav\nexecute-app-name: system", "a\r\n", "a\u2028b"]
)
def test_an_argument_is_no_second_command(session, peer, argument):
    play(peer, *[lambda: (peer.command(), peer.send(reply()))] * 2)
    with in_time(session):
        session.connect()
        with pytest.raises(ValueError, match="control character"):
            session.call_command("playback", argument)


def test_stop_does_not_wait_for_the_peer(session, peer):
    play(peer)
    with within(0.8):
        session.connect()
        session.stop()


def test_a_time_out_is_an_exception(session, peer):
    play(peer, peer.event_uuid)
    with in_time(session):
        session.connect()
        try:
            session.call_command("playback", "a.wav", block=True, response_timeout=0.05)
        except Exception as error:
            assert isinstance(error, OutboundSessionHasGoneAway)
        except BaseException:
            pytest.fail("a BaseException, which `except Exception` misses")


def test_a_silent_peer_is_given_up(session, monkeypatch):
    monkeypatch.setattr(Session.connect, "__defaults__", (0.1,))
    with in_time(session), pytest.raises(OutboundSessionHasGoneAway):
        session.connect()


def test_our_errors_are_greenswitchs_too():
    assert issubclass(SessionGone, OutboundSessionHasGoneAway)
