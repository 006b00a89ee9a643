"""Telephone numbers: one canonical form for each, however it was written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Final

import phonenumbers
from phonenumbers import (
    NumberFormat,
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
    ValidationResult,
)

from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.gate.withheld import Withheld

LONGEST_EXTENSION: Final = 6
"""Digits. Where the national prefix may be left out, only its length tells a national number from an extension."""

E164_DIGITS: Final = 15
"""The longest number, with its country code (ITU-T E.164, 6.1)."""
_HYPHENS: Final = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"
_SPACES: Final = " \u00a0\u2002\u2003\u2007\u2008\u2009\u200a\u202f\u3000"
_UNSEEN: Final = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_PLAIN: Final = {ord(mark): put for marks, put in ((_HYPHENS, "-"), (_SPACES, " "), (_UNSEEN, "")) for mark in marks}
SEPARATORS: Final = f"{_SPACES}{_HYPHENS}/.()"
"""What only helps to read a number. Word, web pages and PDFs have other hyphens and spaces than a keyboard."""
DECIMAL: Final = re.compile(r"\s*'?(?P<digits>\+?[0-9]{7,})[.,]0+\s*", re.ASCII)
"""What a spreadsheet makes of a number that it takes for a quantity: the point separates nothing, and the 0 is none."""
_LONGEST_WRITTEN: Final = 64
_SHORTEST_WITHOUT_PLUS: Final = 11  # digits, where 49 could also begin a number without its national prefix
_NO_SEPARATORS: Final = str.maketrans("", "", SEPARATORS)
_LONGEST_LOCAL: Final = 8  # digits, without the area code
_DIGITS: Final = re.compile(r"\+?[0-9]+")
_INTERNATIONAL: Final = re.compile(r"\+[0-9]+")
_COUNTRY_CODE: Final = re.compile(rf"\+({'|'.join(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))})")


def plain(written: str) -> str:
    """A number or pattern with the hyphens and spaces that a keyboard has, and without marks that nobody sees."""
    return written if written.isascii() else written.translate(_PLAIN)


def compact(written: str) -> str:
    """A number without its SEPARATORS."""
    return written.translate(_NO_SEPARATORS)


def is_international(canonical: str) -> bool:
    """Whether a canonical number is in E.164 form, with a plus."""
    return _INTERNATIONAL.fullmatch(canonical) is not None


def shown(number: str, number_format: str) -> str:
    """A canonical number in the site's international format, "00" or "+"; what is not international stays as it is."""
    return number_format + number[1:] if is_international(number) else number


