from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import pytest

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.decision import decide, describe
from vipgate_fs.gate.gate import Activation, Gate, Prompts, Protects
from vipgate_fs.gate.gates import Gates
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.override import Override
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.reason import Reason
from vipgate_fs.gate.schedules import Calendar, Days, Schedule, Span, Times
from vipgate_fs.gate.step import Evidence, NotAsked, Step, StepFailed
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject

PLAN = NumberPlan("DE")
CALENDAR = Calendar(ZoneInfo("Europe/Berlin"))
OFFICE = Schedule("office-hours", 3, (Span(4, Days.parse("mon-thu"), Times.parse("09:00", "17:00")),))
TUESDAY_NOON = dt.datetime(2026, 11, 24, 12, 0, tzinfo=CALENDAR.local(dt.datetime.now(dt.UTC)).tzinfo)
TUESDAY_EVENING = TUESDAY_NOON.replace(hour=20)
CALL = Call("uuid", "+4917612345678", "7001", "7001")
PROMPTS = Prompts("welcome.wav", "wrong.wav", "customer.wav")
ASK = AskForPin(Pin("0815"))


@dataclass(frozen=True, slots=True)
class Scripted(Step):
    """A step that answers what the test says."""

    answer: object
    kind: str = field(default="scripted", kw_only=True)
    line: int = field(default=20, kw_only=True)

    def identify(self, call):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def gate(*steps, **more):
    numbers = ((NumberPattern.parse("7000-7099", PLAN), 12),)
    settings = {"protects": Protects(numbers=numbers), "prompts": PROMPTS} | more
    return Gate("support", 10, steps=tuple(Scripted(answer, line=20 + n) for n, answer in enumerate(steps)), **settings)


def decided(a_gate, call=CALL, at=TUESDAY_NOON):
    return decide(Gates([a_gate], PLAN), call, at, CALENDAR)


@pytest.mark.parametrize(
    ("steps", "verdict", "lines"),
    [
        pytest.param([Forward("123")], Forward("123"), [12, 10, 20], id="the first verdict wins"),
        pytest.param([None, ASK, Pass()], ASK, [12, 10, 20, 21], id="don't know leads to the next step"),
        pytest.param([Reject(), Pass()], Reject(), [12, 10, 20], id="reject is a verdict too"),
        pytest.param([StepFailed("down"), Pass()], Pass(), [12, 10, 20, 21], id="a failure counts as don't know"),
        pytest.param([None], Reject(), [12, 10, 20, None], id="nobody knows: reject"),
        pytest.param([], Reject(), [12, 10, None], id="no steps: reject"),
    ],
)
def test_steps(steps, verdict, lines):
    decision = decided(gate(*steps))
    assert (decision.verdict, decision.gate.name, decision.active) == (verdict, "support", True)
    assert [reason.line for reason in decision.reasons] == lines


def test_steps_after_the_verdict_are_not_asked():
    asked = []

    def ask(step, call):
        asked.append(step.line)
        return step.identify(call)

    decide(Gates([gate(None, Pass(), Reject())], PLAN), CALL, TUESDAY_NOON, CALENDAR, ask)
    assert asked == [20, 21]


def test_on_failure_decides_when_the_step_fails():
    a_gate = gate()
    step = Scripted(StepFailed("no answer after 5 s"), on_failure=Forward("99"))
    decision = decide(Gates([Gate("g", 1, a_gate.protects, (step,), PROMPTS)], PLAN), CALL, TUESDAY_NOON, CALENDAR)
    assert decision.verdict == Forward("99")
    assert decision.reasons[-1].text == "failed: no answer after 5 s; on_failure: forward to 99"


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([Pass()], "scripted: pass"),
        ([None, Reject()], "scripted: reject"),
        ([StepFailed("down"), ASK], "scripted: failed: down; counts as don't know; scripted: ask for PIN"),
        ([StepFailed("down")], "scripted: failed: down; counts as don't know; otherwise (nothing configured): reject"),
    ],
)
def test_why_tells_what_spoke_and_which_steps_failed(steps, why):
    assert decided(gate(*steps)).why == why


