from __future__ import annotations

import random
import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from vipgate_fs.gate import numbering
from vipgate_fs.gate.doubts import doubt, spoilt
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.targets import NumberPattern

PLANS = {country: NumberPlan(country) for country in ("AT", "AU", "DE", "DK", "FR", "GB", "IT", "LU", "RU", "SM", "US")}
TYPES = sorted(phonenumbers.PhoneNumberType.values())


def examples():
    """Numbers that exist, with their countries."""
    for region in phonenumbers.SUPPORTED_REGIONS:
        for kind in TYPES:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None and phonenumbers.is_valid_number(number):
                yield region, phonenumbers.format_number(number, PhoneNumberFormat.E164)


@pytest.mark.parametrize(
    ("country", "written", "said"),
    [
        pytest.param("DE", "70222797812", "a leading 0 or + missing? Write +4970222797812", id="zero lost"),
        pytest.param("DE", "7022 27978*", "a leading 0 or + missing? Write +49702227978*", id="zero of a pattern lost"),
        pytest.param("DE", "7022 2797??", "a leading 0 or + missing? Write +4970222797??", id="zero and ? lost"),
        pytest.param("DE", "70222797800..70222797899", "Write +4970222797800", id="zeros of a range lost"),
        pytest.param("DE", "17612345678", "Write +4917612345678", id="zero of a mobile lost"),
        pytest.param("AT", "41556631019", "Write +41556631019", id="plus of another country lost"),
        pytest.param("DE", "41556631019", "Write +41556631019 or +4941556631019", id="a zero, or the plus"),
        pytest.param("FR", "142681234", "Write +33142681234", id="French zero lost"),
        pytest.param("DE", "5550123", "is its area code missing, or a leading 0", id="no area code"),
        pytest.param("US", "5551234", "is its area code missing", id="no US area code"),
        pytest.param("DE", "123456789012345", "no telephone number of DE is like this", id="digits without end"),
        pytest.param("DE", "0711", "too short for a number, read as it stands; write 0711* if", id="area code"),
        pytest.param("DE", "+49 711", "too short for a number, read as it stands; write +49711* if", id="area code, +"),
        pytest.param("DE", "0041 44", "write 004144* if", id="area code abroad"),
        pytest.param("FR", "0142", "write 0142* if", id="half a French number"),
        pytest.param("DE", "030", "write 030* if", id="the shortest area code"),
        pytest.param("DE", "+999 12345", "no country has the code that +99912345 begins with", id="no country"),
        pytest.param("DE", "+999*", "no country has the code that +999 begins with", id="no country, open"),
        pytest.param("DE", "09991234567", "+49 has no number like +499991234567", id="no such area code"),
        pytest.param("DE", "+49 999*", "+49 has no number like +49999", id="no such area code, open"),
        pytest.param("DE", "+49176123456789", "+49 has no number like", id="a mobile with a digit too many"),
        pytest.param("DE", "+1 212 555 12345", "+1 has no number like", id="a US number with a digit too many"),
        pytest.param("DE", "+41 44 668 18001", "+41 has no number like", id="a Swiss number with a digit too many"),
        pytest.param("DE", "+49 999 0..+49 999 9", "+49 has no number like +499990", id="no such area code, range"),
        pytest.param("DE", "49301*", "write +49301* for that", id="country code without plus"),
        pytest.param("DE", "49 (30)*", "write +4930* for that", id="country code that stands apart"),
        pytest.param("FR", "33142*", "write +33142* for that", id="French country code without plus"),
        pytest.param("US", "1-800-FLOWERS", "is read as a name; write +18003569377", id="letters of the keypad"),
        pytest.param("US", "800-356-Flws", "is read as a name; write +18003563597", id="letters of the keypad, no 1"),
        pytest.param("US", "00 49 711 5550123", "14 digits are read as an extension, not as", id="00 where it is 011"),
        pytest.param(
            "US", "0049 711 5550123", "US has another way abroad than 00; write +497115550123", id="other way"
        ),
        pytest.param(
            "SM", "0549 123456", "10 digits are read as an extension, not as a tele", id="0 but no such number"
        ),
        pytest.param("DE", "0800-TELEKOM", "is read as a name; write +498008353566", id="letters, German"),
        pytest.param("DE", "+49 7022 1", "read as it stands; write +4970221* if", id="possible, and too short"),
        pytest.param("DE", "55512345", "is its area code missing, or a leading 0", id="the longest local number"),
        pytest.param(
            "LU", "27621", "read as an extension, not as a telephone number; write +35227621 for that", id="as short"
        ),
    ],
)
def test_what_it_probably_was(country, written, said):
    NumberPattern.parse(written, PLANS[country])  # what is only doubtful is still taken as it is written
    doubtful = doubt(written, PLANS[country])
    assert said in str(doubtful)
    assert not doubtful or not re.search(r"[0-9]{3}", doubtful.fault)  # it may be a PIN


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("4917612345678.0", "a spreadsheet's decimal number; write +4917612345678"),
        ("017612345678.0", "a spreadsheet's decimal number; write +4917612345678"),
        ("17612345678.0", "a spreadsheet's decimal number; write +4917612345678"),
        ("4917612345678,00", "a spreadsheet's decimal number; write +4917612345678"),
        ("'+4917612345678.0", "a spreadsheet's decimal number; write +4917612345678"),
        ("4,917E+12", "by its last 9 digits; it began with 4917:"),
        ("4.917E+12", "by its last 9 digits; it began with 4917:"),
        ("4,91761e12", "by its last 7 digits; it began with 491761:"),
        ("5E+09", "by its last 9 digits; it began with 5:"),
        ("4.917612345678E+12", "a spreadsheet's number with an exponent; write +4917612345678"),
    ],
)
def test_what_a_spreadsheet_spoilt_is_refused_with_what_it_was(written, said):
    doubtful = doubt(written, PLANS["DE"])
    assert said in str(doubtful)
    assert doubtful == spoilt(written, PLANS["DE"])
    assert PLANS["DE"].canonical(written) == written
    with pytest.raises(ValueError, match="spreadsheet"):
        NumberPattern.parse(written, PLANS["DE"])


