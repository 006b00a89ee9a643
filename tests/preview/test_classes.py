"""Classes of numbers: each number belongs to one, whatever is named besides."""

import pytest

from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.preview import classes as module
from vipgate_fs.preview.classes import NumberClasses, TooManyPatterns


def classes(*written):
    plan = NumberPlan("DE", ())
    return NumberClasses([NumberPattern.parse(text, plan) for text in written])


@pytest.mark.parametrize("named", range(1, 10))
def test_what_is_left_of_a_pattern_is_a_class_however_much_of_it_is_named(named):
    found = classes("700?", *(f"700{digit}" for digit in range(named))).of("7009")
    assert (found.patterns, found.is_single) == (("700?",), False)
    assert found.example not in {f"700{digit}" for digit in range(named)}


def test_a_pattern_of_which_every_number_is_named_is_no_class():
    assert {
        found.patterns[0] for found in classes("700?", *(f"700{digit}" for digit in range(10))) if found.patterns
    } == {f"700{digit}" for digit in range(10)}


def test_patterns_that_overlap_in_too_many_ways_are_refused_before_they_fill_the_memory(monkeypatch):
    """Each `*ddd*` doubles what has to be told apart: with sixteen, gigabytes were not enough."""
    monkeypatch.setattr(module, "MOST_POSITIONS", 20_000)
    with pytest.raises(TooManyPatterns):
        classes(*(f"*{digit}{digit}{digit}*" for digit in range(10)))


def test_a_thousand_patterns_that_begin_alike_are_few_states():
    found = classes(*(f"+49 7022 2{number:03}*" for number in range(1000)))
    assert len(list(found)) == 1001
    assert found._automaton._size < 50_000
