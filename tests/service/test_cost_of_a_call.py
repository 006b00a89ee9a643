"""What a call costs, counted: the limits are a little above what it costs today, so that a regression is noticed.

The half of a transaction is for the store's own, which it has each second, however many calls there are. Seconds would
say nothing on a busy machine. The whole price is in docs/performance.md, by `make bench`.
"""

from __future__ import annotations

import io
import math
from collections import Counter

import pytest
import structlog
from counting import function_calls
from gevent import socket
from gevent.pool import Pool
from sqlalchemy.sql.compiler import SQLCompiler

from vipgate_fs import config
from vipgate_fs.aside import Aside
from vipgate_fs.esl.alarm import Alarm
from vipgate_fs.esl.session import Session
from vipgate_fs.esl.wire import Decoder
from vipgate_fs.secret import Secret
from vipgate_fs.service.calls import CallHandler
from vipgate_fs.service.logs import configure
from vipgate_fs.simulator import Caller, Simulator
from vipgate_fs.store.store import Store

CONFIGURATION = """
version: 1
schedules: {always: [{days: mon-sun}]}
gates:
  pin:
    protects: {numbers: ["700"]}
    active: {during: always}
    identify: [{callers: {reject: ["0900*"]}}, {static_pin: {pin: "081547"}}]
  known:
    protects: {numbers: ["701"]}
    identify: [{callers: {pass: ["+49 30 *"]}}]
    otherwise: {reject: true}
"""
CALLS = 20
EITHER = {"timers": 2, "log lines": 2, "transactions": 1.5, "hops to a thread": 1.5}


@pytest.fixture
def count(tmp_path, monkeypatch):
    """What a call to a number comes to, with everything on: schedule, list, lockout, records, log and SQLite."""
    log = configure("info", io.StringIO())
    store = Store(Secret(f"sqlite:///{tmp_path}/vipgate.db"), tmp_path / "key", log)
    store.open()
    serve = CallHandler(config.load_text(CONFIGURATION).configuration, log, memory=store)
    calls, counts = Pool(), Counter()

    def dial(host, port):
        ours, theirs = socket.socketpair()
        calls.spawn(serve, theirs, (host, port))
        return ours

    simulator = Simulator(dial=dial, speed=math.inf)

    def place(to, dialled, times):
        for _ in range(times):
            assert simulator.call(Caller("004930123456", dial=dialled), to).transfers
        calls.join(timeout=10)

    def counted(owner, name, what):
        do = getattr(owner, name)

        def counting(*arguments, **more):
            answer = do(*arguments, **more)
            counts[what] += answer is not None or name != "frame"
            return answer

        monkeypatch.setattr(owner, name, counting)

    counted(Session, "_write", "writes")
    counted(Session, "_read", "waits")
    counted(Decoder, "frame", "frames")
    counted(Alarm, "_set", "timers")
    counted(structlog.WriteLogger, "msg", "log lines")
    counted(SQLCompiler, "__init__", "statements compiled")
    counted(Aside, "run", "hops to a thread")

    def count(to, dialled):
        place(to, dialled, 2)  # what is made once is made
        rounds = []
        for _ in range(3):
            counts.clear()
            before = store._writer.transactions
            counts["functions"] = function_calls(lambda: place(to, dialled, CALLS))
            counts["transactions"] = store._writer.transactions - before
            rounds.append(Counter(counts))
        return {what: min(each[what] for each in rounds) / CALLS for what in rounds[0]}

    yield count
    store.close()


@pytest.mark.parametrize(
    ("to", "dialled", "limits"),
    [
        ("701", "", {"functions": 690, "writes": 2, "waits": 2, "frames": 2, **EITHER}),
        ("700", "081547#", {"functions": 990, "writes": 3, "waits": 5, "frames": 12, **EITHER}),
    ],
    ids=["that passes", "with a PIN"],
)
def test_a_call_costs_no_more_than_it_did(count, to, dialled, limits):
    cost = count(to, dialled)
    assert {what: number for what, number in cost.items() if number > limits.get(what, 0)} == {}
