"""Wrong entries count across calls: for the caller, for all who withhold their number, for a customer number, for the gate."""

import json

import pytest
from freeswitch.gate import PIN, VIP, VIP_PIN, WRONG_PIN
from freeswitch.phone import Scenario

LIMITS = "failures: 2, gate_failures: 3"
GATES = f"""
  pin:
    protects: {{numbers: ["7000"]}}
    attempts: 1
    lockout: {{{LIMITS}}}
    identify: [{{static_pin: {{pin: "{PIN}"}}}}]
  strict:
    protects: {{numbers: ["7001"]}}
    attempts: 1
    lockout: {{{LIMITS}, locked_callers: reject}}
    identify: [{{static_pin: {{pin: "{PIN}"}}}}]
  customers:
    protects: {{numbers: ["7002"]}}
    attempts: 1
    lockout: {{failures: 2}}
    identify: [{{caller_pin: {{identification: entered_id, pins: {{"10027": "{VIP_PIN}", "10028": "{PIN}"}}}}}}]
"""
PASSES, FAILS = "200 welcome called", "200 welcome BYE"
REJECTED = "486"
A, B, C, D = (f"+49711555{number}" for number in (81, 82, 83, 84))
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'


@pytest.fixture
def gate(start):
    """One that remembers nothing of the test before."""
    return start()


@pytest.fixture
def tries(call, gate):
    """Calls and keys a PIN in; whether it was right. `caller` may be a From header."""

    def tries(pin, caller, to="7000"):
        who = {"sender": caller} if "<" in caller else {"caller": caller}
        return call(Scenario("tries", to, "", f"welcome {pin}#", **who)).story

    return tries


@pytest.fixture
def tries_customer(call, gate):
    """Calls and keys a customer number and a PIN in; whether both were right."""

    def tries(number, pin, caller):
        story = call(Scenario("tries", "7002", "", f"customer-number {number}# welcome {pin}#", caller)).story
        assert story in {"200 customer-number welcome called", "200 customer-number welcome BYE"}
        return story.replace("customer-number ", "")

    return tries


def locked(gate):
    """What is locked out: (kind, who)."""
    return {
        (each["kind"], each["who"])
        for each in json.loads(gate.vipgate("lockouts", "--format", "json"))
        if each["locked_until"]
    }


def test_a_caller(tries, gate):
    assert [tries(WRONG_PIN, A), tries(WRONG_PIN, A)] == [FAILS] * 2
    assert [tries(PIN, A), tries(PIN, B)] == [FAILS, PASSES]
    assert locked(gate) == {("caller", A)}
    assert gate.lines("outcome", caller=A, result="pin_incorrect", why="locked out")
    gate.vipgate("lockouts", "clear", "--gate", "pin", "--caller", A.replace("+49", "0"))
    assert tries(PIN, A) == PASSES


def test_all_who_withhold_their_number(tries, gate):
    assert [tries(WRONG_PIN, ANONYMOUS), tries(WRONG_PIN, "<sip:127.0.0.1>")] == [FAILS] * 2
    assert [tries(PIN, ANONYMOUS), tries(PIN, A)] == [FAILS, PASSES]
    assert locked(gate) == {("caller", "")}
    gate.vipgate("lockouts", "clear", "--caller", "anonymous")
    assert tries(PIN, ANONYMOUS) == PASSES


def test_a_customer_number(tries_customer, gate):
    """Whoever guesses, the known caller gets in; others with another number, too."""
    assert tries_customer("10027", VIP_PIN, VIP) == PASSES
    assert [tries_customer("10027", WRONG_PIN, A), tries_customer("10027", WRONG_PIN, B)] == [FAILS] * 2
    assert locked(gate) == {("customer", "10027")}
    assert tries_customer("10027", VIP_PIN, C) == FAILS
    assert tries_customer("10028", PIN, C) == PASSES
    assert tries_customer("10027", VIP_PIN, VIP) == PASSES
    gate.vipgate("lockouts", "clear", "--gate", "customers")
    assert tries_customer("10027", VIP_PIN, D) == PASSES


def test_the_gate(tries, gate):
    assert tries(PIN, VIP) == PASSES
    assert [tries(WRONG_PIN, caller) for caller in (A, B, C)] == [FAILS] * 3
    assert locked(gate) == {("gate", "")}
    assert [tries(PIN, D), tries(PIN, VIP)] == [FAILS, PASSES]
    gate.vipgate("lockouts", "clear", "--gate", "pin")
    assert tries(PIN, D) == PASSES


def test_locked_callers_are_rejected_before_the_call_is_answered(tries, call, gate):
    assert [tries(WRONG_PIN, A, "7001"), tries(WRONG_PIN, A, "7001")] == [FAILS] * 2
    experience = call(Scenario("locked out", "7001", REJECTED, caller=A))
    assert experience.story == REJECTED
    assert gate.lines("outcome", caller=A, result="rejected", why="locked out")
    assert tries(PIN, B, "7001") == PASSES
    gate.vipgate("lockouts", "clear", "--all")
    assert tries(PIN, A, "7001") == PASSES


def test_it_outlives_the_gate(tries, gate):
    assert [tries(WRONG_PIN, A), tries(WRONG_PIN, A)] == [FAILS] * 2
    gate.kill_workers()
    assert [tries(PIN, A), tries(PIN, B)] == [FAILS, PASSES]
