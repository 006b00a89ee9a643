"""What the supervisor hears of its workers. Here they are processes that only say what the test has them say."""

from __future__ import annotations

import os
import resource
import time

import pytest

from vipgate_fs.service import worker
from vipgate_fs.service.children import Children
from vipgate_fs.service.logs import configure
from vipgate_fs.service.timings import Timings


class Forking:
    """Forks workers that do what they are given, in place of a generation."""

    def __init__(self, run):
        self._run = run

    def fork(self, _number, channel, _port):
        ours, theirs = channel
        pid = os.fork()
        if pid == 0:
            try:
                ours.close()
                self._run(theirs)
            finally:
                os._exit(1)
        return pid


@pytest.fixture
def children(log_lines):
    return Children(configure("debug", log_lines, json=True), Timings())


def heard(children, seconds=10.0):
    """Listen until all workers are buried."""
    until = time.monotonic() + seconds
    while any(children):
        children.listen(0.1)
        assert time.monotonic() < until


def test_who_ends_with_messages_unread_has_ended_in_order(children, log_lines):
    """An ACCEPT that crosses a worker's last words: of 500 reloads 12 said that a worker died, exit status 0."""

    def run(channel):
        channel.recv(64)
        channel.send(b"1 1 0 0 0")
        channel.send(worker.CUT + b"1")
        os._exit(0)

    child = children.start(Forking(run), None)
    for message in (worker.ACCEPT, worker.ACCEPT, worker.FINISH):
        child.send(message)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    heard(children)
    assert log_lines.events() == ["worker started", "worker ended"]
    assert (children.cut_off, children.calls_before) == (1, 1)


def test_many_descriptors_are_no_reason_to_hear_nobody(children, log_lines):
    """`select` knows none above 1023."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    taken = [os.dup(0) for _ in range(1100)]
    try:
        children.start(Forking(lambda channel: (channel.send(worker.CUT + b"0"), os._exit(0))), None)
        heard(children)
    finally:
        for each in taken:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert log_lines.events() == ["worker started", "worker ended"]


def test_who_lives_but_does_not_stop_accepting_when_it_is_to_is_killed(log_lines):
    def run(channel):
        for _ in range(200):
            channel.send(b"0 0 0 0 0 0 0")
            time.sleep(0.05)
        os._exit(0)

    children = Children(configure("debug", log_lines, json=True), Timings(blocked=0.5))
    child = children.start(Forking(run), None)
    child.admit()
    child.retire()
    heard(children)
    assert log_lines.events() == ["worker started", "worker is blocked, killing it", "worker died"]
    assert not child.accepting
