"""The PIN dialogue: what counts as an entry, and callers who hang up at every stage of it."""

import pytest
from freeswitch.gate import PIN, VIP_PIN, WRONG_PIN
from freeswitch.phone import Scenario

GATES = f"""
  pin:
    protects: {{numbers: ["7000"]}}
    identify: [{{static_pin: {{pin: "{PIN}"}}}}]
    timing: {{first_digit: 2s, next_digit: 1s}}
  customers:
    protects: {{numbers: ["7001"]}}
    identify: [{{caller_pin: {{identification: entered_id, pins: {{"10027": "{VIP_PIN}"}}}}}}]
    timing: {{first_digit: 2s, next_digit: 1s}}
  announced: {{protects: {{numbers: ["7002"]}}, reject_with: announcement, otherwise: {{reject: true}}}}
"""
THREE_TIMES_WRONG = "200 welcome wrong-pin wrong-pin BYE"
W = f"{WRONG_PIN}#"

ENTRIES = [
    Scenario("in the prompt", "7000", "200 welcome called", f"welcome {PIN}#"),
    Scenario("after the prompt", "7000", "200 welcome called", f"welcome end {PIN}#"),
    Scenario("before the prompt", "7000", "200 called", f"{PIN}#"),
    Scenario("without #", "7000", "200 welcome called", f"welcome {PIN}"),
    Scenario("## at the end", "7000", "200 welcome called", f"welcome {PIN}##"),
    Scenario("slowly", "7000", "200 welcome called", f"welcome {PIN[:4]} 0.7s {PIN[4:7]} 0.7s {PIN[7:]}#"),
    Scenario("too slowly", "7000", "200 welcome wrong-pin called", f"welcome end {PIN[:4]} wrong-pin end {PIN}#"),
    Scenario("one digit too few", "7000", "200 welcome wrong-pin called", f"welcome {PIN[:-1]}# wrong-pin {PIN}#"),
    Scenario("one digit too many", "7000", "200 welcome wrong-pin called", f"welcome {PIN}0# wrong-pin {PIN}#"),
    Scenario("20 digits end the entry", "7000", "200 welcome wrong-pin called", f"welcome {'5' * 20} wrong-pin {PIN}#"),
    Scenario("* in it", "7000", "200 welcome wrong-pin called", f"welcome {PIN[:4]}*{PIN[4:]}# wrong-pin {PIN}#"),
    Scenario("# only", "7000", "200 welcome welcome called", f"welcome # welcome {PIN}#"),
    Scenario("nothing, then the PIN", "7000", "200 welcome welcome called", f"welcome welcome {PIN}#"),
    Scenario("nothing at all", "7000", "200 welcome welcome welcome BYE", limits=(15, 27)),
    Scenario("wrong, then right", "7000", "200 welcome wrong-pin called", f"welcome {W} wrong-pin {PIN}#"),
    Scenario(
        "right the third time",
        "7000",
        "200 welcome wrong-pin wrong-pin called",
        f"welcome {W} wrong-pin {W} wrong-pin {PIN}#",
    ),
    Scenario("wrong three times", "7000", THREE_TIMES_WRONG, f"welcome {W} wrong-pin {W} wrong-pin {W}"),
    Scenario("wrong three times without listening", "7000", "200 welcome BYE", f"welcome {W}{W}{W}"),
    Scenario(
        "customer's PIN without number",
        "7001",
        "200 customer-number welcome wrong-pin",
        f"customer-number # welcome {VIP_PIN}# wrong-pin hangup",
    ),
]
HANG_UPS = [
    Scenario("at once", "7000", "487", "hangup"),
    Scenario("in the announcement", "7002", "183 rejected 487", "rejected 1s hangup"),
    Scenario("when answered", "7000", "200", "200 hangup"),
    Scenario("in the prompt", "7000", "200 welcome", "welcome 1s hangup"),
    Scenario("after the prompt", "7000", "200 welcome", "welcome end 0.5s hangup"),
    Scenario("in the entry", "7000", "200 welcome", f"welcome {PIN[:4]} hangup"),
    Scenario("with the last digit", "7000", "200 welcome", f"welcome {PIN} hangup"),
    Scenario("with # after the right PIN", "7000", "200 welcome", f"welcome {PIN}# hangup"),
    Scenario("with # after a wrong PIN", "7000", "200 welcome", f"welcome {W} hangup"),
    Scenario("after a wrong PIN", "7000", "200 welcome wrong-pin", f"welcome {W} wrong-pin 0.5s hangup"),
    Scenario("in the second silence", "7000", "200 welcome welcome", "welcome welcome end 0.5s hangup"),
    Scenario("in the customer number", "7001", "200 customer-number", "customer-number 100 hangup"),
    Scenario("between the two prompts", "7001", "200 customer-number", "customer-number 10027# hangup"),
    Scenario(
        "in the prompt after the number", "7001", "200 customer-number welcome", "customer-number 10027# welcome hangup"
    ),
]


@pytest.mark.parametrize("scenario", ENTRIES, ids=str)
def test_entry(scenario, experience):
    assert experience.story == scenario.story
    assert scenario.limits[0] <= experience.waited <= scenario.limits[1]


@pytest.mark.parametrize("scenario", HANG_UPS, ids=str)
def test_hang_up(scenario, experience):
    assert experience.story == scenario.story


def test_nothing_is_left(left):
    assert left == (0, 0)


def test_the_gate_has_told_the_end_of_each_call(left, gate):
    assert len(gate.lines("decision")) == len(gate.lines("outcome"))
    assert not gate.lines("error while serving a call")
