from __future__ import annotations

import string
import time

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from vipgate_fs.gate import numbering
from vipgate_fs.gate.doubts import doubt
from vipgate_fs.gate.numbers import LONGEST_EXTENSION, NumberPlan, compact, shown

PLANS = {
    country: NumberPlan(country)
    for country in (
        "AR",
        "AT",
        "AU",
        "CH",
        "DE",
        "DK",
        "ES",
        "FR",
        "GB",
        "HU",
        "IN",
        "IT",
        "LI",
        "LU",
        "RU",
        "US",
        "GL",
        "CN",
        "IE",
        "IL",
        "MC",
        "JE",
        "KZ",
    )
}
MOBILE = "+4917612345678"


@pytest.mark.parametrize(
    "written",
    [
        "0176 12345678",
        "0176/12345678",
        "(0176) 123-456-78",
        "0176.1234.5678",
        "0176\u00a012345678",
        "0176\u202f12345678",
        "0176\u201312345678",
        "0176\u2011123\u221245678",
        "004917612345678",
        "0049 (0)176 12345678",
        "+4917612345678",
        "+49 (0)176 12345678",
        "+49 0176 12345678",
        "4917612345678",
    ],
)
def test_one_number_however_written(written):
    assert PLANS["DE"].canonical(written) == MOBILE


@pytest.mark.parametrize(
    ("country", "written", "canonical"),
    [
        pytest.param("DE", "07022 27978-12", "+4970222797812", id="direct dial"),
        pytest.param("DE", "+49 702227978123456", "+49702227978123456", id="long direct dial"),
        pytest.param("DE", "+49 7022 1", "+4970221", id="explicit, possible at least"),
        pytest.param("DE", "00414466818001", "+414466818001", id="explicit, longer than valid"),
        pytest.param("DE", "0041446681800123", "+41446681800123", id="explicit, longer than possible"),
        pytest.param("DE", "+39 06 12345678", "+390612345678", id="Italian zero"),
        pytest.param("DE", "+39 (0)6 12345678", "+390612345678", id="Italian zero in parentheses"),
        pytest.param("DE", "0800 3301000", "+498003301000", id="freephone"),
        pytest.param("DE", "+1 212 555 1234", "+12125551234", id="abroad"),
        pytest.param("DE", "4970222797", "+4970222797", id="country code without plus, as short as a number can be"),
        pytest.param("AT", "05 1717", "+4351717", id="short Austrian company number"),
        pytest.param("CH", "044 668 18 00", "+41446681800", id="Swiss"),
        pytest.param("GB", "020 7946 0958", "+442079460958", id="British"),
        pytest.param("HU", "06 20 123 4567", "+36201234567", id="two digits of national prefix"),
        pytest.param("RU", "8 916 123-45-67", "+79161234567", id="national prefix 8"),
        pytest.param("LI", "234 56 78", "+4232345678", id="Liechtenstein uses no national prefix"),
        pytest.param("IN", "81234 56789", "+918123456789", id="optional national prefix"),
        pytest.param("AR", "011 15 2345 6789", "+5491123456789", id="Argentine mobile"),
        pytest.param("IT", "06 12345678", "+390612345678", id="no national prefix"),
        pytest.param("IT", "390612345678", "+390612345678", id="no national prefix, country code without plus"),
        pytest.param("IT", "3921234567", "+393921234567", id="begins like the country code"),
        pytest.param("DK", "32 12 34 56", "+4532123456", id="Danish"),
        pytest.param("US", "(212) 555-1234", "+12125551234", id="NANP, 10 digits"),
        pytest.param("US", "1 212 555 1234", "+12125551234", id="NANP, 11 digits"),
        pytest.param("US", "011 49 176 12345678", MOBILE, id="NANP, abroad"),
        pytest.param("JE", "01534 456789", "+441534456789", id="country code shared with a larger country"),
        pytest.param("KZ", "8 7172 123456", "+77172123456", id="the same, with 8"),
    ],
)
def test_real_numbers(country, written, canonical):
    assert PLANS[country].canonical(written) == canonical


