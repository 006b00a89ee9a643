"""The system's clock jumps an hour: dialogues go by another clock, lockouts by this one."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from attempts import attempt_of, judge
from running_service import GATE, RIGHT, until

from vipgate_fs import config
from vipgate_fs.gate.lockout import Judgement, Lockout
from vipgate_fs.gate.memory import InMemory
from vipgate_fs.service.logs import configure
from vipgate_fs.service.server import GateServer
from vipgate_fs.simulator import Simulator

HOUR = 3600.0
LIMITS = Lockout(failures=3, duration=900.0)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_dialogue_goes_on(jump):
    configuration = config.load_text(f'version: 1\nserver: {{listen: "127.0.0.1:0"}}\ngates:\n{GATE}').configuration
    now = [dt.datetime.now(dt.UTC)]
    server = GateServer(configuration, configure("info", io.StringIO(), json=True), lambda: now[0])
    server.start()
    call = Simulator(port=server.port, speed=20).start(RIGHT, "700")
    until(lambda: call.experience.answered)
    now[0] += dt.timedelta(seconds=jump)
    assert call.wait().transfers
    assert server.stop(drain=1.0) == 0


@pytest.mark.parametrize(
    ("jump", "locked_for"),
    [
        pytest.param(HOUR, 0.0, id="forward: what would have ended by then has ended"),
        pytest.param(-HOUR, HOUR + LIMITS.duration, id="back: longer by the jump, and no more"),
    ],
)
def test_a_lockout_is_off_by_the_jump_at_most(jump, locked_for, tell):
    now = [1e9]
    memory = InMemory(configure("error", io.StringIO(), json=True), clock=lambda: now[0])
    caller, other = (attempt_of(number, LIMITS) for number in "12")
    for _ in range(LIMITS.failures):
        judge(memory, caller)
    assert judge(memory, caller, right=True) is Judgement.LOCKED
    now[0] += jump
    for wait in (locked_for / 2, locked_for / 2 - 1, 1) if locked_for else ():
        assert judge(memory, caller, right=True) is Judgement.LOCKED
        now[0] += wait
    assert judge(memory, caller, right=True) is Judgement.RIGHT
    assert judge(memory, other, right=True) is Judgement.RIGHT
    way = "forward" if jump > 0 else "back"
    tell(f"the clock jumps an hour {way}", "nothing; a lockout ends so much sooner or later", 1, 0, None)
