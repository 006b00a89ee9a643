from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from number_rules import fits, specificity

from vipgate_fs.gate import number_table
from vipgate_fs.gate.number_table import NumberTable
from vipgate_fs.gate.numbers import NumberPlan, compact
from vipgate_fs.gate.targets import NumberPattern

PLAN = NumberPlan("DE")
VIP = "+4917612345678"
DIGITS = st.text("0123456789", min_size=2, max_size=6)
PATTERNS = st.one_of(
    DIGITS,
    DIGITS.map(lambda digits: f"{digits}*"),
    st.text("01?", min_size=2, max_size=6),
    st.text("01?*", min_size=2, max_size=6),
    st.tuples(st.integers(100, 999), st.integers(100, 999)).map(lambda ends: f"{min(ends)}..{max(ends)}"),
    st.sampled_from(["+49 7022 27978*", "07022 279?8 12", "+49*", "*0?0*", "+4*0", VIP]),
)
NUMBERS = st.one_of(
    DIGITS,
    st.text("01", min_size=2, max_size=6),
    st.sampled_from(["+4970222797812", VIP, "alice", "", "1?", "1*"]),
)


def parsed(texts):
    """Those patterns among texts that are some."""
    for text in texts:
        with suppress(ValueError):
            yield NumberPattern.parse(text, PLAN)


@given(st.lists(PATTERNS, min_size=1, max_size=8, unique=True), NUMBERS)
def test_the_table_finds_the_most_specific_of_what_trying_one_after_the_other_finds(texts, number):
    table, patterns = NumberTable(PLAN), list(parsed(texts))
    for pattern in patterns:
        assert set(table.add(pattern.text, pattern).forms) & set(pattern.forms)  # ranges may share a part
    matching = [pattern for pattern in patterns if fits(pattern, number)]
    found = [found.entry for found in table.all(number)]
    assert {pattern.text for pattern in found} <= {pattern.text for pattern in matching}
    assert {specificity(pattern) for pattern in found} == {specificity(pattern) for pattern in matching}
    assert found == sorted(found, key=specificity, reverse=True)
    if matching:
        assert specificity(table.find(number)) == max(map(specificity, matching))


@given(PATTERNS, PATTERNS)
def test_what_covers_a_form_has_all_its_numbers(one, other):
    for wide in parsed([one]):
        for narrow in parsed([other]):
            table = NumberTable(PLAN)
            table.enter(wide, "wide")
            form = narrow.forms[0]
            if "wide" in table.covering(form):
                for filling in ("", "0", "17", "999"):
                    assert fits(wide, form.replace("?", "5").replace("*", filling))


def test_patterns_that_are_equally_specific_need_no_order_of_what_is_said_of_them():
    table, entries = NumberTable(PLAN), [object(), object()]
    for pattern, entry in zip(("*0*", "*1*"), entries, strict=True):
        table.add(pattern, entry)
    assert {found.entry for found in table.all("01")} == set(entries)


@given(st.lists(PATTERNS, max_size=8, unique=True))
def test_what_is_in_a_table_can_be_read_from_it(texts):
    table, entered = NumberTable(PLAN), {}
    for pattern in parsed(texts):
        table.enter(pattern, pattern)
        for form in pattern.forms:
            entered.setdefault(form, pattern)
    for pattern, entry in table.items():
        assert (pattern.text, pattern.forms) == (pattern.forms[0], (pattern.text,))
        assert pattern.text in entry.forms
    assert {pattern.text for pattern, _ in table.items()} == entered.keys()
    assert sum(len(entries) for _, entries in table.shapes()) <= len(entered)


@given(st.text(max_size=20))
def test_whatever_a_caller_writes_only_numbers_fit_patterns(number):
    table = NumberTable(PLAN)
    for pattern in ("+49*", "0*", "1*", "????", "*7*"):
        table.add(pattern, pattern)
    assert table.find(number) is None or compact(number).lstrip("+").isdecimal()


def test_a_look_up_takes_as_many_steps_among_5000_patterns_as_among_five(monkeypatch):
    steps = []
    keys = number_table.Shape.keys
    monkeypatch.setattr(
        number_table.Shape, "keys", lambda shape, number: steps.extend(keys(shape, number)) or keys(shape, number)
    )
    counts = []
    for size in (5, 5000):
        table = NumberTable(PLAN)
        for number in range(size):
            for form in ("+49 7022 {:05}*", "*{:05}*", "8{:05}?", "*{:05}", "3{:05}0..3{:05}9"):
                table.add(form.format(number, number), (form, number))
        steps.clear()
        assert table.find("+4970220000477") == ("+49 7022 {:05}*", 4)
        counts.append(len(steps))
    assert counts[0] == counts[1] <= 20