@pytest.mark.parametrize(
    ("country", "written"),
    [
        *[("DE", written) for written in ("7001", "110", "112", "0", "00", "116117", "22833", "alice", "Bank-24")],
        *[("DE", written) for written in ("*97", "#31#", "70-01", "+49-Bank", "tel:+4917612345678", "MyGmbH+Co")],
        pytest.param("DE", "17612345678", id="without its national prefix"),
        pytest.param("DE", "0176123", id="too short to be valid"),
        pytest.param("DE", "4900123", id="the country's code without a plus, and no valid number"),
        pytest.param("DE", "41446681800", id="another country's code without a plus"),
        pytest.param("DE", "01144668180", id="another country's way abroad"),
        pytest.param("DE", "+999 123456", id="unknown country code"),
        pytest.param("DE", "00999123456", id="unknown country code after 00"),
        pytest.param("DE", "+49 1", id="impossibly short"),
        pytest.param("DE", "+49 7022 279781234567890", id="impossibly long"),
        pytest.param("DE", "+41 44 66818001234567", id="longer than E.164 allows"),
        pytest.param("DE", "+49 00176 1234567", id="a prefix too many"),
        pytest.param("US", "911", id="US emergency"),
        pytest.param("US", "5551234", id="local number"),
        pytest.param("US", "1001", id="extension that begins like the national prefix"),
        pytest.param("US", "004917612345678", id="00 leads nowhere in the US"),
        pytest.param("LU", "202012", id="extension, although it could be a number"),
        pytest.param("JE", "1534 456789", id="without the national prefix, code shared with a larger country"),
    ],
)
def test_anything_else_stays_as_it_is(country, written):
    assert PLANS[country].canonical(written) == written


@pytest.mark.parametrize(
    "hostile",
    [
        *["+", "++49", "+49+", "0049+49", "-", "()", "+\n", "+" * 64, "0" * 64],
        *[MOBILE + tail for tail in ("\n", "\r\nX: y", "%0A", "\u2028", "\udcff", "\x00", ";ext=1", "x1", ",1", "@x")],
        *["٠١٧٦١٢٣٤٥٦٧٨", "０１７６１２３４５６７８", "０" + MOBILE, "²", "49\u200b17612345678"],
    ],
)
def test_hostile_input_comes_back(hostile):
    assert PLANS["DE"].canonical(hostile) == hostile


@pytest.mark.parametrize("character", ["0", "+", " ", "-", "(", "4", "a", "\n", "\u2028", "\udcff"])
def test_long_input_costs_nothing(character):
    hostile = character * 10_000
    started = time.process_time()
    for _ in range(100):
        assert PLANS["DE"].canonical(hostile) == hostile
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("country", "writings", "canonical"),
    [
        ("AU", ["1300 123 456", "+61 1300 123 456", "0011 61 1300 123456", "611300123456"], "+611300123456"),
        ("IE", ["1800 123 456", "+353 1800 123456", "3531800123456"], "+3531800123456"),
        ("IL", ["1-800-123-456", "+972 1-800-123-456", "9721800123456"], "+9721800123456"),
        ("MC", ["99 12 34 56", "+377 99 12 34 56", "0037799123456"], "+37799123456"),
        ("CN", ["131 2345 6789", "+86 131 2345 6789", "8613123456789"], "+8613123456789"),
        ("DE", ["116117", "116 117", "+49 116117", "0049 116 117"], "116117"),
        ("DE", ["115", "+49 115", "0049115"], "115"),
        ("US", ["911", "+1 911"], "911"),
    ],
)
def test_one_number_with_and_without_what_is_left_out_at_home(country, writings, canonical):
    assert {compact(PLANS[country].canonical(written)) for written in writings} == {canonical}


def national_forms(region):
    """Numbers of a country, in the form of E.164 and in its own."""
    for kind in phonenumbers.PhoneNumberType.values():
        number = phonenumbers.example_number_for_type(region, kind)
        if number is not None and phonenumbers.is_valid_number(number):
            yield tuple(
                phonenumbers.format_number(number, form)
                for form in (PhoneNumberFormat.E164, PhoneNumberFormat.NATIONAL)
            )


@pytest.mark.parametrize("letter", string.ascii_uppercase)
def test_a_number_as_the_country_writes_it_is_the_number(letter):
    for plan, (e164, national) in (
        (NumberPlan(region), forms)
        for region in phonenumbers.SUPPORTED_REGIONS
        if region.startswith(letter)
        for forms in national_forms(region)
    ):
        if e164 in {"+4916412345", "+260630123456"}:  # libphonenumber knows no style for these two
            assert doubt(national, plan)
            continue
        for one, other in ((e164, national), (national, e164)):
            called = plan.canonical(other)
            protected = compact(plan.canonical(one))
            assert protected in {*plan.readings(called), *plan.guesses(called)}, (one, other)
        if len(compact(national)) > LONGEST_EXTENSION:
            assert plan.canonical(national) == e164


