"""Simulated time."""

import math
import time

import gevent
import pytest
from gevent.event import Event as Signal

from vipgate_fs.simulator import Simulator
from vipgate_fs.simulator.clock import Clock, LeapingClock

DAY = 86400.0


@pytest.fixture
def clock():
    return LeapingClock()


def test_a_day_takes_no_time(clock):
    began, really = clock.now(), time.monotonic()
    clock.sleep(DAY)
    assert clock.now() - began == DAY
    assert time.monotonic() - really < 60


def test_what_is_due_happens_in_its_order_each_at_its_time(clock):
    began, happened = clock.now(), []
    for name, seconds in {"third": 3.0, "first": 1.0, "at the same time": 1.0, "second": 2.0}.items():
        clock.later(seconds, lambda name=name: happened.append((name, round(clock.now() - began, 3))))
    clock.later(2.5, happened.append, "forgotten").kill(block=False)
    clock.sleep(4)
    assert happened == [("first", 1.0), ("at the same time", 1.0), ("second", 2.0), ("third", 3.0)]


def test_a_signal_ends_a_wait_and_its_time_does_not_pass(clock):
    began, signal = clock.now(), Signal()
    clock.later(1.0, signal.set)
    clock.wait(signal, DAY)
    gevent.sleep(0.01)
    assert clock.now() - began == 1.0


def test_time_stands_still_while_anybody_has_something_to_do(clock):
    """Here a peer that reads and writes over a connection."""
    near, far = gevent.socket.socketpair()
    began, times = clock.now(), []
    clock.later(1.0, lambda: None)
    echo = gevent.spawn(lambda: [far.sendall(far.recv(10)) for _ in range(100)])
    for _ in range(100):
        near.sendall(b"x")
        assert near.recv(10) == b"x"
        times.append(clock.now())
    echo.get()
    near.close()
    far.close()
    assert set(times) == {began}


def test_time_does_not_pass_while_somebody_else_works(clock):
    began, done = clock.now(), []
    clock.later(1.0, done.append, True)
    with clock.held():
        gevent.sleep(0.01)
        assert (clock.now(), done) == (began, [])
    clock.sleep(2)
    assert done == [True]


@pytest.mark.parametrize(("speed", "kind"), [(1.0, Clock), (20.0, Clock), (math.inf, LeapingClock)])
def test_the_simulators_speed(speed, kind):
    assert type(Simulator(speed=speed).clock) is kind


def test_scaled_time():
    clock, really = Clock(100.0), time.monotonic()
    began = clock.now()
    clock.sleep(5)
    assert clock.now() - began >= 5
    assert time.monotonic() - really >= 0.05
