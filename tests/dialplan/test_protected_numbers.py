"""--only-protected: whatever a gate could take fits the condition, however it is written."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vipgate_fs import config
from vipgate_fs.dialplan.numbers import expression
from vipgate_fs.gate import dialable
from vipgate_fs.gate.call import Call

COUNTRIES = ["DE", "AT", "CH", "IT", "US", "AU", "RU", "AR", "MX", "BR", "DK", "GB", "HU"]
PATTERNS = [
    "+49 7022 27978*", "+49 711 5551001", "0711 555 1002", "7000-7099", "7001", "70??", "alice", "*721*", "116117",
    "+41 44 668 18 00", "+39 06 698 12345", "+1 212 555 0100", "+54 9 11 2345 6789", "+61 1300 123 456", "1300 123 456",
    "+52 1 55 1234 5678", "+55 11 91234 5678", "+36 1 234 5678", "+7 495 123 45 67", "+45 32 12 34 56", "+4971155501..+4971155509",
]  # fmt: skip


def load(numbers, **site):
    gates = {"g": {"protects": {"numbers": numbers}, "identify": [{"static_pin": {"pin": "081512345"}}]}}
    return config.load_text(json.dumps({"version": 1, "site": site, "gates": gates})).configuration


def fits(condition, number):
    return condition is None or re.search(condition, number) is not None


def is_protected(configuration, number):
    plan = configuration.site.trunk
    return (
        configuration.gates.find(Call(uuid="", caller="withheld", called=plan.canonical(number), dialled=number))
        is not None
    )


@st.composite
def writings(draw, pattern):
    """A number of a pattern as a trunk or a caller may write it, or something like it."""
    digits = "".join(
        draw(st.text("0123456789", max_size=4))
        if one == "*"
        else draw(st.sampled_from("0123456789"))
        if one == "?"
        else one
        for one in pattern.split("..")[0].split("-")[0]
        if one != " "
    )
    bare = digits.removeprefix("+")
    cut = draw(st.integers(0, 4))
    head = draw(
        st.sampled_from(
            ["", "+", "00", "0", "+0", "011", "0011", "8", "9", "1", "49", "+49", "+490", "0049", "15", "06", "a"]
        )
    )
    tail = draw(st.sampled_from(["", "#", ".", "-", "#1", "*5", "a", "0", "12"]))
    text = head + bare[cut:] + tail
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.sampled_from([".", "-", "_", "0", "+", "#"])) + text[place:]
    return text


@settings(max_examples=20)
@given(
    data=st.data(),
    country=st.sampled_from(COUNTRIES),
    trunk=st.sampled_from([None, "e164", "national", "national_without_prefix"]),
)
def test_whatever_a_gate_would_take_goes_to_the_gate(data, country, trunk):
    pattern = data.draw(st.sampled_from(PATTERNS))
    site = {"country": country, **({"trunk_format": trunk} if trunk else {})}
    configuration = load([pattern], **site)
    if configuration is None:
        return
    condition = expression(configuration)
    for _ in range(25):
        number = data.draw(writings(pattern))
        if dialable.is_dialable(number) and is_protected(configuration, number):
            assert fits(condition, number)


@pytest.mark.parametrize(
    "number", ["+497022279780", "00497022279781", "070222797812", "702227978", "497022279780", "+4907022-27978.0#"]
)
def test_a_protected_number_fits_in_each_of_its_forms(number):
    configuration = load(["+49 7022 27978*"])
    assert is_protected(configuration, number)
    assert fits(expression(configuration), number)


@pytest.mark.parametrize("number", ["+497022279", "7000", "+4971155501", "100"])
def test_other_numbers_go_round_the_gate(number):
    assert not fits(expression(load(["+49 7022 27978*", "alice"])), number)


def test_a_pattern_for_every_number_is_no_condition():
    assert expression(load(["+49*"])) is None
    assert expression(load(["+4*", "7001"])) is None


@pytest.mark.parametrize(
    ("protects", "site", "why"),
    [
        ({"users": ["alice"]}, {}, "users or groups"),
        ({"groups": ["support"]}, {}, "users or groups"),
        ({"numbers": ["7000"]}, {"called_number": ["To"]}, "may stand in To"),
        ({"numbers": ["7000001-7012999"]}, {}, None),
    ],
)
def test_what_no_condition_can_say_is_refused(protects, site, why):
    gates = {"g": {"protects": protects, "otherwise": {"reject": True}}}
    configuration = config.load_text(json.dumps({"version": 1, "site": site, "gates": gates})).configuration
    if why is None:
        assert fits(expression(configuration), "7005678")
        return
    with pytest.raises(ValueError, match=why):
        expression(configuration)
