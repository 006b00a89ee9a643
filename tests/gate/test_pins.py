from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.gate.pins import Pin, PinTable

digits = st.text("0123456789", min_size=1, max_size=20)


@given(digits, st.text(max_size=25))
def test_only_the_pin_itself_matches(pin, entered):
    assert (Pin(pin).matches(entered) is not None) == (pin == entered)
    assert Pin(pin).matches(pin)


@given(digits)
def test_nothing_shows_a_pin(pin):
    table = PinTable({"0049": Pin(pin)})
    shown = f"{Pin(pin)} {Pin(pin)!r} {table} {table!r} {[Pin(pin)]}"
    assert shown == "Pin(***) Pin(***) PinTable(1 entries) PinTable(1 entries) [Pin(***)]"


def test_a_pin_is_not_written_anywhere():
    with pytest.raises(TypeError):
        pickle.dumps(Pin("0815"))


def test_an_empty_entry_matches_nothing():
    assert not Pin("").matches("")
    assert not Pin.of_nobody().matches("")


def test_somebody_who_is_not_in_the_table_has_a_pin_that_nothing_matches():
    table = PinTable({"4711": Pin("0815")})
    assert table.of("4711").matches("0815")
    assert not table.of("4712").matches("0815")
    assert "4711" in table
    assert "4712" not in table
    assert len(table) == 1


def test_the_same_pin_is_equal_and_another_is_not():
    assert Pin("0815") == Pin("0815")
    assert hash(Pin("0815")) == hash(Pin("0815"))
    assert Pin("0815") != Pin("815")
    assert Pin("0815") != "0815"
