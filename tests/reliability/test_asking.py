"""A webservice that fails one caller, or all: what the others notice."""

from __future__ import annotations

import time

import pytest
from running_service import GATE, lost, switch
from webservice_peer import GOOD, Peer, response

from vipgate_fs.simulator import Caller

VIP, STRANGER = Caller(number="004917612345678"), Caller(number="004930123456", name="' OR 1=1 --")
VIPS = """\
  vips:
    protects: {numbers: ["701"]}
    identify:
      - webservice:
          url: "http://127.0.0.1:%d/v?caller=###CALLER_NUMBER###"
          timeouts: {connect: 0.5s, read: 0.5s, total: 1s}
          skipped_for: 1s
"""
REFUSED = "refused, as `on_failure` or `otherwise` says"


class Service:
    """Lets the VIP pass at once, and does something else with all others; or is silent for all."""

    def __init__(self, answer):
        self.answer, self.silent = answer, False

    def __call__(self, side):
        while request := side.request():
            if self.silent:
                side.silence()
            side.send(GOOD if b"4917612345678" in request else self.answer)


def called(simulator, caller, count):
    return [simulator.start(caller, "701") for _ in range(count)]


ANSWERS = {
    "a webservice answers 404 about strangers": response(b"", "404 Not Found"),
    "… 403, as a firewall before it does": response(b"blocked", "403 Forbidden"),
    "… with a record that is no verdict": response(b'{"askForPin": {"expectedPIN": "12-34"}}'),
}


@pytest.mark.parametrize("fault", ANSWERS)
def test_what_is_answered_about_one_caller(serve, tell, fault):
    with Peer(Service(ANSWERS[fault])) as peer:
        service = serve(settings="workers: 1", gates=GATE + VIPS % peer.port)
        simulator = switch(service)
        strangers = called(simulator, STRANGER, 5)
        assert len(lost(strangers)) == len(strangers)
        vips = called(simulator, VIP, 20)
        missed = len(lost(vips))
    tell(fault, REFUSED, len(vips), missed, None)
    assert missed == 0


def test_a_webservice_falls_silent(serve, tell):
    answer = Service(response(b"", "404 Not Found"))
    with Peer(answer) as peer:
        service = serve(settings="workers: 1", gates=GATE + VIPS % peer.port)
        simulator = switch(service)
        assert lost(called(simulator, VIP, 1)) == []
        answer.silent = True
        for _ in range(3):
            assert len(lost(called(simulator, VIP, 1))) == 1
        service.await_line("webservice is skipped")
        others = [simulator.start(Caller(dial="081547#"), "700") for _ in range(20)]
        missed = len(lost(others))
        answer.silent, back = False, time.monotonic()
        while lost(called(simulator, VIP, 1)):
            assert time.monotonic() - back < 10
        recovery = time.monotonic() - back
    tell(
        "a webservice falls silent",
        f"{REFUSED}: the first three after its time-outs, then at once",
        20,
        missed,
        recovery,
    )
    assert missed == 0