@pytest.mark.parametrize(
    ("country", "trunk_format", "written", "read"),
    [
        ("AT", "e164", "41556631019", "+41556631019"),
        ("AT", "e164", "436641234567", "+436641234567"),
        ("AT", "e164", "4917612345678", "+4917612345678"),
        ("AT", "e164", "06641234567", "+436641234567"),
        ("AT", "e164", "40211234567", "+40211234567"),
        ("AT", "e164", "414466818001", "+414466818001"),  # longer than the plan knows
        ("AT", "e164", "7001", "7001"),
        ("DE", "e164", "491234", "491234"),  # as long as an extension may be
        ("US", "e164", "442079460958", "+442079460958"),
        ("US", "e164", "2125551234", "+12125551234"),
        ("IT", "e164", "393921234567", "+393921234567"),
        ("DE", "national", "017612345678", "+4917612345678"),
        ("DE", "national", "0041556631019", "+41556631019"),
        ("DE", "national", "4917612345678", "4917612345678"),
        ("IT", "national", "3921234567", "+393921234567"),
        ("DE", "national_without_prefix", "17612345678", "+4917612345678"),
        ("DE", "national_without_prefix", "017612345678", "+4917612345678"),
        ("DE", "national_without_prefix", "+41556631019", "+41556631019"),
        ("DE", "national_without_prefix", "7001", "7001"),
        ("DE", "national_without_prefix", "alice", "alice"),
    ],
)
def test_nothing_needs_guessing_when_it_is_known_what_the_trunk_sends(country, trunk_format, written, read):
    plan = NumberPlan(country, trunk_format=trunk_format)
    assert plan.canonical(written) == read
    assert plan.canonical(read) == read


number_like = st.text("0123456789+ -/.()\u00a0*#", max_size=30) | st.from_regex(
    r"(\+|00|0|011|1|8)?[0-9]{2,20}", fullmatch=True
)
codes = st.sampled_from(["+49", "+43", "+39", "+1", "+7", "+54", "+55", "+52", "+36", "+81", "+598", "+800", "+881"])
explicit = st.builds(
    "{}{}{}".format, codes, st.sampled_from(["", "0", "00", "8", "1", "06"]), st.text("0123456789", max_size=18)
)


@given(st.sampled_from(sorted(PLANS)), number_like | explicit | st.text(st.characters(), max_size=70))
def test_canonical_is_its_own_canonical_form(country, written):
    plan = PLANS[country]
    canonical = plan.canonical(written)
    assert plan.canonical(canonical) == canonical
    assert canonical == written or (canonical[0] == "+" and canonical[1:].isascii() and canonical[1:].isdigit())


@pytest.mark.parametrize(
    ("country", "digits", "length", "beginning"),
    [
        ("DE", "0176123", None, "+49176123"),
        ("DE", "+49070", None, "+4970"),
        ("DE", "004970", None, "+4970"),
        ("DE", "0", None, "+49"),
        ("DE", "00", None, "+"),
        ("DE", "70", 4, "70"),
        ("DE", "70", None, "70"),
        ("DE", "07", 6, "07"),
        ("DE", "07", 7, "+497"),
        ("DE", "497022", None, "+497022"),
        ("DE", "49702", None, "49702"),
        ("DE", "497022", 11, "+497022"),
        ("DE", "+3906", None, "+3906"),
        ("DE", "+999", None, "+999"),
        ("DE", "", 4, ""),
        ("US", "212", 10, "+1212"),
        ("US", "1212", 11, "+1212"),
        ("US", "212", None, "212"),
        ("US", "212555", None, "+1212555"),
        ("RU", "8916", None, "+7916"),
    ],
)
def test_beginnings(country, digits, length, beginning):
    assert PLANS[country].beginning(digits, length) == beginning


