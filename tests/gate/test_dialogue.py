from __future__ import annotations

from dataclasses import replace

import pytest

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.channel import CallEnded, CallTaken
from vipgate_fs.gate.decision import Decision
from vipgate_fs.gate.dialogue import conduct
from vipgate_fs.gate.gate import Gate, Prompts, Protects, Rejection, Route
from vipgate_fs.gate.lockout import NO_CUSTOMER, Account, Attempt, Judgement, Lockout
from vipgate_fs.gate.memory import InMemory, Judged, ReadOnly
from vipgate_fs.gate.narrator import narrate
from vipgate_fs.gate.pins import AnyOf, Match, Pin, PinTable, Unchecked
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject, Targets

PROMPTS = Prompts("/s/welcome.wav", "/s/wrong.wav", "/s/customer.wav")
GATE = Gate("g", 1, Protects(), (), PROMPTS, route=Route("XML", "inside"), rejection=Rejection(486, "/s/rejected.wav"))
CALL = Call("u", "+49176", "7001", "7001")
ASK = AskForPin(Pin("0815"))
TABLE = AskForPin(PinTable({"4711": Pin("0815")}))
TWO = AskForPin(PinTable({"4711": Pin("0815"), "4712": Pin("0816")}))


class Caller:
    """A channel with a caller who keys in `entries`, one after the other, and then hangs up."""

    def __init__(self, *entries):
        self.entries = list(entries)
        self.did = []

    def answer(self):
        self.did.append("answer")

    def ask(self, prompt):
        self.did.append("+".join(prompt.sounds))
        assert prompt.timing is GATE.timing
        entry = self.entries.pop(0) if self.entries else CallEnded("the caller hung up")
        if isinstance(entry, Exception):
            raise entry
        return entry

    def transfer(self, target, route):
        self.did.append(f"transfer {target} {route.context}")

    def reject(self, rejection):
        self.did.append(f"reject {rejection.code} {rejection.announcement or ''}".strip())


def outcome_of(verdict, *entries, gate=GATE, call=CALL, **more):
    caller = Caller(*entries)
    outcome = conduct(Decision(verdict, gate, ()), call, caller, **more)
    return outcome, caller.did


class LockedOut(ReadOnly):
    """The memory of a caller who is locked out."""

    def __init__(self):
        super().__init__()
        self.judged = []

    def judge(self, attempt, expected, entered):
        self.judged.append((attempt, expected.matches(entered, self) is not None))
        return Judged(Judgement.LOCKED)

    def is_locked(self, attempt):
        return attempt.caller == CALL.caller


@pytest.mark.parametrize(
    ("verdict", "result", "did"),
    [
        (Pass(), "passed", ["transfer 7001 inside"]),
        (Forward("123"), "forwarded", ["transfer 123 inside"]),
        (Reject(), "rejected", ["reject 486 /s/rejected.wav"]),
    ],
)
def test_without_a_pin_the_call_is_not_answered(verdict, result, did):
    outcome, done = outcome_of(verdict)
    assert (outcome.result, done) == (result, did)
    assert outcome.target == (did[0].split()[1] if result != "rejected" else None)


def test_a_call_without_a_gate_goes_on_by_the_default_route_or_is_rejected_as_busy():
    assert outcome_of(Pass(), gate=None)[1] == ["transfer 7001 vipgate-passed"]
    assert outcome_of(Reject(), gate=None)[1] == ["reject 486"]


@pytest.mark.parametrize(
    ("entries", "result", "counted", "did"),
    [
        (["0815"], "pin_correct", 1, ["/s/welcome.wav", "transfer 7001 inside"]),
        (["1", "0815"], "pin_correct", 2, ["/s/welcome.wav", "/s/wrong.wav", "transfer 7001 inside"]),
        (["", "0815"], "pin_correct", 2, ["/s/welcome.wav", "/s/welcome.wav", "transfer 7001 inside"]),
        (
            ["1", "2", "3"],
            "pin_incorrect",
            3,
            ["/s/welcome.wav", "/s/wrong.wav", "/s/wrong.wav", "reject 486 /s/rejected.wav"],
        ),
        (["1", "2", "3", "0815"], "pin_incorrect", 3, None),
        (["1"], "hung_up", 1, ["/s/welcome.wav", "/s/wrong.wav"]),
        ([], "hung_up", 0, ["/s/welcome.wav"]),
        (["08155"], "hung_up", 1, None),
        (["0815*"], "hung_up", 1, None),
    ],
)
def test_the_pin_dialogue(entries, result, counted, did):
    outcome, done = outcome_of(ASK, *entries)
    assert (outcome.result, outcome.entries) == (result, counted)
    if did is not None:
        assert done == ["answer", *did]