@pytest.mark.parametrize(
    ("answer", "why", "failed"),
    [
        (None, "don't know", False),
        (Reject(), "reject", False),
        (Forward("9", doubt="odd"), "forward to 9; odd", False),
        (replace(ASK, doubt="odd"), "ask for PIN; odd", False),
        (StepFailed("down"), "failed: down; counts as don't know", True),
        (NotAsked("it would cost"), "not asked, counts as don't know: it would cost", False),
    ],
)
def test_each_reason_says_who_spoke_where_and_what(answer, why, failed):
    first, second, third, *_ = decided(gate(answer)).reasons
    assert (first.subject, first.text) == ("gate", "gate support protects number 7000-7099")
    assert second == Reason("active", 10, "active: always")
    assert third == Reason("step", 20, why, "scripted", failed)


def test_a_failure_that_decides_says_so():
    step = Scripted(StepFailed("down"), on_failure=Pass())
    assert decided(replace(gate(), steps=(step,))).reasons[-1] == Reason(
        "step", 20, "failed: down; on_failure: pass", "scripted", failed=True
    )


@pytest.mark.parametrize(
    ("line", "text"), [(44, "otherwise: forward to 5"), (None, "otherwise (nothing configured): forward to 5")]
)
def test_otherwise_says_whether_it_was_written(line, text):
    decision = decided(gate(None, otherwise=Forward("5"), otherwise_line=line))
    assert decision.reasons[-1] == Reason("otherwise", line, text)


def test_an_override_speaks_for_the_activation():
    overrides = {"support": Override(active=True)}
    decision = decide(Gates([gate()], PLAN), CALL, TUESDAY_NOON, CALENDAR, overrides=overrides)
    assert decision.reasons[1] == Reason("active", None, "active: override until further notice")


def test_a_step_is_asked_about_the_call_and_so_is_its_evidence():
    @dataclass(frozen=True, slots=True)
    class Curious(Step):
        def identify(self, call):
            return Forward(call.caller)

        def evidence(self, call):
            return Evidence(25, call.dialled, 2)

    decision = decided(replace(gate(), steps=(Curious(kind="callers", line=20),)))
    assert decision.reasons[-1] == Reason("step", 25, f"forward to {CALL.caller} (7001 line 2)", "callers")


@pytest.mark.parametrize(("restricted", "hides"), [(True, True), (True, False), (False, True)])
def test_a_gate_that_takes_restricted_for_withheld_sees_neither_number_nor_name(restricted, hides):
    steps = (Scripted(None), Scripted(None, restricted_as_withheld=hides))
    call = replace(CALL, restricted=restricted, caller_name="Eva")
    seen = replace(gate(), steps=steps).sees(call)
    assert (seen.caller, seen.caller_name) == (("", "") if restricted and hides else (CALL.caller, "Eva"))


@pytest.mark.parametrize("restricted", [False, True])
def test_where_no_gate_takes_the_call_a_restricted_number_stays_hidden(restricted):
    call = Call("u", "+4917612345678", "8000", "8000", restricted=restricted)
    assert decided(gate(), call).sees(call).caller == ("" if restricted else call.caller)


def test_why_tells_why_on_failure_spoke():
    step = Scripted(StepFailed("no answer after 5 s"), on_failure=ASK, kind="webservice")
    decision = decide(Gates([replace(gate(), steps=(step,))], PLAN), CALL, TUESDAY_NOON, CALENDAR)
    assert decision.why == "webservice: failed: no answer after 5 s; on_failure: ask for PIN"


def test_the_evidence_in_a_step_speaks_with_its_line():
    @dataclass(frozen=True, slots=True)
    class Listing(Scripted):
        def evidence(self, call):
            return Evidence(25, "vips.csv", 2)

    decision = decide(
        Gates([replace(gate(), steps=(Listing(Pass(), kind="callers"),))], PLAN), CALL, TUESDAY_NOON, CALENDAR
    )
    assert (decision.reasons[-1].line, decision.why) == (25, "callers: pass (vips.csv line 2)")