class NumberPlan:
    """How numbers are read at a site.

    Attributes:
        has_own_withheld: whether the site says what stands for a withheld number, which a valid number may.
    """

    def __init__(self, country: str, withheld: Iterable[str] = ()) -> None:
        """How numbers are read in a country.

        Args:
            country: ISO 3166-1 alpha-2, upper case.
            withheld: what stands for a withheld number besides what always does (see `vipgate_fs.gate.withheld`).

        Raises:
            ValueError: for a country that has no telephone numbers.
        """
        metadata = PhoneMetadata.metadata_for_region(country)
        if metadata is None:
            raise ValueError(f"{country!r} is no country with telephone numbers; allowed: ISO 3166-1, such as DE")
        code = phonenumbers.country_code_for_region(country)
        main = PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_country_code(code)) or metadata
        self.country = country
        self.code = str(code)
        own = tuple(withheld)
        self._withheld = Withheld(own)
        self.has_own_withheld = bool(own)
        self._shortest = min(_parsing(code)[1])
        self._service = _service_numbers(country)
        self._abroad = re.compile(metadata.international_prefix or "00")
        self._trunk = phonenumbers.ndd_prefix_for_region(country, strip_non_digits=True) or ""
        self._trunk_is_optional = not any(_demands(self._trunk, style) for style in main.number_format)

    def canonical(self, written: str) -> str:
        """The one form of a number, which is its own canonical form. Raises nothing, whatever the caller wrote.

        A real number becomes E.164 with a plus, `+4917612345678`, whether it was written with the country code, with
        the national prefix, or with the country code but no plus, as some trunks do. One that names its country code
        is real when it has a possible length (direct-dial digits make numbers longer than the plan knows); any other
        must be a valid number of the country. Anything else, such as extensions, 110 and names, comes back exactly as
        it was.
        """
        if len(written) > _LONGEST_WRITTEN:
            return written
        digits = compact(written)
        if not _DIGITS.fullmatch(digits) or (digits != written and DECIMAL.fullmatch(written)):
            return written
        if international := self.explicit(digits):
            return _e164(international, only_valid=False) or written
        valid = (_e164(international, only_valid=True) for international in self._national(digits, len(digits)))
        return next(filter(None, valid), written)

    def caller(self, written: str) -> str:
        """A caller's number in canonical form, or WITHHELD for what stands in the place of a number."""
        return WITHHELD if self.is_withheld(written) else self.canonical(written)

    def is_withheld(self, written: str) -> bool:
        """Whether this in the place of a caller's number says that none is shown."""
        meant = self._withheld.is_meant(written)
        return meant or (self._withheld.may_be_meant(written) and not self.is_complete(written))

    def readings(self, number: str) -> Iterator[str]:
        """A canonical number, and its compact form if it is an extension or the like that was written with spaces."""
        yield number
        digits = compact(number)
        if digits != number and _DIGITS.fullmatch(digits):
            yield digits

    def guesses(self, number: str) -> Iterator[str]:
        """What a canonical number begins like when its length is wrong; no proof of who calls.

        With a digit too many or too few, what was dialled is no valid number and stays as it was written: `070222` is
        still one of `+497022*`. So whoever looks for numbers to protect, or to reject, tries these, too; whoever lets
        callers pass does not: the Swedish 46701234567 could be a Danish number with digits too many.
        """
        digits = compact(number)
        if not _DIGITS.fullmatch(digits):
            return
        if explicit := self.explicit(digits):
            begun = iter((explicit,))
        # No extension begins with 0, which leads out of the house; one may begin with the 1 or 8 of other countries.
        # 00 leads abroad, if only in other countries.
        elif digits.startswith("00") or (len(digits) <= LONGEST_EXTENSION and not digits.startswith("0")):
            return
        else:
            begun = (one for one in self._national(digits, len(digits)) if self._is_nearly_complete(one, digits))
        whole = map(_without_trunk_zero, begun)
        yield from (one for one in whole if one not in (digits, "+", f"+{self.code}"))

    def _is_nearly_complete(self, international: str, digits: str) -> bool:
        """Whether at most one digit is missing, and it is no local number that begins like the country code."""
        is_long_enough = len(international) - len(f"+{self.code}") >= self._shortest - 1
        return is_long_enough and (international != f"+{digits}" or len(digits) > _LONGEST_LOCAL)

    def beginning(self, digits: str, length: int | None = None) -> str:
        """The canonical form of the first digits of numbers that are not known in full: `0176` is `+49176`.

        Args:
            digits: what the numbers begin with, compact.
            length: how many digits they have, written like this; None: any number. Up to LONGEST_EXTENSION of them are
                an extension.
        """
        if length is not None and length <= LONGEST_EXTENSION:
            return digits
        international = self.explicit(digits) or next(self._national(digits, length or len(digits) + 1), None)
        return _without_trunk_zero(international) if international else digits

    def explicit(self, digits: str) -> str | None:
        """Digits that say themselves which country they belong to, with a plus; None for others."""
        if digits.startswith("+"):
            return digits
        abroad = self._abroad.match(digits)
        return f"+{digits[abroad.end() :]}" if abroad else None

    def at_home(self, digits: str) -> str | None:
        """Digits that begin with the national prefix, with the country's code; None for others."""
        return (
            f"+{self.code}{digits.removeprefix(self._trunk)}"
            if self._trunk and digits.startswith(self._trunk)
            else None
        )

    def is_service(self, digits: str) -> bool:
        """Whether it is a short number of the country, such as 112, 115 or 116117."""
        return self._service.fullmatch(digits) is not None

    def is_complete(self, written: str) -> bool:
        """Whether it is a valid number as it stands, with nothing that has to follow."""
        canonical = self.canonical(written)
        return is_international(canonical) and _e164(canonical, only_valid=True) == canonical

    def _national(self, digits: str, length: int) -> Iterator[str]:
        """The international forms of what begins with the digits and has that length, the likeliest first."""
        if at_home := self.at_home(digits):
            yield at_home
            return
        if length <= LONGEST_EXTENSION:
            return
        forms = [f"+{digits}"] if digits.startswith(self.code) else []
        if self._trunk_is_optional:
            forms.insert(len(forms) if length >= _SHORTEST_WITHOUT_PLUS else 0, f"+{self.code}{digits}")
        yield from forms