@pytest.mark.parametrize(
    ("country", "number", "guesses"),
    [
        ("DE", "070222", ["+4970222"]),
        ("DE", "00497022279781234567890", ["+497022279781234567890"]),
        ("DE", "497022279", ["+497022279", "+49497022279"]),
        pytest.param("DE", "4971123", ["+494971123"], id="no local number with the country code"),
        pytest.param(
            "CH", "4144668180", ["+4144668180", "+414144668180"], id="country code without plus, a digit too few"
        ),
        pytest.param("US", "212555123", ["+1212555123"], id="a digit too few"),
        pytest.param("US", "1212555123", ["+1212555123"], id="a digit too few, with the national prefix"),
        pytest.param("US", "5551234", [], id="US local number"),
        pytest.param("US", "1212555", [], id="US local number that begins with 1"),
        pytest.param("DK", "457012345", ["+45457012345", "+457012345"], id="either"),
        ("ES", "9112345", []),
        ("GB", "020", []),
        ("GB", "0207946", ["+44207946"]),
        pytest.param("AU", "00442079460000", [], id="abroad, as other countries write it"),
        ("AU", "0011442079460000123456", ["+442079460000123456"]),
        ("RU", "81234", []),
        ("DE", "alice", []),
        pytest.param("DE", "70222797812", ["+4970222797812"], id="a trunk that drops the zero"),
        pytest.param("DE", "41446681800", ["+4941446681800", "+41446681800"], id="a trunk that drops the plus"),
        pytest.param("DE", "49116117", ["+4949116117", "116117"], id="a service without the plus"),
        pytest.param("GL", "321000", ["+299321000"], id="a number as short as an extension"),
        pytest.param("GL", "111111", [], id="no number, and as short as an extension"),
        pytest.param("GL", "+299321000", ["321000"], id="a number that is written as short as an extension"),
        pytest.param("DE", "+4970222797812#", ["+4970222797812"], id="#"),
        pytest.param("DE", "++4970222797812", ["+4970222797812"], id="two plus"),
        pytest.param("DE", "7001#", ["7001"], id="extension and #"),
        pytest.param("DE", "a070222797812_b", ["+4970222797812"], id="letters around it"),
        pytest.param("DE", "70a01", ["7001", "70", "01"], id="a letter in it"),
        pytest.param("DE", "70a22b01", ["702201", "70", "01"], id="two letters in it"),
        pytest.param(
            "DE", "+49a7022b2797812", ["+4970222797812", "+49", "49", "2797812", "+492797812"], id="letters and a plus"
        ),
    ],
)
def test_guesses(country, number, guesses):
    assert list(PLANS[country].guesses(number)) == guesses


@pytest.mark.parametrize(("country", "prefix"), [("DE", "0"), ("RU", "8"), ("HU", "06"), ("DK", ""), ("IT", "")])
def test_the_national_prefix_of_a_country(country, prefix):
    assert PLANS[country].national_prefix == prefix


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (NumberPlan("DE", ["private", "0"], "national"), True),
        (NumberPlan("AT", ["0", "private"], "national"), False),
        (NumberPlan("DE", ["0"], "national"), False),
        (NumberPlan("DE", ["0", "private"]), False),
    ],
)
def test_plans_read_alike_when_nothing_sets_them_apart(other, alike):
    assert NumberPlan("DE", ["0", "private"], "national").reads_like(other) == alike


@pytest.mark.parametrize("country", ["", "XX", "de", "DEU", "001", "49"])
def test_no_such_country(country):
    with pytest.raises(ValueError, match="no country with telephone numbers"):
        NumberPlan(country)


@pytest.mark.parametrize(
    ("number", "with_zeros"),
    [
        (MOBILE, "004917612345678"),
        ("7001", "7001"),
        ("alice", "alice"),
        ("", ""),
        ("+", "+"),
        ("+a", "+a"),
        ("++49", "++49"),
    ],
)
def test_shown(number, with_zeros):
    assert shown(number, "00") == with_zeros
    assert shown(number, "+") == number


@given(
    st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)),
    st.sampled_from(["", "0", "1", "8", "11", "06"]),
    st.text("0123456789", min_size=4, max_size=12),
)
def test_what_looks_ordinary_is_what_phonenumbers_would_make_of_it(code, prefix, digits):
    number = f"+{code}{prefix}{digits}"
    if numbering.ordinary(number):
        for only_valid in (False, True):
            expected = numbering._parsed.__wrapped__(number, only_valid=only_valid)
            assert numbering.e164(number, only_valid=only_valid) == expected
        assert numbering.e164(number, only_valid=False) == number


@pytest.mark.parametrize(("number", "ordinary"), [(MOBILE, True), ("+4901761234567", False), ("+39312345678", True)])
def test_what_looks_ordinary(number, ordinary):
    assert (numbering.ordinary(number) is not None) == ordinary