def test_otherwise_speaks_with_its_line():
    decision = decided(gate(None, otherwise=Pass(), otherwise_line=44))
    assert decision.verdict == Pass()
    assert (decision.reasons[-1].subject, decision.reasons[-1].line) == ("otherwise", 44)


@pytest.mark.parametrize(
    ("outside", "at", "verdict", "line"),
    [
        (True, TUESDAY_NOON, Pass(), 4),
        (True, TUESDAY_EVENING, Reject(), 15),
        (False, TUESDAY_NOON, Reject(), 4),
        (False, TUESDAY_EVENING, Pass(), 15),
    ],
)
def test_a_gate_that_is_not_active_lets_pass(outside, at, verdict, line):
    decision = decided(gate(active=Activation(OFFICE, outside, 15)), at=at)
    assert decision.verdict == verdict
    assert decision.gate is not None
    active = next(reason for reason in decision.reasons if reason.subject == "active")
    assert active.line == line


def test_a_call_that_no_gate_protects_passes():
    decision = decided(gate(), Call("u", "", "8000", "8000"))
    assert (decision.verdict, decision.gate, decision.active) == (Pass(), None, False)
    assert [reason.subject for reason in decision.reasons] == ["gate"]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (Call("u", "", "9", "9", called_users=frozenset({"alice"})), "gate support protects user alice"),
        (Call("u", "", "alice", "alice"), "gate support protects user alice"),
        (Call("u", "", "9", "9", called_groups=frozenset({"sales"})), "gate support protects group sales"),
        (Call("u", "", "7099", "7099"), "gate support protects number 7000-7099"),
    ],
)
def test_numbers_users_and_groups_are_protected(call, text):
    numbers = ((NumberPattern.parse("7000-7099", PLAN), 12),)
    decision = decided(gate(protects=Protects(numbers, {"alice": 13}, {"sales": 14})), call)
    assert decision.verdict == Reject()
    assert decision.reasons[0].text == text


@pytest.mark.parametrize(
    ("verdict", "text"),
    [(Pass(), "pass"), (Reject(), "reject"), (Forward("1"), "forward to 1"), (ASK, "ask for PIN")],
)
def test_describe(verdict, text):
    assert describe(verdict) == text


SEVEN = TUESDAY_EVENING.replace(hour=19)


@pytest.mark.parametrize(
    ("override", "at", "active", "text"),
    [
        (Override(active=False), TUESDAY_EVENING, False, "not active, the call passes: override until further notice"),
        (Override(active=True), TUESDAY_NOON, True, "active: override until further notice"),
        (
            Override(active=True, until=SEVEN.timestamp()),
            TUESDAY_NOON,
            True,
            "active: override until Tue 2026-11-24 19:00",
        ),
        (Override(active=False, until=SEVEN.timestamp()), SEVEN, True, "active: Tue 2026-11-24 19:00 is outside"),
        (Override(active=False, until=1.0), TUESDAY_EVENING, True, "active: Tue 2026-11-24 20:00 is outside"),
        (Override(active=True, until=1.0), TUESDAY_NOON, False, "not active, the call passes: Tue 2026-11-24 12:00"),
    ],
)
def test_a_person_overrides_the_schedule_for_a_while(override, at, active, text):
    guarded = gate(Forward("1"), active=Activation(OFFICE, outside=True, line=9))
    decision = decide(
        Gates([guarded], PLAN), CALL, at, CALENDAR, overrides={"support": override, "other": Override(not active)}
    )
    assert (decision.active, decision.verdict) == (active, Forward("1") if active else Pass())
    assert decision.reasons[1].text.startswith(text)
    assert (decision.reasons[1].line is None) == text.partition(": ")[2].startswith("override")


def test_a_step_knows_the_moment_that_is_decided_for_on_the_sites_clock():
    seen = []
    decide(
        Gates([gate(None)], PLAN), CALL, TUESDAY_NOON.astimezone(dt.UTC), CALENDAR, lambda _, call: seen.append(call.at)
    )
    assert [at.isoformat() for at in seen] == ["2026-11-24T12:00:00+01:00"]
