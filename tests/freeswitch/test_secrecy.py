"""What callers of the whole session have keyed in stands in no log, no record, no store, and no event but the entry's."""

import pytest
from freeswitch.gate import PIN, VIP_PIN, WRONG_PIN, wait_until
from freeswitch.phone import Scenario
from freeswitch.watch import Watch

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


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_call(scenario, experience):
    assert experience.story == scenario.story


def test_nothing_is_left(left):
    assert left == (0, 0)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Texts of all files of the session that fit a pattern."""

    def files(pattern):
        found = [path for path in tmp_path_factory.getbasetemp().rglob(pattern) if path.is_file()]
        assert found
        return "\n".join(path.read_bytes().decode("latin-1") for path in found)

    return files


def test_a_planted_one_is_found():
    watch = Watch()
    watch.keyed_in("welcome asserts:+497115550000 271828182# wrong-pin 2718*2818#")
    watch.event("Event-Name: DTMF\nEvent-Date-Timestamp: 1000000271828182\n")
    assert not watch.telling
    watch.event("Event-Name: API\nApplication: set\nvariable_x: 2718*2818%23\n")
    assert watch.telling == {("API", "set")}
    assert watch.lines("x=y\nx=271828182;\nx=497115550000") == ["x=***;"]


def test_the_switch_has_logged_none(left, switch, watch):
    assert "play_and_get_digits" in switch.log()
    assert watch.lines(switch.log()) == []


def test_the_gates_have_logged_none(left, files, watch):
    logged = files("gate-*.log")
    assert "play_and_get_digits" in logged
    assert watch.lines(logged) == []


def test_the_gates_have_stored_none(left, files, watch):
    assert watch.lines(files("gate-*.db*")) == []


def test_call_detail_records_hold_none(left, switch, watch):
    assert ",7000," in switch.records()
    assert watch.lines(switch.records()) == []


def test_the_switch_has_stored_none(left, files, watch):
    assert watch.lines(files("freeswitch*/db/*")) == []


def test_events_hold_none_but_those_of_the_entry(left, watch):
    assert wait_until(lambda: watch.events >= {"CHANNEL_ANSWER", "CHANNEL_HANGUP_COMPLETE"})
    assert watch.telling, "the entries themselves"
    assert watch.telling <= OF_THE_ENTRY
