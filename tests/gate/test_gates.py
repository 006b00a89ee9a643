from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from number_rules import fits, specificity

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.gate import Gate, Prompts, Protects
from vipgate_fs.gate.gates import Gates
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.reason import Reason
from vipgate_fs.gate.targets import NumberPattern

PLAN = NumberPlan("DE")
PROMPTS = Prompts("/s/welcome.wav", "/s/wrong.wav", "/s/customer.wav")


def gates(*protected):
    """A gate for each, named a, b, c…; what is protected is numbers, or users as @user and groups as %group."""
    made = []
    for line, texts in enumerate(protected, 1):
        numbers = [(NumberPattern.parse(text, PLAN), line) for text in texts if text[0] not in "@%"]
        users, groups = ({text[1:]: line for text in texts if text[0] == sign} for sign in "@%")
        made.append(Gate(chr(96 + line), line, Protects(tuple(numbers), users, groups), (), PROMPTS))
    return Gates(made, PLAN)


def call(called, users=(), groups=()):
    called = PLAN.canonical(called)
    return Call("1", "", called, called, called_users=frozenset(users), called_groups=frozenset(groups))


@pytest.mark.parametrize(
    ("protected", "called", "taker"),
    [
        pytest.param([["+49 89 123456*"], ["+49 89 12345610"]], "+498912345610", "b", id="the boss in the company"),
        pytest.param([["+49 89 12345610"], ["+49 89 123456*"]], "+498912345610", "a", id="whatever the order"),
        pytest.param(
            [["+49 89 12345610"], ["+49 89 123456*"]], "089 123456-11", "b", id="the company without the boss"
        ),
        pytest.param([["7000-7099"], ["7010-7019"], ["7015"]], "7015", "c", id="an exception of an exception"),
        pytest.param([["7000-7099"], ["7010-7019"], ["7015"]], "7016", "b", id="a range in a range"),
        pytest.param([["7000-7150"], ["7100-7149"]], "7120", "b", id="a range in a range that is not aligned"),
        pytest.param([["7*"], ["70??"]], "7012", "b", id="more digits"),
        pytest.param([["70*"], ["70??"]], "7012", "b", id="a known length"),
        pytest.param([["7022*"], ["702???"]], "702299", "a", id="more digits though of any length"),
        pytest.param([["+49*"], ["*721*"]], "+4989721", "b", id="digits anywhere"),
        pytest.param([["70*"], ["@7001"]], "7001", "b", id="a user by their very name"),
        pytest.param([["0711 5550*"], ["+*"]], "0711 5550", "a", id="exact before any"),
        pytest.param([["+49 7022*"], ["7022*"]], "7022123456", "b", id="what is written before a guess"),
        pytest.param([["+49 70*"], ["0702*"]], "07022", "b", id="the more specific guess"),
    ],
)
def test_the_most_specific_target_takes_the_call(protected, called, taker):
    found = gates(*protected).find(call(called))
    assert found[0].name == taker
    assert found[1].line == found[0].line


def test_of_what_one_gate_names_the_number_is_the_reason_then_who_has_it():
    protected = gates(["7001", "@eva", "%sales"], ["%all"])
    assert protected.find(call("7001", ["eva"], ["sales", "all"]))[1].text == "gate a protects number 7001"
    gate, reason = protected.find(call("7002", ["eva"], ["all", "sales"]))
    assert (gate.name, reason.text) == ("a", "gate a protects user eva")
    assert protected.find(call("7002", (), ["all"]))[1] == Reason("gate", 2, "gate b protects group all")
    assert protected.why_none(call("7002")).text == "no gate protects 7002"
    assert protected.why_none(call("")).text == "no gate protects this call"


def test_the_reason_names_what_was_less_specific():
    _, reason = gates(["+49 89 123456*"], ["+49 89 12345610"]).find(call("+498912345610"))
    assert reason.text == (
        "gate b protects number +49 89 12345610, more specific than number +49 89 123456* of gate a (line 1)"
    )
    _, reason = gates(["+49 89 123456*", "+49 89 1234*"]).find(call("+498912345610"))
    assert reason.text == "gate a protects number +49 89 123456*"


def test_the_reason_says_that_a_guess_protects():
    _, reason = gates(["+49 7022*"]).find(call("070222"))
    assert reason.text == "gate a protects number +49 7022* (070222 may be +4970222)"


@pytest.mark.parametrize(
    ("protected", "users", "groups", "taker", "asks"),
    [
        ([["7001"], ["@alice"], ["%sales"]], ["alice"], ["sales"], "a", False),
        ([["%sales"], ["@alice"], ["7001"]], ["alice"], ["sales"], "a", True),
        ([["%sales"], ["@alice"], ["7001"]], ["alice"], [], "b", True),
        ([["%sales"], ["@alice"], ["7001"]], [], [], "c", True),
        ([["@alice"], ["+49*"]], [], [], None, True),
        ([["+49*"], ["8*"]], ["alice"], ["sales"], None, False),
    ],
)
def test_users_and_groups_go_by_the_order_of_the_file(protected, users, groups, taker, asks):
    a_call = call("7001", users, groups)
    found = gates(*protected).find(a_call)
    assert (found and found[0].name) == taker
    assert gates(*protected).needs_directory(a_call) == asks


