"""Steps that take their time, while a caller waits."""

from __future__ import annotations

from dataclasses import dataclass, field

import gevent
import pytest
from esl_peer import connect_reply, event, reply, within

from vipgate_fs.esl.channel import EslChannel
from vipgate_fs.esl.errors import SessionGone, SessionTaken
from vipgate_fs.esl.session import Session
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.step import Step, StepFailed
from vipgate_fs.gate.verdict import Pass
from vipgate_fs.service import asking
from vipgate_fs.service.asking import Asking

CALL = Call("u", "", "700", "700")


@dataclass(frozen=True, slots=True)
class Slow(Step):
    """A step that answers after some seconds."""

    seconds: float
    answer: object
    waits: bool = field(default=True, kw_only=True)
    broken_off: list = field(default_factory=list)

    def identify(self, call):
        try:
            gevent.sleep(self.seconds)
        except gevent.GreenletExit:
            self.broken_off.append(True)
            raise
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def commands():
    return []


@pytest.fixture
def ask(connection, commands, monkeypatch):
    monkeypatch.setattr(asking, "RING_AFTER", 0.1)
    sock, peer = connection

    def switch():
        while True:
            command = peer.command()
            commands.append(command.partition("execute-app-name: ")[2] or command)
            peer.send(connect_reply() if command == "connect" else reply())

    greenlet = gevent.spawn(switch)
    session = Session(("127.0.0.1", 1), sock)
    session.connect()
    yield Asking(EslChannel(session), session)
    greenlet.kill()


@pytest.mark.parametrize("answer", [Pass(), None])
def test_a_quick_answer_rings_nothing(ask, commands, answer, monkeypatch):
    monkeypatch.setattr(asking, "RING_AFTER", 60.0)
    assert ask(Slow(0.01, answer), CALL) == answer
    assert (commands[0], commands[-1]) == ("connect", "myevents")


def test_during_a_slow_one_the_caller_hears_ringing(ask, commands):
    with within(8):
        assert ask(Slow(0.3, Pass()), CALL) == Pass()
    assert commands[-2:] == ["myevents", "ring_ready\nevent-lock: true"]


@pytest.mark.parametrize("seconds", [0.01, 0.3])
def test_a_failure_is_the_steps_failure(ask, seconds):
    with within(8), pytest.raises(StepFailed, match="down"):
        ask(Slow(seconds, StepFailed("down")), CALL)


def test_a_caller_who_hangs_up_breaks_it_off(ask, connection):
    step = Slow(10, Pass())
    gevent.spawn_later(0.2, connection[1].send, event("CHANNEL_HANGUP", {"Hangup-Cause": "ORIGINATOR_CANCEL"}))
    with within(8), pytest.raises(SessionGone, match="ORIGINATOR_CANCEL"):
        ask(step, CALL)
    assert step.broken_off


@pytest.mark.parametrize("after", [0.05, 0.2])
@pytest.mark.parametrize(
    ("what", "end"),
    [
        (event("CHANNEL_HANGUP", {"Hangup-Cause": "ORIGINATOR_CANCEL"}), SessionGone),
        (event("CHANNEL_UNPARK", {"Answer-State": "ringing"}), SessionTaken),
    ],
    ids=["hung up", "taken away"],
)
def test_a_call_that_leaves_breaks_it_off(ask, connection, what, end, after):
    """Before it rings, and while it rings."""
    step = Slow(10, Pass())
    gevent.spawn_later(after, connection[1].send, what)
    with within(8), pytest.raises(end):
        ask(step, CALL)
    assert step.broken_off


def test_the_end_of_the_service_breaks_it_off(ask):
    step = Slow(10, Pass())
    call = gevent.spawn(ask, step, CALL)
    gevent.sleep(0.2)
    with within(8):
        call.kill()
    assert step.broken_off


def test_a_step_that_does_not_wait_is_simply_asked(ask, commands):
    step = Slow(0.2, Pass(), waits=False)
    assert ask(step, CALL) == Pass()
    assert commands == ["connect"]