def _service_numbers(country: str) -> re.Pattern[str]:
    """The short numbers of a country that are the same with every carrier and not only for text messages."""
    metadata = PhoneMetadata.short_metadata_for_region(country)
    every, *others = (metadata.short_code, metadata.carrier_specific, metadata.sms_services) if metadata else (None,)
    but = "".join(f"(?!(?:{one.national_number_pattern})$)" for one in others if one and one.national_number_pattern)
    return re.compile(f"{but}(?:{every.national_number_pattern if every else '(?!)'})", re.ASCII)


def _demands(trunk: str, style: NumberFormat) -> bool:
    rule = style.national_prefix_formatting_rule or ""
    return trunk != "" and trunk in rule and not style.national_prefix_optional_when_formatting


def _without_trunk_zero(international: str) -> str:
    """`+49 (0)176` is `+49 176`, but `+39 06` keeps its zero: Italy has no national prefix."""
    code = _COUNTRY_CODE.match(international)
    if code is None:
        return international
    region = phonenumbers.region_code_for_country_code(int(code[1]))
    zero = "0" if phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True) == "0" else ""
    return code[0] + international[code.end() :].removeprefix(zero)


def _e164(international: str, *, only_valid: bool) -> str | None:
    if number := _ordinary(international):
        return international if not only_valid or phonenumbers.is_valid_number(number) else None
    return _parsed(international, only_valid=only_valid)


def _ordinary(international: str) -> PhoneNumber | None:
    """A number that is its own E.164 form at first sight: possible length, nothing that could be a prefix too many.

    Lists of callers have 100,000 of them, and phonenumbers takes 13 µs to say the same.
    """
    code = _COUNTRY_CODE.match(international)
    if code is None:
        return None
    number = international[code.end() :]
    prefix, lengths = _parsing(int(code[1]))
    if len(number) not in lengths or number.startswith("0") or prefix.match(number):
        return None
    return PhoneNumber(country_code=int(code[1]), national_number=int(number))


@cache
def _parsing(code: int) -> tuple[re.Pattern[str], frozenset[int]]:
    """What phonenumbers.parse takes for a prefix in numbers of a country code, and how long they may be without it."""
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, phonenumbers.region_code_for_country_code(code))
    assert metadata is not None, "there is metadata for every country code"
    lengths = metadata.general_desc.possible_length if metadata.general_desc else ()
    return re.compile(metadata.national_prefix_for_parsing or "(?!)"), frozenset(lengths)


@lru_cache(maxsize=4096)
def _parsed(international: str, *, only_valid: bool) -> str | None:
    try:
        number = phonenumbers.parse(international)
        e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        if e164 != international and phonenumbers.parse(e164) != number:
            return None  # one prefix too many was written, and removing it brought another to light
    except NumberParseException:
        return None
    if only_valid:
        return e164 if phonenumbers.is_valid_number(number) else None
    return e164 if _is_possible(number, len(e164) - 1) else None


def _is_possible(number: PhoneNumber, digits: int) -> bool:
    match phonenumbers.is_possible_number_with_reason(number):
        case ValidationResult.IS_POSSIBLE:
            return True
        case ValidationResult.TOO_LONG | ValidationResult.INVALID_LENGTH:
            return digits <= E164_DIGITS
        case _:
            return False
