"""Many calls at the same time, again and again; nothing is left of them."""

from concurrent.futures import wait

import pytest
from freeswitch.gate import PIN, WRONG_PIN, Gate, wait_until
from freeswitch.phone import Scenario
from freeswitch.switch import FIRST

GATES = f"""
  pin: {{protects: {{numbers: ["7000"]}}, identify: [{{static_pin: {{pin: "{PIN}"}}}}]}}
  closed: {{protects: {{numbers: ["7001"]}}, otherwise: {{reject: true}}}}
"""
KINDS = [
    Scenario("right PIN", "7000", "200 welcome called", f"welcome {PIN}#"),
    Scenario("rejected", "7001", "486"),
    Scenario("hangs up in the prompt", "7000", "200 welcome", "welcome hangup"),
    Scenario("hangs up in the entry", "7000", "200 welcome", f"welcome {WRONG_PIN[:4]} hangup"),
    Scenario("passes", "7002", "200 called"),
]


@pytest.fixture(scope="module")
def gate(switch, tmp_path_factory):
    with Gate(GATES, tmp_path_factory.mktemp("gate"), FIRST, server="workers: 2") as started:
        yield started


def test_soak(pytestconfig, phones, gate, switch):
    scenarios = KINDS * (pytestconfig.getoption("--soak") // len(KINDS))
    futures = [phones.place(scenario) for scenario in scenarios]
    wait(futures)
    stories = {(future.result().story, scenario.name) for future, scenario in zip(futures, scenarios, strict=True)}
    assert stories <= {(kind.story, kind.name) for kind in KINDS}
    assert wait_until(lambda: switch.channels() + gate.sessions() == 0)
    assert len(gate.lines("outcome")) == len(scenarios)
