"""Processes are killed or told to end, and configurations change, while calls are served."""

from __future__ import annotations

import os
import signal
import time

import pytest
from reliability.faults import Traffic, end, served_again
from running_service import GATE, place, switch, until

from vipgate_fs.simulator import Caller

HOLD = """
import gevent, pathlib
from vipgate_fs.esl import channel, session
def held(do):
    def then(*arguments):
        if pathlib.Path("hold").exists():
            pathlib.Path("hold").rename(f"held-{os.getpid()}")
            gevent.sleep(60)
        return do(*arguments)
    return then
import os
"""
"""The first call after a test has made the file `hold` waits where its worker is to be killed."""


@pytest.mark.parametrize(
    ("when", "held", "ends", "experienced"),
    [
        pytest.param("before `connect`", "session.Session.connect", "refused (480)", "refused (480)", id="connect"),
        pytest.param("in the prompt", "session.Session.completion", "hung up on", "hung up on", id="prompt"),
        pytest.param("after the PIN", "channel.EslChannel.transfer", "hung up on", "hung up on", id="PIN"),
    ],
)
def test_a_worker_is_killed(serve, tell, when, held, ends, experienced):
    service = serve(patch=f"{HOLD}{held} = held({held})")
    others = place(switch(service, speed=2.0), 20)
    until(lambda: all(call.experience.answered for call in others))
    folder = service.config.parent
    (folder / "hold").touch()
    hit = switch(service).start(Caller(dial="081547#", patience=60.0), "700")
    until(lambda: any(folder.glob("held-*")))
    (victim,) = (int(file.name.removeprefix("held-")) for file in folder.glob("held-*"))
    number = service.workers.index(victim) + 1
    os.kill(victim, signal.SIGKILL)
    recovery = served_again(switch(service))
    others += place(switch(service), 20, every=0.01)
    taken_along = {line["call"] for line in service.lines("decision", worker=number)}
    others = [call for call in others if call.experience.uuid not in taken_along]
    lost = sum(not call.wait().transfers for call in others)
    assert (end(hit.wait()), lost) == (ends, 0)
    tell(
        f"worker killed {when}",
        f"{experienced}; who is in a dialogue with this worker is hung up on",
        len(others),
        lost,
        recovery,
    )


def test_the_supervisor_is_killed(serve, tell):
    service = serve()
    others = place(switch(service, speed=4.0), 20)
    until(lambda: all(call.experience.answered for call in others))
    os.kill(service.process.pid, signal.SIGKILL)
    service.process.wait()
    started = time.monotonic()
    follower = serve(port=service.port)
    served_again(switch(follower))
    recovery = time.monotonic() - started
    lost = sum(not call.wait().transfers for call in others)
    assert lost == 0
    experienced = "nothing: workers finish their calls; new callers go to the next host until it is started again"
    tell("supervisor killed", experienced, len(others), lost, recovery)


def test_sigterm_under_load(serve, tell):
    service, other = serve(), serve()
    simulator = switch(service, other)
    with Traffic(simulator) as traffic:
        assert service.end() == 0
        recovery = served_again(simulator)
    assert service.lines("ended", calls_cut_off=0)
    assert other.lines("outcome")
    assert traffic.lost == 0
    tell(
        "SIGTERM under load", "nothing: dialogues end, new callers go to the next host", len(traffic.calls), 0, recovery
    )


@pytest.mark.parametrize(
    ("fault", "content", "line"),
    [
        ("reload under load", None, "reloaded"),
        ("configuration replaced by garbage under load", "\x00{garbage: [\n", "reload refused, nothing has changed"),
    ],
)
def test_reload_under_load(serve, tell, fault, content, line):
    service = serve()
    with Traffic(switch(service)) as traffic:
        for turn in range(3):
            service.configure("workers: 2", GATE)
            if content:
                service.config.write_text(content)
            service.process.send_signal(signal.SIGHUP)
            service.await_line(line, turn + 1)
        recovery = served_again(switch(service))
    assert traffic.lost == 0
    assert service.lines("worker died") == []
    tell(fault, "nothing", len(traffic.calls), 0, recovery)