@pytest.mark.parametrize("written", ["1e3", "7E5", "0176.12345678", "17.612.345.678", "7001.0", "e", "4E", "alice.0"])
def test_what_no_spreadsheet_spoilt(written):
    assert spoilt(written, PLANS["DE"]) is None


@pytest.mark.parametrize(
    ("country", "written"),
    [
        *[("DE", written) for written in ("7001", "0", "00", "01", "110", "116117", "alice", "Bank-24", "*97")],
        *[
            ("DE", written)
            for written in (
                "7000-7099",
                "+497022000050..+497022000057",
                "70*",
                "0*",
                "+*",
                "+4*",
                "+49*",
                "0711*",
                "4930*",
                "493?*",
            )
        ],
        *[("DE", written) for written in ("49301234*", "4930123456", "4900-4999", "49???*", "49??", "+49 0*", "22833")],
        *[("DE", written) for written in ("reception-24", "reception-warehouse", "+49999hallo")],
        *[("DE", written) for written in ("0999??", "2234??", "49301?", "223344", "099900-099999", "223300-223399")],
        *[("DE", written) for written in ("4917612345678", "+49 116117", "+49 702227978123456")],
        *[("DE", written) for written in ("07022 27978-12", "0711/5550-0", "+49 711 555012345", "+43 1 711990 12345")],
        *[("US", written) for written in ("1*", "1212555*", "212555*", "2125551234", "911", "1001")],
        *[("AU", "000"), ("RU", "7*"), ("FR", "33*"), ("DK", "4512*"), ("DK", "70123456")],
    ],
)
def test_what_is_not_doubtful(country, written):
    assert doubt(written, PLANS[country]) is None


def test_no_number_that_exists_is_doubtful_from_anywhere():
    for region, number in examples():
        assert doubt(number, PLANS["DE"]) is doubt(number, NumberPlan(region)) is None, (region, number)


@given(st.integers(0, 2**32))
def test_what_exists_is_what_phonenumbers_says_exists(seed):
    draw = random.Random(seed)
    code = draw.choice(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
    number = f"+{code}{draw.randrange(10 ** draw.randrange(4, 12))}"
    parsed = phonenumbers.parse(number)
    if phonenumbers.format_number(parsed, PhoneNumberFormat.E164) == number:
        exists = phonenumbers.is_valid_number(parsed)
        assert numbering.exists(number) or not exists
        assert exists or not numbering.exists(number) or code in {1, 7, 44}  # shared by countries


@given(st.text("0123456789+?*-. ,eE'alice", max_size=24), st.sampled_from(sorted(PLANS)))
def test_any_text_is_doubtful_or_not(text, country):
    doubtful = doubt(text, PLANS[country])
    assert doubtful is None or (doubtful.fault and doubtful.remedy)