@pytest.mark.parametrize(
    ("entries", "result", "did"),
    [
        (["4711", "0815"], "pin_correct", ["/s/customer.wav", "/s/welcome.wav", "transfer 7001 inside"]),
        (
            ["4712", "0815", "4711", "0815"],
            "pin_correct",
            [
                "/s/customer.wav",
                "/s/welcome.wav",
                "/s/wrong.wav+/s/customer.wav",
                "/s/welcome.wav",
                "transfer 7001 inside",
            ],
        ),
        (["0815", "4711"] * 3, "pin_incorrect", None),
        (["", "", "4711"], "hung_up", ["/s/customer.wav", "/s/welcome.wav", "/s/customer.wav", "/s/welcome.wav"]),
    ],
)
def test_the_dialogue_with_a_customer_number(entries, result, did):
    outcome, done = outcome_of(TABLE, *entries)
    assert outcome.result == result
    if did is not None:
        assert done == ["answer", *did]


@pytest.mark.parametrize(
    ("verdict", "entries", "last"),
    [
        (AskForPin(Pin("1"), correct="100"), ["1"], "transfer 100 inside"),
        (AskForPin(Pin("1"), incorrect="120", attempts=1), ["2"], "transfer 120 inside"),
        (AskForPin(Pin("1"), attempts=1), ["2", "1"], "reject 486 /s/rejected.wav"),
        (AskForPin(Pin("1"), attempts=5), ["2", "2", "2", "2", "1"], "transfer 7001 inside"),
    ],
)
def test_pin_targets_and_attempts(verdict, entries, last):
    assert outcome_of(verdict, *entries)[1][-1] == last


@pytest.mark.parametrize("target", ["${system(x)}", "1 XML default", "1\n2", "-bleg", ""])
def test_a_target_that_is_not_dialable_is_never_transferred_to(target):
    call = Call("u", "", target, target)
    for verdict, entries in [(Pass(), ()), (Forward(target), ()), (AskForPin(Pin("1")), ("1",))]:
        outcome, done = outcome_of(verdict, *entries, call=call)
        assert outcome.result == "rejected"
        assert done[-1] == "reject 484"


def test_a_locked_caller_can_not_tell():
    outcome, did = outcome_of(ASK, "1", "0815", "2", memory=LockedOut())
    assert (outcome.result, outcome.entries, outcome.why) == ("pin_incorrect", 3, "locked out")
    assert did == outcome_of(ASK, "1", "2", "3")[1]


def test_or_he_is_turned_away_at_once():
    gate = replace(GATE, lockout=Lockout(rejects=True))
    outcome, did = outcome_of(ASK, "0815", gate=gate, memory=LockedOut())
    assert (outcome.result, outcome.entries, outcome.why) == ("rejected", 0, "locked out")
    assert did == ["reject 486 /s/rejected.wav"]


def test_each_entry_is_judged_when_it_comes_and_silence_is_none():
    memory = LockedOut()
    outcome_of(ASK, "", "0815", "1", memory=memory)
    assert memory.judged == [(Attempt("g", GATE.lockout, "+49176"), right) for right in (True, False)]


def test_entries_count_for_a_customer_who_exists():
    memory = LockedOut()
    outcome_of(TABLE, "4711", "0815", "0815", "4711", "4711", "1", memory=memory)
    assert [(attempt.customer, right) for attempt, right in memory.judged] == [
        ("4711", True),
        (NO_CUSTOMER, False),
        ("4711", False),
    ]


def test_narrating_tells_both_ways_of_a_pin():
    ways = list(narrate(Decision(AskForPin(Pin("0815"), correct="100", attempts=2), GATE, ()), CALL))
    assert [(condition, happens) for condition, happens, _ in ways] == [
        (
            "with the right PIN",
            ["the call is answered", "hears welcome.wav, keys in digits", "goes to 100 in context inside (XML)"],
        ),
        (
            "with wrong PINs",
            [
                "the call is answered",
                "hears welcome.wav, keys in digits",
                "hears wrong.wav, keys in digits",
                "hears rejected.wav",
                "hears busy (SIP 486)",
            ],
        ),
    ]


def test_narrating_tells_of_a_customer_number():
    (_, happens, outcome), _ = narrate(Decision(TABLE, GATE, ()), CALL)
    assert happens[1:3] == ["hears customer.wav, keys in digits", "hears welcome.wav, keys in digits"]
    assert outcome.result == "pin_correct"


def test_narrating_a_rejection():
    gate = Gate("g", 1, Protects(), (), PROMPTS, rejection=Rejection(603))
    assert [happens for _, happens, _ in narrate(Decision(Reject(), gate, ()), CALL)] == [["is rejected with SIP 603"]]


class Once:
    """A credential that is good a number of times."""

    def __init__(self, uses):
        self.uses = uses
        self.spent = 0

    def matches(self, entered, _known):
        is_right = entered == "4711" and self.spent < self.uses
        return Match("guest PIN abc", spend=self.spend) if is_right else None

    def spend(self):
        self.spent += 1


@pytest.mark.parametrize(
    ("uses", "entries", "result", "spent", "why"),
    [
        (1, ["4711"], "pin_correct", 1, "guest PIN abc"),
        (1, ["1", "4711"], "pin_correct", 1, "guest PIN abc"),
        (0, ["4711", "1", "2"], "pin_incorrect", 0, ""),
        (1, ["1", "2", "3"], "pin_incorrect", 0, ""),
    ],
)
def test_what_is_good_so_often_is_used_up_when_it_was_right(uses, entries, result, spent, why):
    once = Once(uses)
    outcome, _ = outcome_of(AskForPin(once), *entries)
    assert (outcome.result, once.spent, outcome.why) == (result, spent, why)


