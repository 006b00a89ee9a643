"""A running service: guests with their PINs, one-time PINs, and gates that a person switches."""

from __future__ import annotations

import re
import time

import gevent
import pytest
from forked import vipgate
from pyotp import TOTP
from running_service import switch, until

from vipgate_fs.simulator import Caller

SECRET = "KRUGS4ZANFZSA3TPOQQGCIDTMVRXEZLU"
OWN, ANY = "+4917612345678", "+4930123456"
GATES = f"""\
  guests:
    protects: {{numbers: ["700"]}}
    identify: [{{guest_pin: {{}}}}]
    attempts: 1
  own:
    protects: {{numbers: ["701"]}}
    identify: [{{caller_pin: {{pins: {{"{OWN}": {{totp: "{SECRET}"}}}}}}}}]
    attempts: 1
  closed: {{protects: {{numbers: ["702"]}}, otherwise: {{reject: true}}}}
"""


@pytest.fixture
def service(run):
    service = run(gates=GATES)
    service.await_line("listening")
    return service.listening()


def command(service, name, *arguments):
    done = vipgate(name, *arguments, "--config", service.config)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_single_use_lets_one_of_fifty_callers_through(service):
    made = command(service, "pin", "issue", "--gate", "guests", "--uses", "1")
    simulator = switch(service)
    calls = []
    for number in range(50):
        calls.append(simulator.start(Caller(f"+49301234{number:03}", dial=f"{made}#"), "700"))
        gevent.sleep(0.01)  # on a busy disk, fifty entries in one moment are more than the store's patience
    through = [call.wait().transferred_to.extension for call in calls if call.wait().transferred_to]
    assert through == ["700"], service.lines("guest PINs are refused")
    until(lambda: len(service.lines("outcome")) == 50)
    assert len(service.lines("outcome", result="pin_correct")) == 1
    (used,) = service.lines("outcome", result="pin_correct")
    assert re.fullmatch("guest PIN [a-z]{6}", used["why"])
    assert service.end() == 0
    kept = b"".join(file.read_bytes() for file in service.config.parent.iterdir())
    assert made.encode() not in kept


def test_one_that_is_revoked_or_another_callers_lets_nobody_through(service):
    simulator = switch(service)
    bound = command(service, "pin", "issue", "--gate", "guests", "--caller", OWN)
    other = simulator.call(Caller(ANY, dial=f"{bound}#"), "700")
    bound_call = simulator.call(Caller(OWN, dial=f"{bound}#"), "700")
    listed = command(service, "pin", "list")
    command(service, "pin", "revoke", listed.partition(":")[0])
    revoked = simulator.call(Caller(OWN, dial=f"{bound}#"), "700")
    assert [bool(call.transferred_to) for call in (other, bound_call, revoked)] == [False, True, False]


def test_a_one_time_pin_lets_through_once_whatever_worker_the_calls_come_to(service):
    if time.time() % 30 > 25:  # the calls take two seconds
        gevent.sleep(30 - time.time() % 30)
    shown, simulator = TOTP(SECRET).now(), switch(service)
    calls = [simulator.start(Caller(OWN, dial=f"{shown}#"), "701") for _ in range(20)]
    assert sum(bool(call.wait().transferred_to) for call in calls) == 1


def test_a_person_switches_a_gate_and_all_workers_know_of_it_soon(service):
    simulator = switch(service)

    def is_open():
        return all(simulator.call(Caller(ANY), "702").transferred_to for _ in range(6))

    def is_shut():
        return not any(simulator.call(Caller(ANY), "702").transferred_to for _ in range(6))

    assert is_shut()
    command(service, "override", "closed", "off", "--for", "1h")
    until(is_open)
    decided = service.lines("decision", gate="closed")[-1]
    assert decided["reason"].startswith("not active, the call passes: override until ")
    command(service, "override", "closed", "auto")
    until(is_shut)
