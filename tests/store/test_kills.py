"""SIGKILL for a worker and its writer, for the supervisor, and for all of them, while callers key in wrong PINs.

Whatever attempt a caller has heard the verdict of is in the store then. `make test` does it a few times, `make kills`
often: KILLS=50, once for each kind of database. The database itself is not killed: that what it commits outlives the
machine is its own promise.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from random import Random

import pytest
from load import Load
from running_service import PATIENT, Service
from sqlalchemy import create_engine, text

KILLS = int(os.environ.get("VIPGATE_KILLS", "3"))
AT_ONCE = 40
GATE = """\
  pin:
    protects: {{numbers: ["700"]}}
    identify: [{{static_pin: {{pin: "081547"}}}}]
    attempts: 1
    lockout: {{gate_failures: 100000}}
store: "{url}"
"""


class Killing(Load):
    """Calls with a wrong PIN, and kills among them, each after some more verdicts.

    Attributes:
        acknowledged: numbers of those who have heard a verdict.
        keyed_in: how many have keyed in their PIN.
        killed: how many times what was killed.
        services: of one folder and port, one after the other.
    """

    def __init__(self, folder, gates):
        self._folder, self._gates, self.services, self._random = folder, gates, [], Random(7)
        self._serve()
        super().__init__(self.services[-1].port, "700", ("111111#",), think=0.01, patience=10.0)
        self.acknowledged, self.killed, self.keyed_in = set(), Counter(), 0
        self._kill_at = AT_ONCE

    def _serve(self):
        port = self.services[-1].port if self.services else 0
        self.services.append(Service(self._folder, port, gates=self._gates, patch=PATIENT, cwd=self._folder))
        self.services[-1].listening()

    def _go_on(self, call, *, is_open=True):
        waits = call.keyed_in
        super()._go_on(call, is_open=is_open)
        if waits and not call.keyed_in:
            self.acknowledged.add("+49" + call.number.decode().removeprefix("0049"))
            if len(self.acknowledged) >= self._kill_at and self.killed.total() < KILLS:
                time.sleep(self._random.choice((0.0, self._random.uniform(0.0, 0.01))))  # any moment of a transaction
                self._kill()

    def _key_in(self):
        thinking = len(self._thinking)
        super()._key_in()
        self.keyed_in += thinking - len(self._thinking)

    def _kill(self):
        service = self.services[-1]
        what = ("worker", "supervisor", "all")[self.killed.total() % 3]
        if what == "worker":
            workers = service.workers
            if not workers:
                return
            os.kill(self._random.choice(workers), signal.SIGKILL)
        else:
            (os.kill if what == "supervisor" else os.killpg)(service.process.pid, signal.SIGKILL)
            self._serve()
        self.killed[what] += 1
        self._kill_at = len(self.acknowledged) + self._random.randint(1, AT_ONCE)

    def close(self):
        for call in self._open.values():
            call.sock.close()
        for service in self.services:
            service.destroy()


@pytest.mark.timeout(60 + 10 * KILLS)
def test_whatever_is_killed_every_attempt_that_a_caller_has_heard_the_verdict_of_is_in_the_store(url, tmp_path):
    calls = Killing(tmp_path, GATE.format(url=url.reveal()))
    try:
        while calls.killed.total() < KILLS:
            calls.run(100, AT_ONCE)
        calls.run(AT_ONCE, AT_ONCE)
        assert calls.services[-1].end() == 0
    finally:
        calls.close()
    engine = create_engine(url.reveal())
    with engine.connect() as connection:
        failed = "SELECT kind, who, failures FROM vipgate_tallies WHERE failures > 0"
        kept = {(kind, who): failures for kind, who, failures in connection.execute(text(failed))}
    engine.dispose()
    sys.stdout.write(f"{dict(calls.killed)}: {len(calls.acknowledged)} verdicts heard, ends: {dict(calls.ends)}\n")
    assert {who for who in calls.acknowledged if ("caller", who) not in kept} == set()
    assert len(calls.acknowledged) < kept["gate", ""] <= calls.keyed_in + 1  # and the call that the others replay
