from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.gate.number_table import NumberTable
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.targets import NumberPattern

PLANS = {country: NumberPlan(country) for country in ("AT", "CH", "DE", "DK", "FR", "GB", "IT", "US")}


def pattern(text, country="DE"):
    return NumberPattern.parse(text, PLANS[country])


def matches(text, number, country="DE"):
    """Whether a call to the number, in canonical form, is one to the pattern."""
    table = NumberTable(PLANS[country])
    table.add(text, text)
    return bool(table.find(number) or table.first(PLANS[country].guesses(number)))


@pytest.mark.parametrize(
    ("text", "matching", "other"),
    [
        pytest.param("7001", ["7001"], ["700", "70010", "7002", "+497001", ""], id="extension"),
        pytest.param("70 01", ["7001", "70 01"], ["70 02"], id="extension with a space"),
        pytest.param("110", ["110", "+49110", "0049 110"], ["1100", "+491100"], id="emergency number"),
        pytest.param("+49 7022 27978-12", ["+4970222797812"], ["+49702227978", "2797812"], id="direct dial"),
        pytest.param(
            "07022 27978 12",
            ["+4970222797812", "070222797812", "70222797812"],
            ["7022279781", "2797812"],
            id="national",
        ),
        pytest.param("07022/27978-12", ["+4970222797812"], ["12"], id="a hyphen that can't be a range"),
        pytest.param("+49 711 55500-00", ["+497115550000"], ["+4971155500"], id="a hyphen with no higher end"),
        pytest.param("+49-7022-27978-12", ["+4970222797812"], [], id="several hyphens"),
        pytest.param("alice", ["alice", "Alice"], ["alic", "alicea", "alice1"], id="name"),
        pytest.param("bank-24", ["bank-24"], ["bank24"], id="name with a hyphen"),
        pytest.param("a.c", ["a.c"], ["abc"], id="a dot is a dot"),
        pytest.param(
            "+49 7022 27978*",
            ["+49702227978", "+497022279780", "+49702227978123"],
            ["+4970222797", "+4970222a97"],
            id="open",
        ),
        pytest.param(
            "+49 (0)7022 27978*", ["+497022279780", "+4907022279780"], ["+49007022279780"], id="open, with a trunk zero"
        ),
        pytest.param("07022 27978*", ["+49702227978", "07022279780", "702227978"], ["70222797"], id="open, national"),
        pytest.param("0049 7022 27978*", ["+4970222797812"], ["+007022279780"], id="open, 00"),
        pytest.param(
            "49702227978*", ["+4970222797812", "4970222797812"], ["70222797"], id="open, country code without plus"
        ),
        pytest.param("0176123*", ["+49176123", "+4917612345678", "0176123"], ["176123"], id="open, mobile"),
        pytest.param("+*", ["+4917612345678"], ["7001", ""], id="any international number"),
        pytest.param(
            "07022 27978-*", ["+49702227978", "+4970222797812", "07022279780"], ["07022279"], id="open, hyphen"
        ),
        pytest.param("70*", ["70", "7001", "700012345678"], ["7", "+497001"], id="open, extensions"),
        pytest.param("70??", ["7000", "7099"], ["700", "70000", "70a0", "70??"], id="question marks"),
        pytest.param("?7?*", ["070", "1799"], ["17", "111"], id="question marks and star"),
        pytest.param("00?", ["001", "009"], ["+1"], id="short ones are extensions"),
        pytest.param(
            "0176 1234567?", ["+4917612345670", "017612345670"], ["017612345680"], id="question mark, national"
        ),
        pytest.param("7000\u20137099", ["7000", "7050", "7099"], ["6999", "7100"], id="range with an en dash"),
        pytest.param("\u202a7001\u202c", ["7001"], ["7002"], id="marks that nobody sees"),
        pytest.param("+49 8152 988\u20110", ["+4981529880"], ["0"], id="a hyphen that does not break"),
        pytest.param("*721*", ["721", "+497219", "721721", "7021721"], ["7201", "+49172"], id="somewhere in it"),
        pytest.param("*721", ["721", "+4989721", "89721"], ["7210", "72"], id="at the end"),
        pytest.param("70*1", ["701", "70001", "7071"], ["70", "7010", "+49701"], id="in the middle"),
        pytest.param(
            "0721*99", ["+4972199", "+49721123499", "072199"], ["+497219", "+4989721199"], id="middle, national"
        ),
        pytest.param("+49*721", ["+49721", "+4989721"], ["721", "+41721"], id="middle, E.164"),
        pytest.param("*7?1*9", ["7219", "+4970109", "97019"], ["719", "7190"], id="all of it"),
        pytest.param("*1*2*", ["12", "102", "+491112"], ["21", "+4921"], id="one after the other"),
        pytest.param("7000-7099", ["7000", "7050", "7099"], ["6999", "7100", "700", "70000"], id="range"),
        pytest.param("7000 - 7099", ["7000", "7099"], ["7100"], id="range with spaces"),
        pytest.param("7000..7099", ["7000", "7099"], ["7100"], id="range with dots"),
        pytest.param("7000 - 7000", ["7000"], ["7001"], id="range of one"),
        pytest.param("00-99", ["00", "07", "99"], ["0", "100"], id="range from zero"),
        pytest.param(
            "+4970222797800 - +4970222797899",
            ["+4970222797800", "+4970222797899"],
            ["+4970222797900"],
            id="range, E.164",
        ),
        pytest.param(
            "07022 27978-00 - 07022 27978-99",
            ["+4970222797800", "+4970222797899"],
            ["+4970222797900"],
            id="range, hyphens",
        ),
        pytest.param("0702227978..0702227979", ["+49702227978", "0702227979"], ["0702227980"], id="range, national"),
    ],
)
def test_matches(text, matching, other):
    assert [number for number in [*matching, *other] if matches(text, number)] == matching


