"""--only-protected: whatever a gate could take fits the condition, however it is written."""

from __future__ import annotations

import ctypes
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
    "+52 1 55 1234 5678", "+55 11 91234 5678", "+36 1 234 5678", "+378 0549 886377", "+49301*4", "+7 495 123 45 67", "+45 32 12 34 56", "+4971155501..+4971155509",
]  # fmt: skip


def load(numbers, **site):
    gates = {"g": {"protects": {"numbers": numbers}, "identify": [{"static_pin": {"pin": "081512345"}}]}}
    return config.load_text(json.dumps({"version": 1, "site": site, "gates": gates})).configuration


def fits(condition, number):
    return condition is None or re.search(condition, number, re.ASCII) is not None


def is_compiled_by_pcre(condition):
    """Whether the library that FreeSWITCH compiles conditions with takes it, with its usual limit of 64 kB."""
    library, error, place = ctypes.CDLL("libpcre2-8.so.0"), ctypes.c_int(), ctypes.c_size_t()
    library.pcre2_compile_8.restype = ctypes.c_void_p
    text = condition.encode("ascii")
    return library.pcre2_compile_8(text, ctypes.c_size_t(len(text)), 0, ctypes.byref(error), ctypes.byref(place), None)


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


@pytest.mark.parametrize("count", [150, 2000])
def test_a_condition_is_never_longer_than_pcre_takes(count):
    """FreeSWITCH takes a condition that PCRE refuses for one that is not met: no call would meet a gate."""
    numbers = [f"+4930{20_000_000 + 3797 * index}" for index in range(count)]
    condition = expression(load(numbers))
    assert is_compiled_by_pcre(condition)
    assert all(fits(condition, number) for number in numbers[:: count // 50])
    assert not fits(condition, "+4971155501")


def test_names_too_many_for_a_condition_are_none():
    few, many = ([f"team{'x' * 50}{index}" for index in range(count)] for count in (400, 1000))
    assert is_compiled_by_pcre(expression(load(few)))
    assert expression(load(many)) is None


@pytest.mark.parametrize("pattern", ["+49*", "+4*", "*721*", "*4930123*", "+54 9 11*", "+378 0549*", "+261 20*"])
def test_a_pattern_of_which_no_digit_is_certain_is_no_condition(pattern):
    """`+27021` is the `+27 21` that `*721*` fits, and in Argentina `011 15` is written for `+54 9 11`."""
    assert expression(load([pattern, "7001"])) is None


@pytest.mark.parametrize(
    ("pattern", "country", "number"),
    [
        ("*721*", "DE", "+.0027021"),
        ("*4930123*", "DE", "+490301234567"),
        ("+54 9 11 2345 6789", "AR", "0111523456789"),
        ("+54 9 11 2345 6789", "DE", "+5401115-2345-6789"),
        ("+54 9 11 2345 67??", "AR", "+54111523456789"),
        ("+41 44 668 18 00", "CH", "0..04406681800"),
        ("+378 0549 886377", "DE", "+378886377"),
        ("+261 20 22 123 45", "MG", "+2612212345"),
        ("+672 3 22222", "NF", "+67222222"),
    ],
)
def test_digits_that_are_read_into_a_number_need_not_be_dialled(pattern, country, number):
    configuration = load([pattern], country=country)
    assert is_protected(configuration, number)
    assert fits(expression(configuration), number)


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
