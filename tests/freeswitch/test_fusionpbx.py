"""FusionPBX's rows on a real switch: contexts as its handler puts them together, and calls through them."""

from __future__ import annotations

import json

import pytest
from freeswitch.configuration import DIALPLAN
from freeswitch.gate import PIN, WRONG_PIN
from freeswitch.phone import Scenario

from vipgate_fs import config
from vipgate_fs.dialplan.fusionpbx import placeholder, rendered, rows
from vipgate_fs.dialplan.layout import layout
from vipgate_fs.dialplan.numbers import expression

GATES = f"""
  pin:
    protects: {{numbers: ["7000"]}}
    identify: [{{static_pin: {{pin: "{PIN}"}}}}]
    timing: {{first_digit: 2s, next_digit: 1s}}
  onward: {{protects: {{numbers: ["7010"]}}, otherwise: {{forward: "123"}}}}
"""
TRUNK = "vipgate"
"""The context of the trunk's calls in this suite: what `public` is in FusionPBX."""
W = f"{WRONG_PIN}#"
DESTINATIONS = "".join(
    f"""<extension name="{number}"><condition field="destination_number" expression="^{number}$">
      <action application="answer"/><action application="playback" data="tone_stream://%(3000,0,600)"/>
      <action application="hangup"/></condition></extension>"""
    for number in (7000, 7010, 7020)
)
BY_TO = DESTINATIONS.replace('field="destination_number"', 'field="${sip_to_user}"')
FEATURES = """<extension name="echo"><condition field="destination_number" expression="^\\*9196$">
  <action application="answer"/><action application="playback" data="tone_stream://%(3000,0,750)"/></condition></extension>"""
"""A row of the context `global`, which FusionPBX puts behind those of every context but `public`."""


def contexts(destinations, *, only=False, **options):
    """What the handler makes of the rows, those of a context by their order, and of the site's own."""
    others = [f"+4930{20_000_000 + 3797 * index}" for index in range(1000)]  # too many to be written out
    gates = {"pin": {"protects": {"numbers": ["7000", "7010", *others]}, "otherwise": {"reject": True}}}
    configuration = config.load_text(json.dumps({"version": 1, "gates": gates})).configuration
    condition = expression(configuration) if only else None
    made = rows(layout(configuration, entry="gate", called=TRUNK, others="default", only=condition), **options)
    found = {}
    for row in sorted(made, key=lambda row: row.order):
        text = rendered(row).replace(placeholder("default"), "0b2c1a5e-8d1c-4e57-a6f5-6d2a3c9b7e01")
        found[row.context] = found.get(row.context, "") + text
    parts = [
        f'<context name="{context}">{text}{destinations if context == TRUNK else FEATURES}</context>'
        for context, text in found.items()
    ]
    return "\n".join(["<include>", *parts, "</include>"])  # FreeSWITCH drops whole lines with these tags


@pytest.fixture
def fusionpbx(switch):
    """Puts the rows in the place of our dialplan for one test."""

    def put(destinations=DESTINATIONS, **options):
        switch.dialplan(contexts(destinations, **options))

    yield put
    switch.dialplan(DIALPLAN.read_text("utf-8"))


RIGHT = Scenario("right PIN", "7000", "200 welcome called", f"welcome {PIN}#")
SCENARIOS = [
    RIGHT,
    Scenario("wrong PINs", "7000", "200 welcome wrong-pin wrong-pin BYE", f"welcome {W} wrong-pin {W} wrong-pin {W}"),
    Scenario("forward", "7010", "200 forward"),
    Scenario("unprotected", "7020", "200 called"),
    Scenario("unknown", "7030", "404"),
    Scenario("feature code from outside", "*9196", "404"),
]


def test_calls_go_as_with_our_own_dialplan(start, fusionpbx, phones, end_of):
    fusionpbx()
    start()
    ends = {scenario: phones.place(scenario) for scenario in SCENARIOS}
    assert {scenario.name: end_of(future).story for scenario, future in ends.items()} == {
        scenario.name: scenario.story for scenario in SCENARIOS
    }


def test_without_a_gate_the_caller_is_refused(fusionpbx, call):
    fusionpbx()
    experience = call(Scenario("no gate", "7000", "480"))
    assert (experience.story, experience.cause) == ("480", 20)


def test_with_protected_numbers_only_others_need_no_gate(start, fusionpbx, call):
    fusionpbx(only=True)
    assert call(Scenario("unprotected, no gate", "7020", "200 called")).story == "200 called"
    assert call(Scenario("protected, no gate", "7000", "480")).story == "480"
    start()
    assert call(RIGHT).story == RIGHT.story


BEHIND = Scenario("protected in To", "7020", "200 welcome called", f"welcome {PIN}#", receiver="<sip:7000@127.0.0.1>")


def test_destinations_that_go_by_to_are_protected_by_to(start, fusionpbx, call):
    start()
    fusionpbx(BY_TO)
    assert call(Scenario("round the gate", "7020", "200 called", receiver=BEHIND.receiver)).story == "200 called"
    fusionpbx(BY_TO, match_to=True)
    assert call(BEHIND).story == BEHIND.story
