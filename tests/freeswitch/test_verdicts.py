"""Which verdict leads where: every kind of step, both PIN targets, numbers, schedules, directory."""

import pytest
from freeswitch.audio import SOUNDS
from freeswitch.gate import PIN, VIP, VIP_PIN, WRONG_PIN
from freeswitch.phone import Scenario

GATES = f"""
  static: {{protects: {{numbers: ["+49 7022 27978*"]}}, identify: [{{static_pin: {{pin: "{PIN}"}}}}]}}
  vips: {{protects: {{numbers: ["7100"]}}, identify: [{{caller_pin: {{pins: {{"{VIP}": "{VIP_PIN}"}}}}}}]}}
  chain:
    protects: {{numbers: ["7101"]}}
    identify: [{{caller_pin: {{pins: {{"{VIP}": "{VIP_PIN}"}}}}}}, {{static_pin: {{pin: "{PIN}"}}}}]
  secretive:
    protects: {{numbers: ["7102"]}}
    identify: [{{caller_pin: {{pins: {{"{VIP}": "{VIP_PIN}"}}, unknown_callers: ask}}}}]
    attempts: 1
  customers:
    protects: {{numbers: ["7103"]}}
    identify: [{{caller_pin: {{identification: entered_id, pins: {{"10027": "{VIP_PIN}"}}}}}}]
    attempts: 2
  open: {{protects: {{numbers: ["7104"]}}, otherwise: {{reject: false}}}}
  closed: {{protects: {{numbers: ["7105"]}}, otherwise: {{reject: true}}}}
  forwarded: {{protects: {{numbers: ["7106"]}}, otherwise: {{forward: "123"}}}}
  back: {{protects: {{numbers: ["7111"]}}, otherwise: {{forward: "140"}}}}
  targets:
    protects: {{numbers: ["7107"]}}
    otherwise: {{askForPin: {{expectedPIN: "{PIN}", forwardCorrectPIN: "100", forwardIncorrectPIN: "120", attempts: 1}}}}
  retries:
    protects: {{numbers: ["7108"]}}
    otherwise: {{askForPin: {{expectedPIN: "{PIN}", forwardIncorrectPIN: "120", maxRetries: 1}}}}
  asleep: {{protects: {{numbers: ["7109"]}}, active: {{outside: always}}, otherwise: {{reject: true}}}}
  awake: {{protects: {{numbers: ["7110"]}}, active: {{during: always}}, otherwise: {{reject: true}}}}
  routed: {{protects: {{numbers: ["7112"]}}, route: {{context: default}}, otherwise: {{forward: "100"}}}}
  own-prompt:
    protects: {{numbers: ["7113"]}}
    identify: [{{static_pin: {{pin: "{PIN}"}}}}]
    prompts: {{welcome: "{SOUNDS}/de/vipgate-rejected.wav"}}
  alice: {{protects: {{users: [alice]}}, otherwise: {{reject: true}}}}
  support: {{protects: {{groups: [support]}}, otherwise: {{forward: "123"}}}}
schedules:
  always: [{{from: "00:00", to: "24:00"}}]
"""
CUSTOMER = "customer-number 10027# welcome"

SCENARIOS = [
    Scenario("static PIN, right", "+497022279781", "200 welcome called", f"welcome {PIN}#"),
    Scenario("called number written 0049", "00497022279782", "200 welcome called", f"welcome {PIN}#"),
    Scenario("called number written 07022", "07022279783", "200 welcome called", f"welcome {PIN}#"),
    Scenario("called number written 49", "497022279784", "200 welcome called", f"welcome {PIN}#"),
    Scenario("a number without a gate", "+4970222797", "200 called"),
    Scenario("VIP, own PIN", "7100", "200 welcome called", f"welcome {VIP_PIN}#", VIP),
    Scenario("VIP, written 0049", "7100", "200 welcome called", f"welcome {VIP_PIN}#", VIP.replace("+", "00")),
    Scenario("VIP, written 0176", "7100", "200 welcome called", f"welcome {VIP_PIN}#", VIP.replace("+49", "0")),
    Scenario("not a VIP", "7100", "486"),
    Scenario("first step knows", "7101", "200 welcome called", f"welcome {VIP_PIN}#", VIP),
    Scenario("second step knows", "7101", "200 welcome called", f"welcome {PIN}#"),
    Scenario("unknown caller is asked like a VIP", "7102", "200 welcome BYE", f"welcome {VIP_PIN}#"),
    Scenario("customer number and PIN", "7103", "200 customer-number welcome called", f"{CUSTOMER} {VIP_PIN}#"),
    Scenario(
        "customer number, wrong PIN, then right",
        "7103",
        "200 customer-number welcome wrong-pin customer-number welcome called",
        f"{CUSTOMER} {WRONG_PIN}# wrong-pin {CUSTOMER} {VIP_PIN}#",
    ),
    Scenario(
        "unknown customer number",
        "7103",
        "200 customer-number welcome wrong-pin customer-number welcome BYE",
        f"customer-number 10028# welcome {VIP_PIN}# wrong-pin customer-number 10028# welcome {VIP_PIN}#",
    ),
    Scenario("pass", "7104", "200 called"),
    Scenario("reject", "7105", "486"),
    Scenario("forward", "7106", "200 forward"),
    Scenario("forward to what leads back to a gate", "7111", "200 called"),
    Scenario("a route of the gate's own", "7112", "200 vip"),
    Scenario("a prompt of the gate's own", "7113", "200 rejected called", f"rejected {PIN}#"),
    Scenario("target for the right PIN", "7107", "200 welcome vip", f"welcome {PIN}#"),
    Scenario("target for a wrong PIN", "7107", "200 welcome other", f"welcome {WRONG_PIN}#"),
    Scenario("one retry, right", "7108", "200 welcome wrong-pin called", f"welcome {WRONG_PIN}# wrong-pin {PIN}#"),
    Scenario("no retry left", "7108", "200 welcome wrong-pin other", f"welcome {WRONG_PIN}# wrong-pin {WRONG_PIN}#"),
    Scenario("gate not active", "7109", "200 called"),
    Scenario("gate active", "7110", "486"),
    Scenario("user by number", "7001", "486"),
    Scenario("user by alias", "alice", "486"),
    Scenario("user in other letters, which the directory does not tell apart", "ALICE", "486"),
    Scenario("member of a group", "7002", "200 forward"),
    Scenario("member of a group by alias", "bob", "200 forward"),
    Scenario("user of no gate", "7003", "200 called"),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_verdict(scenario, experience):
    assert experience.story == scenario.story


def test_nothing_is_left(left):
    assert left == (0, 0)
