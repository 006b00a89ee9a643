"""What counting costs a call, counted: time on a busy machine says nothing."""

from __future__ import annotations

import io
import math

from counting import function_calls
from gevent import socket
from gevent.pool import Pool

from vipgate_fs import config
from vipgate_fs.figures.counts import Counts
from vipgate_fs.service.calls import CallHandler
from vipgate_fs.service.logs import configure
from vipgate_fs.simulator import Caller, Simulator

GATE = """
version: 1
gates:
  pin:
    protects: {numbers: ["700"]}
    identify: [{static_pin: {pin: "081547"}}]
"""
CALLS = 5


class Ignored(Counts):
    """Counts nothing: what a call costs without figures."""

    def _nothing(self, *_, **__):
        pass

    call = attempt = error = step = step_failed = upstream = _nothing


def per_call(counts):
    """The least of several rounds: what else runs in this process only adds to it."""
    serve = CallHandler(config.load_text(GATE).configuration, configure("info", io.StringIO()), counts=counts)
    calls = Pool()

    def dial(host, port):
        ours, theirs = socket.socketpair()
        calls.spawn(serve, theirs, (host, port))
        return ours

    simulator = Simulator(dial=dial, speed=math.inf)

    def serve_some():
        for _ in range(CALLS):
            assert simulator.call(Caller(dial="081547#"), "700").transfers
        calls.join(timeout=10)

    serve_some()
    return min(function_calls(serve_some) for _ in range(2)) / CALLS


def test_counting_a_call_adds_a_dozen_function_calls_to_a_thousand():
    with_figures, without = per_call(Counts()), per_call(Ignored())
    assert with_figures - without <= 15
    assert without >= 50 * (with_figures - without)


def test_sending_what_a_call_has_counted_and_adding_it_up_costs_little():
    total = Counts()

    def one_call():
        counts.step("pin", "static_pin", 0.0001)
        counts.attempt("pin", "right")
        counts.call("pin", "ask_for_pin", "pin_correct")

    def send():
        for message in counts.take():
            total.merge(message, is_latest=True)

    counts = Counts()
    one_call()
    send()
    one_call()
    of_one = function_calls(send)
    for _ in range(50):  # what a busy worker counts between two reports
        one_call()
    assert of_one <= 30
    assert function_calls(send) == of_one, "it depends on what is counted, not on how many calls there were"