@pytest.mark.parametrize(
    ("country", "text", "number"),
    [
        ("US", "(212) 555-1234", "+12125551234"),
        ("US", "212-555-????", "+12125551234"),
        ("US", "212 555-9999", "+12125559999"),
        ("DE", "0176/123456-78", "+4917612345678"),
        ("US", "1 212 555*", "+12125551234"),
        ("US", "212555*", "+12125551234"),
        ("US", "2125550100..2125550199", "+12125550123"),
        ("US", "70*", "7012"),
        ("US", "011 49 176*", "+4917612345678"),
        ("DK", "7000????", "+4570001234"),
        ("DK", "7000..7099", "7012"),
        ("IT", "06 1234*", "+39061234"),
    ],
)
def test_other_countries(country, text, number):
    assert matches(text, number, country)
    assert number == PLANS[country].canonical(number)


@pytest.mark.parametrize(
    ("country", "text", "message"),
    [
        (
            "DE",
            "07022-27978",
            "could be a number or a range; write 07022..27978 for the range, 0702227978 for the number",
        ),
        ("DE", "07022 - 27978", "could be a number or a range"),
        (
            "DE",
            "+49 711 555011-555099",
            "a number or a range; write +49711555011..+49711555099 for the range, +49711555011555099 for the number",
        ),
        ("DE", "+49 711 55500-99", "+4971155500..+4971155599 for the range, +497115550099 for the number"),
        ("DE", "0711/555011 - 12", "0711555011..0711555012 for the range"),
        ("DE", "+49711555011..555099", "of as many digits"),
        ("DE", "+49711555011555099", "more than the 15 digits"),
        ("DE", "4971155501155509", "more than the 15 digits"),
        ("DE", "+49 711 555011 555099*", "more than the 15 digits"),
        ("DE", "49711555011555090..49711555011555099", "more than the 15 digits"),
        ("US", "+1 212 555 0100-0199", "+12125550100..+12125550199 for the range"),
        ("DK", "3212-3299", "write 3212..3299 for the range, 32123299 for the number"),
        ("DE", "7099-7000", "from a lower to a higher number of as many digits"),
        ("DE", "7000-799", "of as many digits"),
        ("DE", "7000..10000", "of as many digits"),
        ("DE", "+70001..700099", "of as many digits"),
        ("DE", "0999999-1000000", "of as many digits"),
        ("DE", "*", "not alone"),
        ("DE", "**", "not alone"),
        ("DE", "70**1", "not alone"),
        ("DE", "*7*0*1*", "too many *; allowed: 3"),
        ("DE", "alic?", "stand for digits of a number"),
        ("DE", "al*", "stand for digits of a number"),
        ("DE", "70?0-70?9", "looks like a range"),
        ("DE", "7000-709*", "looks like a range"),
        ("DE", "70??..71??", "looks like a range"),
        ("DE", "", "'' is no number or name"),
        ("DE", "  ", "is no number or name"),
        ("DE", "+49 7022 27978 ext 5", "is no number or name"),
        ("DE", "+49 176 12345678 / +49 711 5550123", "is several numbers; write each as an item of its own"),
        ("DE", "0176 12345678, 0711 5550123", "is several numbers; write each as an item of its own"),
        ("DE", "0176 12345678; 0711", "is no number or name"),
        ("DE", "${evil}", "is no number or name"),
        ("DE", "70\n01", "is no number or name"),
        ("DE", "++49", "is no number or name"),
        ("DE", "٧٠٠١", "is no number or name"),
    ],
)
def test_refused(country, text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        pattern(text, country)


def test_equal_by_what_they_match():
    one, other = pattern("07022 27978*"), pattern("+49 7022 27978*")
    assert (one, hash(one), len({one, other})) == (other, hash(other), 1)
    assert pattern("7000-7099") == pattern("70??") != pattern("70*")
    assert [str(one), other.text] == ["07022 27978*", "+49 7022 27978*"]


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        pattern("7001").text = "7002"


@given(st.integers(1, 3).flatmap(lambda length: st.tuples(st.just(length), *[st.integers(0, 10**length - 1)] * 2)))
def test_a_range_matches_exactly_its_numbers(case):
    length, *ends = case
    low, high = sorted(ends)
    a_range = pattern(f"{low:0{length}}..{high:0{length}}")
    table = NumberTable(PLANS["DE"])
    table.enter(a_range, "it")
    numbers = [number for number in map(f"{{:0{length}}}".format, range(10**length)) if table.find(number)]
    assert numbers == [f"{number:0{length}}" for number in range(low, high + 1)]
    assert len(a_range.forms) <= 20 * length


@given(st.text("0123456789+?*-. ()alice#$\u2028", max_size=20))
def test_any_text_is_a_pattern_or_refused_with_a_sentence(text):
    try:
        a_pattern = pattern(text)
    except ValueError as refusal:
        sentence = str(refusal)
        assert re.search("allowed|could be|looks like|a range goes|format the column", sentence)
    else:
        assert a_pattern.text == text.strip()
        assert matches(text, a_pattern.forms[0].replace("?", "7").replace("*", "7"))


@given(st.text("0123456789", min_size=6, max_size=12), st.integers(0, 3))
def test_a_number_fits_the_pattern_of_its_beginning(digits, hidden):
    number = "+49" + digits
    for prefix in ("+49", "0049", "0", "+49 (0)"):
        if not digits.startswith("0"):
            assert matches(prefix + digits[: len(digits) - hidden] + "*", number)


@pytest.mark.parametrize(
    ("country", "text", "writings"),
    [
        ("CH", "+41 44 668*", ["+4144668", "004144668", "044668 123", "4144668 123", "+41 (0)44 668"]),
        ("GB", "+44 20 7946*", ["+44207946", "0044207946", "0207946", "44207946 1"]),
        ("FR", "01 42 68*", ["+3314268", "003314268", "014268 123", "3314268 123"]),
        ("US", "+1 212 555*", ["+1212555", "0111212555", "1212555 123", "212555 123"]),
        ("AT", "05 1717*", ["+4351717", "004351717", "051717", "4351717 12"]),
        ("DE", "0900*", ["+49900", "0049900", "0900", "49900 0000", "(0900)"]),
        ("DE", "+41 44 668*", ["+4144668", "004144668"]),
        ("DK", "+45 7012*", ["+457012", "00457012", "7012 000"]),
    ],
)
@given(st.text("0123456789", max_size=30))
def test_whatever_digits_follow_an_open_pattern_has_them(country, text, writings, digits):
    for writing in writings:
        assert matches(text, PLANS[country].canonical(writing + digits), country), writing


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("+41 44 668*", ["4466", "41446", "446681", "044669123", "0445668"]),
        ("+41*", ["0", "00", "41", "412345", "4123456", "110", "044"]),
    ],
)
def test_extensions_and_others_are_not_in_an_open_pattern(text, others):
    assert not [other for other in others if matches(text, PLANS["CH"].canonical(other), "CH")]
