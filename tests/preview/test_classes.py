"""Classes of numbers: each number belongs to one, whatever is named besides."""

import pytest

from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.preview.classes import NumberClasses


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
