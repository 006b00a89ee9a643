"""Telephone numbers: one canonical form for each, however it was written."""

from __future__ import annotations

import re
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

LONGEST_EXTENSION: Final = 6
"""Digits. Where the national prefix may be left out, only its length tells a national number from an extension."""

_LONGEST_WRITTEN: Final = 64
_E164_DIGITS: Final = 15
_SHORTEST_WITHOUT_PLUS: Final = 11  # digits; no extension is as long as 49 and a number
_SEPARATORS: Final = str.maketrans("", "", " \u00a0-/.()")
_DIGITS: Final = re.compile(r"\+?[0-9]{1,24}")
_INTERNATIONAL: Final = re.compile(r"\+[0-9]+")
_COUNTRY_CODE: Final = re.compile(rf"\+({'|'.join(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))})")
_WITHHELD: Final = re.compile(
    r"\s*((anonymous|unknown|restricted|private|unavailable|withheld)(@\S*)?\s*)?", re.IGNORECASE | re.ASCII
)


def compact(written: str) -> str:
    """A number without what only helps to read it: spaces, hyphens, slashes, dots and parentheses."""
    return written.translate(_SEPARATORS)


def shown(number: str, number_format: str) -> str:
    """A canonical number in the site's international format, "00" or "+"; what is not international stays as it is."""
    return number_format + number[1:] if _INTERNATIONAL.fullmatch(number) else number


class NumberPlan:
    """How numbers are read at a site."""

    def __init__(self, country: str) -> None:
        """country: ISO 3166-1 alpha-2, upper case. Raises ValueError for one that has no telephone numbers."""
        metadata = PhoneMetadata.metadata_for_region(country)
        if metadata is None:
            raise ValueError(f"{country!r} is no country with telephone numbers; allowed: ISO 3166-1, such as DE")
        code = phonenumbers.country_code_for_region(country)
        main = PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_country_code(code)) or metadata
        self._code = str(code)
        self._abroad = re.compile(metadata.international_prefix or "00")
        self._trunk = phonenumbers.ndd_prefix_for_region(country, strip_non_digits=True) or ""
        self._trunk_is_optional = not any(_demands(self._trunk, style) for style in main.number_format)

    def canonical(self, written: str) -> str:
        """The one form of a number, which is its own canonical form. Raises nothing, whatever the caller wrote.

        A real number becomes E.164 with a plus, `+4917612345678`, whether it was written with the country code, with
        the national prefix, or with the country code but no plus, as some trunks do. One that names its country code
        is real when it has a possible length (direct-dial digits make numbers longer than the plan knows); any other
        must be a valid number of the country. A withheld number (RFC 3325; FINDINGS, "Caller ID") becomes WITHHELD.
        Anything else, such as extensions, 110 and names, comes back exactly as it was.
        """
        if len(written) > _LONGEST_WRITTEN:
            return written
        if _WITHHELD.fullmatch(written):
            return WITHHELD
        digits = compact(written)
        if not _DIGITS.fullmatch(digits):
            return written
        if international := self._explicit(digits):
            return _e164(international, only_valid=False) or written
        if international := self._national(digits, len(digits)):
            return _e164(international, only_valid=True) or written
        return written

    def beginning(self, digits: str, length: int | None = None) -> str:
        """The canonical form of the first digits of numbers that are not known in full: `0176` is `+49176`.

        Args:
            digits: what the numbers begin with, compact.
            length: how many digits they have, written like this; None: any number. Up to LONGEST_EXTENSION of them are
                an extension.
        """
        if length is not None and length <= LONGEST_EXTENSION:
            return digits
        international = self._explicit(digits) or self._national(digits, length or len(digits) + 1)
        return _without_trunk_zero(international) if international else digits

    def _explicit(self, digits: str) -> str | None:
        if digits.startswith("+"):
            return digits
        abroad = self._abroad.match(digits)
        return f"+{digits[abroad.end() :]}" if abroad else None

    def _national(self, digits: str, length: int) -> str | None:
        if self._trunk and digits.startswith(self._trunk):
            return f"+{self._code}{digits.removeprefix(self._trunk)}"
        if digits.startswith(self._code) and length >= _SHORTEST_WITHOUT_PLUS:
            return f"+{digits}"
        if self._trunk_is_optional and length > LONGEST_EXTENSION:
            return f"+{self._code}{digits}"
        return None


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
            return digits <= _E164_DIGITS
        case _:
            return False
