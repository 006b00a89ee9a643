"""What a person or the load changes while calls come: the override, and `server.max_calls`."""

import pytest
from freeswitch.gate import PIN, wait_until
from freeswitch.phone import Scenario
from freeswitch.switch import FIRST, SECOND

GATES = f"""
  day: {{protects: {{numbers: ["7000"]}}, active: {{during: always}}, otherwise: {{reject: true}}}}
  night: {{protects: {{numbers: ["7001"]}}, active: {{outside: always}}, otherwise: {{reject: true}}}}
  pin: {{protects: {{numbers: ["7002"]}}, identify: [{{static_pin: {{pin: "{PIN}"}}}}]}}
schedules:
  always: [{{from: "00:00", to: "24:00"}}]
"""
PASSES, REJECTED = "200 called", "486"
RIGHT = Scenario("right PIN", "7002", "200 welcome called", f"welcome {PIN}#")
LISTENS = Scenario("listens", "7002", "200 welcome", "welcome end hangup")
SUBSCRIBER_ABSENT = 20


@pytest.fixture
def becomes(call):
    """Whether callers of a number experience something within the few seconds that an override needs."""
    return lambda to, story: wait_until(lambda: call(Scenario("override", to, story)).story == story)


@pytest.mark.parametrize(
    ("name", "to", "state", "by_schedule", "overridden"),
    [("day", "7000", "off", REJECTED, PASSES), ("night", "7001", "on", PASSES, REJECTED)],
    ids=["off while it is active", "on while it is not"],
)
class TestOverride:
    def test_until_the_schedule_decides_again(self, name, to, state, by_schedule, overridden, start, call, becomes):
        gate = start()
        assert call(Scenario("before", to, by_schedule)).story == by_schedule
        gate.vipgate("override", name, state)
        assert becomes(to, overridden)
        assert any("override until" in line["text"] for line in gate.lines("considered"))
        gate.vipgate("override", name, "auto")
        assert becomes(to, by_schedule)

    def test_for_a_while(self, name, to, state, by_schedule, overridden, start, becomes):
        gate = start()
        gate.vipgate("override", name, state, "--for", "10s")
        assert becomes(to, overridden)
        assert becomes(to, by_schedule)


class TestMaxCalls:
    """Two callers are in a dialogue with a gate that serves no more than two."""

    @pytest.fixture
    def full(self, start, phones):
        gate = start(FIRST, server="max_calls: 2")
        self.served = [phones.place(LISTENS) for _ in range(2)]
        assert wait_until(lambda: gate.lines("connections are refused: server.max_calls is reached"))
        return gate

    @pytest.fixture
    def second(self, start):
        return start(SECOND)

    def test_the_second_gate_takes_over(self, second, full, call):
        assert call(RIGHT).story == RIGHT.story
        assert (len(full.lines("decision")), len(second.lines("decision"))) == (2, 1)
        assert [future.result().story for future in self.served] == [LISTENS.story] * 2

    def test_without_a_second_gate_callers_are_refused_at_once_and_none_is_parked(self, full, switch, call):
        experience = call(Scenario("refused", "7002", "480"))
        assert (experience.story, experience.cause) == ("480", SUBSCRIBER_ABSENT)
        assert experience.waited < 5
        assert not all(future.done() for future in self.served)
        assert [future.result().story for future in self.served] == [LISTENS.story] * 2
        assert wait_until(lambda: switch.channels() == 0)

    def test_it_serves_again_when_calls_have_ended(self, full, call):
        assert wait_until(lambda: full.lines("connections are accepted again"), 30)
        assert call(RIGHT).story == RIGHT.story
