# ruff: noqa: E402 - first gevent patches
"""A program: 50 calls ask a step that is slow, while one of another step and a greenlet every 10 ms want to go on."""

from gevent import monkey

monkey.patch_all()

import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import gevent
from building import built

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.step import StepFailed

CALLERS, TOTAL = 50, 5.0


def main(kind, slow, quick):
    slow, quick = (built(kind, json.loads(values)) for values in (slow, quick))
    call = Call(uuid="1", caller="7001", called="7000", dialled="7000")
    assert quick.identify(call) is not None
    pauses = []
    ticking = gevent.spawn(tick, pauses)
    started = time.monotonic()
    waiting = [gevent.spawn(ask, slow, call) for _ in range(CALLERS)]
    gevent.sleep(0.2)
    waiting[0].kill()
    assert quick.identify(call) is not None
    others = waiting[1:]
    assert not any(greenlet.ready() for greenlet in others), "who hangs up, and another gate, waited for the slow step"
    gevent.joinall(others)
    took = time.monotonic() - started
    ticking.kill()
    answers = {greenlet.value for greenlet in others}
    assert len(answers) == 1, answers
    assert answers.pop().endswith(f"within {TOTAL:g} s")
    assert TOTAL <= took < 3 * TOTAL, f"{took:.2f} s"
    median, worst = statistics.median(pauses), max(pauses)
    assert median < TOTAL / 10, f"median pause {median * 1000:.1f} ms"
    assert worst < TOTAL, f"longest pause {worst * 1000:.1f} ms"


def ask(step, call):
    try:
        return step.identify(call)
    except StepFailed as failure:
        return str(failure)


def tick(pauses):
    while True:
        before = time.monotonic()
        gevent.sleep(0.01)
        pauses.append(time.monotonic() - before)


if __name__ == "__main__":
    main(*sys.argv[1:])
