"""Parties in words: exactly those numbers that are meant, however their patterns overlap."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.preview.classes import NumberClasses
from vipgate_fs.preview.parties import described, party

PLAN = NumberPlan("DE")
WRITTEN = ["700?", "70*", "7*5", "7001", "7000-7005", "*05", "7*", "71*", "7*00*"]
SHAPE = re.compile(r"(?P<name>\S+)(?: that fit (?P<also>.*), too)?(?: \(without (?P<without>.*)\))?")


def is_meant(text, found):
    """Whether a class of numbers is within what a text says."""
    if text == "all other numbers":
        return not found.patterns
    shape = SHAPE.fullmatch(text)
    assert shape, text
    wanted = {shape["name"], *(shape["also"].split(", ") if shape["also"] else ())}
    without = set(shape["without"].split(", ") if shape["without"] else ())
    return wanted <= set(found.patterns) and not without & set(found.patterns)


@given(st.lists(st.sampled_from(WRITTEN), min_size=1, max_size=4, unique=True), st.data())
def test_the_text_means_those_numbers_and_no_other(written, data):
    classes = NumberClasses([NumberPattern.parse(text, PLAN) for text in written])
    everybody = list(classes)
    meant = data.draw(st.lists(st.sampled_from(everybody), min_size=1, unique=True))
    texts = list(described(map(party, meant), classes))
    said = {found.example for found in everybody if any(is_meant(text, found) for text in texts)}
    assert said == {found.example for found in meant}, texts


def test_callers_who_hide_their_number_are_told_apart():
    classes = NumberClasses([NumberPattern.parse("7001", PLAN)])
    one = party(classes.of("7001"))
    hiding = party(classes.of("7001")).__class__(one.kind, one.name, one.example, one.patterns, restricted=True)
    assert list(described([one], classes, hides=True)) == ["7001 (who show their number)"]
    assert list(described([hiding], classes, hides=True)) == ["7001 (who hide their number)"]
    assert list(described([one, hiding], classes, hides=True)) == ["7001"]
    assert list(described([one], classes)) == ["7001"]
