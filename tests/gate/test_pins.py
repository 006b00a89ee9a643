from __future__ import annotations

import hmac
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.gate import pins
from vipgate_fs.gate.pins import AnyOf, Match, Pin, PinTable

digits = st.text("0123456789", min_size=1, max_size=20)


@given(digits, st.text(max_size=25))
def test_only_the_pin_itself_matches(pin, entered):
    assert (Pin(pin).matches(entered) is not None) == (pin == entered)
    assert Pin(pin).matches(pin)


@pytest.fixture
def compared(monkeypatch):
    """How long the two were that `hmac.compare_digest` compared: it takes the same time wherever they differ."""
    lengths, compare = [], hmac.compare_digest

    def note(one, other):
        lengths.append((len(one), len(other)))
        return compare(one, other)

    monkeypatch.setattr(pins.hmac, "compare_digest", note)
    return lengths


@pytest.mark.parametrize("entered", ["", "0", "0814", "0815", "081", "0815" * 250, "\udcff"])
def test_every_entry_is_compared_once_with_nothing_left_out(compared, entered):
    assert bool(Pin("0815").matches(entered)) == (entered == "0815")
    assert compared == [(32, 32)]


@pytest.mark.parametrize("entered", ["1", "2", "3", "4"])
def test_of_several_pins_all_are_compared(compared, entered):
    assert bool(AnyOf((Pin("1"), Pin("2"), Pin("3"))).matches(entered, None)) == (entered != "4")
    assert compared == [(32, 32)] * 3


class Owned:
    """A credential that is right for who has a book."""

    def matches(self, entered, known):
        return Match(known) if known == "book" else None


def test_of_several_each_looks_into_the_same_book():
    assert AnyOf((Pin("1"), Owned())).matches("2", "book") == Match("book", only=False)
    assert AnyOf((Pin("1"), Owned())).matches("2", None) is None


@pytest.mark.parametrize(("pins", "only"), [("1", True), ("12", False)])
def test_beside_a_pin_that_is_right_others_may_be(pins, only):
    assert AnyOf(tuple(map(Pin, pins))).matches("1", None).only is only
    assert Pin("1").matches("1").only


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
