"""The same by sipp: a second witness, in case our own caller and the gate share a mistake."""

import os
import shutil
import socket
from dataclasses import dataclass

import pytest
from freeswitch.configuration import HOST, SILENT
from freeswitch.gate import PIN, WRONG_PIN, Gate, wait_until
from freeswitch.sipp import Call
from freeswitch.switch import FIRST

GATES = f"""
  open: {{protects: {{numbers: ["7000"]}}, otherwise: {{reject: false}}}}
  pin: {{protects: {{numbers: ["7001"]}}, identify: [{{static_pin: {{pin: "{PIN}"}}}}]}}
  closed: {{protects: {{numbers: ["7002"]}}, otherwise: {{reject: true}}}}
  announced: {{protects: {{numbers: ["7003"]}}, reject_with: announcement, otherwise: {{reject: true}}}}
  slow: {{protects: {{numbers: ["7004"]}}, identify: [{{webservice: {{url: "http://{HOST}:{SILENT}/"}}}}]}}
"""
R, W = f"#{PIN}#", f"#{WRONG_PIN}#"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What sipp does, what it receives, and what the gate's log says of it.

    Attributes:
        name: of the scenario.
        to: the number that is called.
        words: see `freeswitch.sipp.Call`.
        received: what sipp received.
        result: of the gate.
        entries: that the gate has heard out.
    """

    name: str
    to: str
    words: str
    received: str
    result: str
    entries: int = 0

    def __str__(self) -> str:
        return self.name


SCENARIOS = [
    Scenario("passes", "7000", "INVITE 100 200 ACK 1s BYE 200", "100 200 200", "passed"),
    Scenario("right PIN", "7001", f"INVITE 100 200 ACK 1s {R} <BYE", "100 200 BYE", "pin_correct", 1),
    Scenario(
        "wrong PINs",
        "7001",
        f"INVITE 100 200 ACK 1s {W} 3s {W} 3s {W} <BYE",
        "100 200 BYE",
        "pin_incorrect",
        3,
    ),
    Scenario(
        "wrong, then right", "7001", f"INVITE 100 200 ACK 1s {W} 3s {R} 3s BYE 200", "100 200 200", "pin_correct", 2
    ),
    Scenario("busy", "7002", "INVITE 100 486 ACK", "100 486", "rejected"),
    Scenario("announcement", "7003", "INVITE 100 183 486 ACK", "100 183 486", "rejected"),
    Scenario(
        "hangs up in the announcement", "7003", "INVITE 100 183 1s CANCEL 200 487 ACK", "100 183 200 487", "hung_up"
    ),
    Scenario("hangs up while it rings", "7004", "INVITE 100 180 1s CANCEL 200 487 ACK", "100 180 200 487", "hung_up"),
    Scenario("hangs up in the prompt", "7001", "INVITE 100 200 ACK 1s BYE 200", "100 200 200", "hung_up"),
]


@pytest.fixture(scope="module")
def gate(switch, tmp_path_factory):
    with socket.create_server((HOST, SILENT)), Gate(GATES, tmp_path_factory.mktemp("gate"), FIRST) as started:
        yield started


@pytest.fixture(scope="module")
def calls(request, gate, watch, tmp_path_factory):
    """All at the same time: scenario → (caller, call)."""
    if shutil.which("sipp") is None:
        pytest.skip("no sipp: apt-get install sip-tester")
    watch.keyed_in(f"{PIN} {WRONG_PIN}")
    folder = tmp_path_factory.mktemp("sipp")
    may_key_in = os.geteuid() == 0
    callers = {scenario: f"+497115559{number:02}" for number, scenario in enumerate(SCENARIOS)}
    return {
        scenario: (caller, Call(folder / caller, scenario.to, caller, scenario.words))
        for scenario, caller in callers.items()
        if may_key_in or "#" not in scenario.words
    }


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_sipp(scenario, calls, gate, record_property):
    if scenario not in calls:
        pytest.skip("sipp sends DTMF by a raw socket, which only root may open")
    caller, call = calls[scenario]
    status, received = call.ended()
    record_property("story", received)
    assert (status, received) == (0, scenario.received)
    assert wait_until(lambda: gate.lines("outcome", caller=caller))
    (outcome,) = gate.lines("outcome", caller=caller)
    assert (outcome["called"], outcome["result"], outcome.get("entries", 0)) == (
        scenario.to,
        scenario.result,
        scenario.entries,
    )


def test_nothing_is_left(calls, gate, switch):
    assert wait_until(lambda: switch.channels() + gate.sessions() == 0)