def test_why_his_last_entry_was_in_vain_is_reported_of_who_hangs_up():
    outcome, _ = outcome_of(ASK, "0815", memory=LockedOut())
    assert (outcome.result, outcome.why) == ("hung_up", "locked out; the caller hung up")
    assert outcome_of(ASK, CallTaken("picked up"))[0].result == "taken_away"


def test_a_locked_caller_uses_nothing_up():
    once = Once(1)
    outcome, _ = outcome_of(AskForPin(once), "4711", "4711", "4711", memory=LockedOut())
    assert (outcome.result, once.spent) == ("pin_incorrect", 0)


@pytest.mark.parametrize(
    ("entry", "result"), [("0815", "pin_correct"), ("4711", "pin_correct"), ("1", "pin_incorrect")]
)
def test_each_of_several_is_right(entry, result):
    once = Once(1)
    outcome, _ = outcome_of(AskForPin(AnyOf((Pin("0815"), once))), entry, entry, entry)
    assert (outcome.result, once.spent) == (result, int(entry == "4711"))


class Unknown:
    """A credential that can't be looked up."""

    def matches(self, _entered, _known):
        raise Unchecked


class Counting(ReadOnly):
    """Remembers what was judged."""

    def __init__(self):
        super().__init__()
        self.judged = []

    def judge(self, *attempt):
        judged = super().judge(*attempt)
        self.judged.append(judged.judgement is Judgement.RIGHT)
        return judged


@pytest.mark.parametrize(
    ("expected", "entries", "judged", "result", "why"),
    [
        (Unknown(), ["1", "", "2"], [], "pin_incorrect", "the PIN could not be checked"),
        (AnyOf((Unknown(),)), ["1", "2", "3"], [], "pin_incorrect", "the PIN could not be checked"),
        (AnyOf((Pin("0815"), Unknown())), ["1", "0815"], [False, True], "pin_correct", ""),
        (AnyOf((Unknown(), Pin("0815"))), ["1", "2", "3"], [False] * 3, "pin_incorrect", ""),
        (AnyOf(()), ["1", "2", "3"], [False] * 3, "pin_incorrect", ""),
    ],
)
def test_an_entry_that_can_not_be_checked_is_an_attempt_but_counts_for_no_lockout(
    expected, entries, judged, result, why
):
    memory = Counting()
    outcome, _ = outcome_of(AskForPin(expected), *entries, memory=memory)
    assert (outcome.result, outcome.entries, outcome.why) == (result, len(entries), why)
    assert memory.judged == judged
    became = {True: "right", False: "wrong"}
    verdicts = iter(judged)
    assert outcome.attempts == [
        "silent" if entry == "" else became.get(next(verdicts, None), "unchecked") for entry in entries
    ]


@pytest.mark.parametrize(
    ("verdict", "entries", "failures"),
    [
        (ASK, ["1", "2", "0815"], 0),
        (ASK, ["1", "", "0815"], 0),
        (ASK, ["1", "2"], 2),
        (AskForPin(AnyOf((Pin("0815"), Pin("4711")))), ["1", "2", "0815"], 2),
        (TABLE, ["4711", "1", "4711", "0815"], 0),
        (TABLE, ["4712", "1", "4711", "0815"], 1),
        (TWO, ["4712", "1", "4711", "1", "4711", "0815"], 1),
    ],
)
def test_what_the_right_pin_shows_to_be_a_mistake_counts_no_more(verdict, entries, failures):
    memory = InMemory(None, lambda: 1e9)
    outcome_of(verdict, *entries, memory=memory)
    accounts = Account("g", "caller", "+49176"), Account("g", "gate", "")
    assert [tally.failures for tally in memory.tallies(accounts).values()] == [failures] * 2


@pytest.mark.parametrize(
    ("of_verdict", "of_gate", "right", "wrong"),
    [
        (Targets(), Targets(), "transfer 7001 inside", "reject 486 /s/rejected.wav"),
        (Targets(), Targets("100", "120"), "transfer 100 inside", "transfer 120 inside"),
        (Targets("200", "220"), Targets("100", "120"), "transfer 200 inside", "transfer 220 inside"),
        (Targets(None, "220"), Targets("100"), "transfer 100 inside", "transfer 220 inside"),
    ],
)
def test_a_pin_leads_where_the_step_says_else_where_the_gate_says(of_verdict, of_gate, right, wrong):
    gate, verdict = replace(GATE, targets=of_gate), AskForPin(Pin("0815"), *of_verdict)
    assert outcome_of(verdict, "0815", gate=gate)[1][-1] == right
    assert outcome_of(verdict, "1", "2", "3", gate=gate)[1][-1] == wrong


def test_a_target_of_the_gate_that_is_not_dialable_ends_in_a_rejection():
    assert outcome_of(ASK, "0815", gate=replace(GATE, targets=Targets("${evil}")))[1][-1] == "reject 484"
