"""What libphonenumber's data say of numbers and countries, for `vipgate_fs.gate.numbers`."""

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

from vipgate_fs.sentences import say

E164_DIGITS: Final = 15
"""The longest number, with its country code (ITU-T E.164, 6.1)."""
COUNTRY_CODE: Final = re.compile(rf"\+({'|'.join(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))})")
"""The country code at the beginning of a number with a plus."""
_KINDS: Final = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager")


class Country:
    """How numbers are written in a country.

    Attributes:
        code: the country code, without a plus.
        trunk: the national prefix; empty where there is none.
        abroad: what leads abroad.
        shortest: digits of the shortest numbers, without the code.
        services: the short numbers that are the same with every carrier and not only for text messages.
    """

    def __init__(self, region: str) -> None:
        """region: ISO 3166-1 alpha-2, upper case. Raises ValueError for one that has no telephone numbers."""
        metadata = PhoneMetadata.metadata_for_region(region)
        if metadata is None:
            raise ValueError(
                say("{region!r} is no country with telephone numbers; allowed: ISO 3166-1, such as DE", region=region)
            )
        code = phonenumbers.country_code_for_region(region)
        main = PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_country_code(code)) or metadata
        self.code = str(code)
        self.trunk = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True) or ""
        self.abroad = re.compile(metadata.international_prefix or "00")
        self._lengths = sorted(parsing(code)[1])
        self.shortest = self._lengths[0]
        self.services = _service_numbers(region)
        self._styles = main.number_format
        self._demanding = [_demands(self.trunk, style) for style in main.number_format]

    def goes_without_trunk(self, digits: str, length: int | None = None) -> bool:
        """Whether numbers that begin like this, without the code, are written without the national prefix.

        Args:
            digits: the beginning, or all.
            length: how many digits they have; None: any number that there is.
        """
        if not any(self._demanding):
            return True
        if all(self._demanding):
            return False
        lengths = [length] if length is not None else [one for one in self._lengths if one >= len(digits)]
        return any(self._is_written_without(digits.ljust(one, "0")) for one in lengths)

    def _is_written_without(self, number: str) -> bool:
        for style, demands in zip(self._styles, self._demanding, strict=True):
            leading = style.leading_digits_pattern
            if (not leading or re.match(leading[-1], number)) and re.fullmatch(style.pattern or "", number):
                return not demands
        return False


def _service_numbers(country: str) -> re.Pattern[str]:
    """The short numbers of a country that are the same with every carrier and not only for text messages."""
    metadata = PhoneMetadata.short_metadata_for_region(country)
    every, *others = (metadata.short_code, metadata.carrier_specific, metadata.sms_services) if metadata else (None,)
    but = "".join(f"(?!(?:{one.national_number_pattern})$)" for one in others if one and one.national_number_pattern)
    return re.compile(f"{but}(?:{every.national_number_pattern if every else '(?!)'})", re.ASCII)


def _demands(trunk: str, style: NumberFormat) -> bool:
    rule = style.national_prefix_formatting_rule or ""
    return trunk != "" and trunk in rule and not style.national_prefix_optional_when_formatting


def without_trunk_zero(international: str) -> str:
    """`+49 (0)176` is `+49 176`, but `+39 06` keeps its zero: Italy has no national prefix."""
    code = COUNTRY_CODE.match(international)
    if code is None:
        return international
    region = phonenumbers.region_code_for_country_code(int(code[1]))
    zero = "0" if phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True) == "0" else ""
    return code[0] + international[code.end() :].removeprefix(zero)


def e164(international: str, *, only_valid: bool) -> str | None:
    """The E.164 form of a number with a plus; None when it is impossible, or with `only_valid` when it is not valid."""
    if number := ordinary(international):
        return international if not only_valid or phonenumbers.is_valid_number(number) else None
    return _parsed(international, only_valid=only_valid)


def ordinary(international: str) -> PhoneNumber | None:
    """A number that is its own E.164 form at first sight: possible length, nothing that could be a prefix too many.

    Lists of callers have 100,000 of them, and phonenumbers takes 13 µs to say the same.
    """
    code = COUNTRY_CODE.match(international)
    if code is None:
        return None
    number = international[code.end() :]
    prefix, lengths = parsing(int(code[1]))
    if len(number) not in lengths or number.startswith("0") or prefix.match(number):
        return None
    return PhoneNumber(country_code=int(code[1]), national_number=int(number))


@cache
def parsing(code: int) -> tuple[re.Pattern[str], frozenset[int]]:
    """What phonenumbers.parse takes for a prefix in numbers of a country code, and how long they may be without it."""
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, phonenumbers.region_code_for_country_code(code))
    assert metadata is not None, "there is metadata for every country code"
    lengths = metadata.general_desc.possible_length if metadata.general_desc else ()
    return re.compile(metadata.national_prefix_for_parsing or "(?!)"), frozenset(lengths)


@cache
def has_digits_read_into_it(code: str) -> bool:
    """Whether numbers of a country code have digits that nobody need dial: `+54 11 15…` is read as `+54 9 11…`."""
    metadata = PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_country_code(int(code)))
    rule = metadata and metadata.national_prefix_transform_rule
    return re.search(r"(?<!\\)[0-9]", rule or "") is not None


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


def exists(international: str) -> bool:
    """Whether it is a valid number."""
    code = COUNTRY_CODE.match(international)
    return code is not None and _valid(int(code[1])).fullmatch(international, code.end()) is not None


@cache
def _valid(code: int) -> re.Pattern[str]:
    """All valid numbers with a country code, without it."""
    regions = phonenumbers.region_codes_for_country_code(code)
    found = (PhoneMetadata.metadata_for_region_or_calling_code(code, region) for region in regions)
    described = [getattr(metadata, kind) for metadata in found for kind in (*_KINDS, "uan", "voicemail")]
    patterns = {one.national_number_pattern for one in described if one and one.national_number_pattern}
    return re.compile("|".join(f"(?:{pattern})" for pattern in sorted(patterns)), re.ASCII)
