"""PINs, right or wrong, stand in no log, no call record, and no event but those of the entry itself."""

import pytest
from freeswitch.gate import PIN, SECRETS, VIP_PIN, WRONG_PIN
from freeswitch.phone import Scenario
from freeswitch.switch import Listener

GATES = f"""
  pin: {{protects: {{numbers: ["7000"]}}, identify: [{{static_pin: {{pin: "{PIN}"}}}}]}}
  customers:
    protects: {{numbers: ["7001"]}}
    identify: [{{caller_pin: {{identification: entered_id, pins: {{"10027": "{VIP_PIN}"}}}}}}]
"""
SCENARIOS = [
    Scenario("right PIN", "7000", "200 welcome called", f"welcome {PIN}#"),
    Scenario(
        "wrong PINs",
        "7000",
        "200 welcome wrong-pin wrong-pin BYE",
        f"welcome {WRONG_PIN}# wrong-pin {PIN}1# wrong-pin {WRONG_PIN}#",
    ),
    Scenario(
        "customer's PIN", "7001", "200 customer-number welcome called", f"customer-number 10027# welcome {VIP_PIN}#"
    ),
    Scenario("hung up with the last digit", "7000", "200 welcome", f"welcome {PIN} hangup"),
    Scenario("hung up after #", "7000", "200 welcome", f"welcome {WRONG_PIN}# hangup"),
]
OF_THE_ENTRY = {("CHANNEL_EXECUTE_COMPLETE", "play_and_get_digits"), ("CHANNEL_EXECUTE", "multiunset")}


@pytest.fixture(scope="module")
def listener(switch):
    return Listener()


@pytest.fixture(scope="module")
def calls(listener, calls):
    """Not before somebody listens."""
    return calls


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_call(scenario, experience):
    assert experience.story == scenario.story


def test_nothing_is_left(left):
    assert left == (0, 0)


def with_secrets(text):
    return [line for line in text.splitlines() if any(secret in line for secret in SECRETS)]


def test_the_switch_has_logged_none(left, switch):
    assert "play_and_get_digits" in switch.log()
    assert with_secrets(switch.log()) == []


def test_the_gate_has_logged_none(left, gate):
    assert "play_and_get_digits" in gate.log()
    assert with_secrets(gate.log()) == []


def test_the_gate_has_stored_none(left, gate):
    files = gate.files()
    if not files:
        pytest.skip("the service keeps no store yet")
    assert [name for name, content in files.items() if any(secret.encode() in content for secret in SECRETS)] == []


def test_call_records_hold_none(left, switch):
    assert ",7000," in switch.records()
    assert with_secrets(switch.records()) == []


def test_events_hold_none_but_those_of_the_entry(left, listener):
    events = [dict(line.split(": ", 1) for line in event.splitlines() if ": " in line) for event in listener.close()]
    guilty = [event for event in events if any(secret in value for secret in SECRETS for value in event.values())]
    assert {event["Event-Name"] for event in events} >= {"CHANNEL_ANSWER", "CHANNEL_HANGUP_COMPLETE"}
    assert guilty, "the entries themselves"
    assert {(event["Event-Name"], event.get("Application")) for event in guilty} <= OF_THE_ENTRY