@pytest.mark.parametrize(
    "around", ["{}#", "{}*", "{}a", "{}_", "+{}", "++{}", "*{}", "a{}", "%23{}", "sip:{}", "{};ext=1", "{} x", "x{}#"]
)
@pytest.mark.parametrize(
    "digits", ["+4970222797812", "004970222797812", "070222797812", "4970222797812", "70222797812", "7001"]
)
def test_what_stands_around_the_digits_leads_nobody_round_a_gate(around, digits):
    assert gates(["+49 7022 27978*", "7001"]).find(call(around.format(digits)))


def test_what_stands_within_the_digits_leads_nobody_round_a_gate():
    for place in range(2, 14):
        assert gates(["+49*"]).find(call("+4970222797812"[:place] + "a" + "+4970222797812"[place:])), place


@pytest.mark.parametrize("called", ["alice", "ALICE", "Alice"])
@pytest.mark.parametrize("protected", ["alice", "Alice", "@alice"])
def test_names_in_other_letters_lead_nobody_round_a_gate(protected, called):
    """FreeSWITCH's directory does not tell them apart: who rings is the same (facts: "Directory")."""
    assert gates([protected]).find(call(called))
    assert gates(["@alice"]).find(call("7001", ["Alice"]))
    assert gates(["%sales"]).find(call("7001", groups=["Sales"]))


def test_a_user_goes_before_a_guess_of_another_gate():
    assert gates(["+49 7022*"], ["@bob"]).find(call("070222", ["bob"]))[0].name == "b"


def test_gates_are_a_sequence_in_the_order_of_the_file():
    some = gates(["7001"], ["7002"], ["7003"])
    assert [gate.name for gate in some] == ["a", "b", "c"]
    assert (len(some), some[1].name, [gate.name for gate in some[1:]]) == (3, "b", ["b", "c"])


def test_a_disabled_gate_takes_no_call_and_the_reason_names_it():
    off, on = gates(["7001"], ["70*"])
    some = Gates([replace(off, enabled=False), on], PLAN)
    assert some.find(call("7001"))[0].name == "b"
    alone = Gates([replace(off, enabled=False)], PLAN)
    assert alone.find(call("7001")) is None
    assert alone.why_none(call("7001")) == Reason("gate", 1, "no gate protects 7001, for gate a is disabled")
    assert alone.why_none(call("7002")) == Reason("gate", None, "no gate protects 7002")
    assert not Gates([replace(gates(["@alice"])[0], enabled=False)], PLAN).needs_directory(call("7001"))


def test_the_reason_has_the_title_of_the_gate():
    titled = replace(gates(["7001"])[0], title="Bereitschaft Süd")
    assert Gates([titled], PLAN).find(call("7001"))[1].text == "gate a (Bereitschaft Süd) protects number 7001"


TEXTS = st.one_of(
    st.text("01", min_size=1, max_size=4),
    st.text("01?", min_size=1, max_size=4),
    st.text("01", min_size=1, max_size=3).map("{}*".format),
    st.text("01", min_size=1, max_size=3).map("@{}".format),
    st.sampled_from(["@alice", "@bob", "%sales", "%board", "100-104", "*01*", "+49 7022*"]),
)


@given(
    st.lists(TEXTS, min_size=1, max_size=6, unique=True),
    st.text("01", min_size=1, max_size=4) | st.sampled_from(["070222", "alice", "+4970225"]),
    st.sets(st.sampled_from(["alice", "bob"]), max_size=1),
    st.sets(st.sampled_from(["sales", "board"])),
)
def test_gates_are_found_as_the_rule_says(texts, called, users, groups):
    some, a_call = gates(*([text] for text in texts)), call(called, users, groups)
    found = some.find(a_call)
    taker = found and found[0].name
    for readings in (PLAN.readings, PLAN.guesses):
        ranks = {gate.name: rank for gate in some if (rank := _specificity(gate, list(readings(a_call.called))))}
        best = [name for name, rank in ranks.items() if rank == max(ranks.values())]
        named = [gate.name for gate in some if _is_named(gate, a_call)]
        if best or named:
            assert taker in {min((name, *named)) for name in best or named}  # the names are in the order of the file
            return
    assert taker is None


def _is_named(gate, a_call):
    return bool(a_call.called_users & gate.protects.users.keys() or a_call.called_groups & gate.protects.groups.keys())


def _specificity(gate, readings):
    patterns = [pattern for pattern, _ in gate.protects.numbers]
    patterns += map(NumberPattern.exactly, gate.protects.users)
    fitting = [pattern for pattern in patterns if any(fits(pattern, reading) for reading in readings)]
    return max(
        ((only, 0 if only else digits, is_closed) for only, digits, is_closed in map(specificity, fitting)),
        default=None,
    )
