"""PINs that are not good for ever: of guests, one-time PINs of authenticator apps, and those with dates."""

import base64
import datetime as dt
import json
import re
import secrets
import time

import pyotp
import pytest
from freeswitch.gate import PIN, VIP, VIP_PIN, WRONG_PIN
from freeswitch.phone import Scenario

SECRET = base64.b32encode(secrets.token_bytes(20)).decode()
DAY = dt.timedelta(days=1)
TODAY = dt.datetime.now(dt.UTC).date()
GATES = f"""
  guests: {{protects: {{numbers: ["7000"]}}, attempts: 1, identify: [{{guest_pin: {{}}}}]}}
  besides: {{protects: {{numbers: ["7001"]}}, attempts: 1, identify: [{{guest_pin: {{pin: "{PIN}"}}}}]}}
  app:
    protects: {{numbers: ["7002"]}}
    attempts: 1
    identify: [{{caller_pin: {{pins: {{"{VIP}": {{totp: "{SECRET}"}}}}}}}}]
  dated:
    protects: {{numbers: ["7003"]}}
    identify:
      - static_pin:
          pins:
            - {{pin: "{PIN}", valid_from: "{TODAY - DAY}", valid_until: "{TODAY + DAY}"}}
            - {{pin: "{WRONG_PIN}", valid_until: "{TODAY - 2 * DAY}"}}
            - {{pin: "{VIP_PIN}", valid_from: "{TODAY + 2 * DAY}"}}
"""
RIGHT, WRONG = "200 welcome called", "200 welcome BYE"

SCENARIOS = [
    Scenario("valid today", "7003", RIGHT, f"welcome {PIN}#"),
    Scenario("no longer valid", "7003", "200 welcome wrong-pin called", f"welcome {WRONG_PIN}# wrong-pin {PIN}#"),
    Scenario("not yet valid", "7003", "200 welcome wrong-pin called", f"welcome {VIP_PIN}# wrong-pin {PIN}#"),
    Scenario("beside guest PINs", "7001", RIGHT, f"welcome {PIN}#"),
    Scenario("a guest PIN that was never issued", "7000", WRONG, f"welcome {PIN}#"),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_dated_pin(scenario, experience):
    assert experience.story == scenario.story


@pytest.fixture
def keys_in(call):
    """Calls a number and keys a PIN in; what is experienced."""

    def keys_in(pin, to="7000", caller=""):
        return call(Scenario("keys in", to, "", f"welcome {pin}#", caller)).story

    return keys_in


@pytest.fixture
def issue(gate):
    """Issues a guest PIN while the gate runs."""

    def issue(*options, to="guests"):
        pin = gate.vipgate("pin", "issue", "--gate", to, "--digits", "12", *options)
        assert re.fullmatch(r"\d{12}", pin)
        return pin

    return issue


def test_guest_pin_for_one_use(issue, keys_in, gate):
    pin = issue("--uses", "1", "--note", "test")
    assert [keys_in(pin), keys_in(pin)] == [RIGHT, WRONG]
    assert {guest["note"]: guest["uses_left"] for guest in _listed(gate)}["test"] == 0
    assert sum(line.get("why", "").startswith("guest PIN ") for line in gate.lines("outcome")) == 1


def test_guest_pin_for_any_number_of_uses(issue, keys_in):
    pin = issue()
    assert [keys_in(pin), keys_in(pin)] == [RIGHT, RIGHT]


def test_guest_pin_of_a_caller(issue, keys_in):
    pin = issue("--caller", VIP.replace("+49", "0"))
    assert [keys_in(pin), keys_in(pin, caller=VIP)] == [WRONG, RIGHT]


def test_guest_pin_of_another_gate(issue, keys_in):
    pin = issue(to="besides")
    assert [keys_in(pin), keys_in(pin, "7001")] == [WRONG, RIGHT]


def test_guest_pin_that_is_revoked(issue, keys_in, gate):
    before = {guest["id"] for guest in _listed(gate)}
    pin = issue()
    (guest,) = {guest["id"] for guest in _listed(gate)} - before
    assert keys_in(pin) == RIGHT
    gate.vipgate("pin", "revoke", guest)
    assert keys_in(pin) == WRONG


def test_guest_pin_that_has_ended(issue, keys_in):
    pin = issue("--valid-for", "1s")
    time.sleep(1)
    assert keys_in(pin) == WRONG


def _listed(gate):
    return json.loads(gate.vipgate("pin", "list", "--format", "json"))


def test_one_time_pin(keys_in, switch, gate):
    """A wrong one, the present one, the same again, the next one of an app that is half a minute early."""
    logged = len(switch.log())
    app = pyotp.TOTP(SECRET)
    now = int(time.time())
    present, early = app.at(now), app.at(now + app.interval)
    others = {app.at(now + steps * app.interval) for steps in range(-1, 4)}
    wrong = next(pin for pin in ("000000", "111111", "222222", "333333", "444444", "555555") if pin not in others)
    tried = (wrong, present, present, early)
    assert [keys_in(pin, "7002", VIP) for pin in tried] == [WRONG, RIGHT, WRONG, RIGHT]
    shown = re.compile(rf"(?<![\w.])({present}|{early})(?!\w)")
    assert [
        shown.sub("***", line) for line in (switch.log()[logged:] + gate.log()).splitlines() if shown.search(line)
    ] == []


def test_one_time_pin_of_nobody(call):
    assert call(Scenario("stranger", "7002", "486")).story == "486"
