"""Detect numbers that were probably mistyped or mangled in a configuration or list, and suggest the intended one.

Spreadsheets strip the zero or plus from a number, or turn it into `4.917E+12` or `4917….0`; people omit the area
code, or write nothing but the area code. Most of that is still digits: it is accepted, matches no call, and nobody
notices. So whatever people write is also checked here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product
from typing import Final, NamedTuple

import phonenumbers

from vipgate_fs.gate.numbering import COUNTRY_CODE, E164_DIGITS, exists
from vipgate_fs.gate.numbers import DECIMAL, LONGEST_EXTENSION, NumberPlan, compact, is_international, plain
from vipgate_fs.sentences import Sentence, alternatives, joined, say

_WITH_WILDCARDS: Final = re.compile(r"(?P<begun>\+?[0-9]+)(?P<wild>[0-9?*]*)", re.ASCII)
_EXPONENT: Final = re.compile(
    r"\s*'?\+?(?P<first>[0-9])(?:[.,](?P<further>[0-9]*))?E\+?(?P<power>[0-9]{1,2})\s*", re.IGNORECASE | re.ASCII
)
_RANGE: Final = re.compile(r"(.+?)\s*(?:\.\.|-)\s*([^-]+)")
_VANITY: Final = re.compile(r"\+?[0-9]{3,}[A-Za-z]{3,}[0-9]*", re.ASCII)
_LONGEST_LOCAL: Final = 8  # digits, without the area code
_TELLING: Final = 8  # characters of a pattern that show whether there are such numbers
_SHORT: Final = 5  # digits; where numbers are that short, fewer are an extension all the same
_MEANT: Final = 3  # digits after the country code, from which on it hardly begins an extension by chance


class Doubt(NamedTuple):
    """What is wrong with something written; as text, both.

    Attributes:
        fault: without the digits: where a number stands, a PIN may have got by mistake.
        remedy: what it probably was and what to write, with the digits.
    """

    fault: Sentence
    remedy: Sentence

    def __str__(self) -> Sentence:
        return joined("; ", self)


def doubt(written: str, plan: NumberPlan) -> Doubt | None:
    """Why a number or pattern as it is written will hardly be met by the calls that its writer thinks of.

    Costs about 2 µs when there is nothing to say: lists have a million numbers.

    Args:
        written: a number, a pattern or a name, as `vipgate_fs.gate.targets.NumberPattern.parse` takes it.
        plan: how numbers are read.

    Returns:
        What is wrong, what it probably was and what to write; None when all is well. What is `spoilt` is no number at
        all and to be refused (`NumberPattern.parse` does, and `NumberPlan.canonical` reads no number); all else is
        worth a warning.
    """
    written = plain(written)
    digits = compact(written)
    international = plan.explicit(digits) or plan.at_home(digits)
    if (international and exists(international)) or plan.is_service(digits):
        return None
    if why := spoilt(written, plan):
        return why
    match = _WITH_WILDCARDS.fullmatch(digits)
    if match and match["wild"]:
        return _of_a_pattern(written, digits, match["begun"], plan)
    return _of_letters(digits, plan) if _VANITY.fullmatch(digits) else _of_a_number(written, digits, plan)


def sound(written: str, plan: NumberPlan) -> str | None:
    """The canonical form of what is a valid number without any doubt, as most of a list is; None for all else.

    Costs about a microsecond.
    """
    digits = compact(plain(written))
    international = plan.explicit(digits) or plan.at_home(digits)
    if international is None or not exists(international):
        return None
    return None if plan.has_own_withheld and plan.is_withheld(written) else international


def spoilt(written: str, plan: NumberPlan) -> Doubt | None:
    """That a spreadsheet has turned a number into a quantity, and what is left of it; None for all else."""
    if decimal := DECIMAL.fullmatch(written):
        return Doubt(say("a spreadsheet's decimal number"), _write(decimal["digits"], plan))
    exponent = _EXPONENT.fullmatch(written)
    if exponent is None or int(exponent["power"]) < LONGEST_EXTENSION:
        return None
    digits = exponent["first"] + (exponent["further"] or "")
    missing = int(exponent["power"]) + 1 - len(digits)
    if missing > 0:
        fault = say("a number that a spreadsheet has shortened by its last {missing} digits", missing=missing)
        return Doubt(
            fault, say("it began with {digits}: format the column as text, and enter the number again", digits=digits)
        )
    return Doubt(say("a spreadsheet's number with an exponent"), _write(digits, plan))


def _write(digits: str, plan: NumberPlan) -> Sentence:
    return say("write {number}", number=alternatives(_meant(digits, plan, whole=True)) or digits)


def _first_of_a_range(written: str) -> str | None:
    """The first of the ends, which have the same length and therefore the same fault; None when it is no range."""
    match = _RANGE.fullmatch(written.strip())
    if match is None:
        return None
    first, last = map(compact, match.groups())
    is_range = len(first) == len(last) and (first + last).replace("+", "").isdecimal()
    return first if is_range else None


def _of_a_pattern(written: str, digits: str, begun: str, plan: NumberPlan) -> Doubt | None:
    is_open = digits.endswith("*")
    read = plan.beginning(begun, None if is_open else len(digits))
    if read.startswith("+"):
        return None if _begins(read[:_TELLING]) else _no_number(read)
    if len(digits.removesuffix("*")) > LONGEST_EXTENSION:
        return _of_digits(begun, digits[len(begun) :], plan)
    return _of_country_code(written, digits, begun, plan) if is_open else None


def _of_a_number(written: str, digits: str, plan: NumberPlan) -> Doubt | None:
    canonical = plan.canonical(written)
    if is_international(canonical):
        return _of_international(digits, canonical)
    if first := _first_of_a_range(written):
        return _of_a_range(first, plan)
    if plan.is_service(canonical) or not digits.removeprefix("+").isdecimal():
        return None
    if meant := plan.explicit(digits) or _leading_out(digits, plan):
        return _of_international(digits, meant) if len(digits) > 2 else None  # noqa: PLR2004 - 00 may be an extension
    if len(digits) >= _SHORT and (long := plan.long_form(digits)):
        return Doubt(
            say("read as an extension, not as a telephone number"), say("write {number} for that", number=long)
        )
    return _of_digits(digits, "", plan) if len(digits) > LONGEST_EXTENSION else None


def _of_letters(digits: str, plan: NumberPlan) -> Doubt | None:
    """Letters that stand for keys, as in 1-800-FLOWERS: calls come with the digits."""
    meant = plan.canonical(phonenumbers.convert_alpha_characters_in_number(digits))
    if not is_international(meant) or not exists(meant):
        return None
    return Doubt(say("a number with letters for keys is read as a name"), say("write {number}", number=meant))


def _of_a_range(first: str, plan: NumberPlan) -> Doubt | None:
    read = plan.beginning(first, len(first))
    if read.startswith("+"):
        return None if _begins(read[:_TELLING]) else _no_number(read)
    return _of_digits(first, "", plan) if len(first) > LONGEST_EXTENSION else None


def _of_international(digits: str, international: str) -> Doubt | None:
    if exists(international) or _has_direct_dial(international):
        return None
    if not _begins(international):
        return _no_number(international)
    remedy = say("write {digits}* if all numbers are meant that begin with it, as with an area code", digits=digits)
    return Doubt(say("too short for a number, read as it stands"), remedy)


def _leading_out(digits: str, plan: NumberPlan) -> str | None:
    """A number with a national prefix of 0, which leads out of the house; an extension may begin with another one."""
    return plan.at_home(digits) if digits.startswith("0") else None


def _of_digits(begun: str, wild: str, plan: NumberPlan) -> Doubt:
    """Digits too many for an extension."""
    many = len(begun + wild.removesuffix("*"))
    if begun.startswith("0"):
        fault = say("{many} digits are read as an extension, not as a telephone number", many=many)
    else:
        fault = say(
            "{many} digits that begin with neither 0 nor + are read as an extension, not as a telephone number",
            many=many,
        )
    if begun.startswith("00") and exists(abroad := f"+{begun[2:]}"):
        return Doubt(
            fault, say("{country} has another way abroad than 00; write {abroad}", country=plan.country, abroad=abroad)
        )
    if not wild and len(begun) <= _LONGEST_LOCAL:
        return Doubt(fault, say("is its area code missing, or a leading 0 or +?"))
    if meant := [f"{one}{wild}" for one in _meant(begun, plan, whole=not wild)]:
        return Doubt(fault, say("is a leading 0 or + missing? Write {meant}", meant=alternatives(meant)))
    return Doubt(fault, say("no telephone number of {country} is like this: check the digits", country=plan.country))


def _of_country_code(written: str, digits: str, begun: str, plan: NumberPlan) -> Doubt | None:
    """That `49 30*` has lost its plus; of `4930*` nobody knows: extensions may begin with 49, too."""
    further = len(begun) - len(plan.code)
    stands_apart = compact(written.strip()[: len(plan.code) + 1]) == plan.code
    if not begun.startswith(plan.code) or further < (1 if stands_apart else _MEANT):
        return None
    return Doubt(
        say("read as an extension, not as a number with the country code"),
        say("write {number} for that", number=f"+{digits}"),
    )


def _meant(digits: str, plan: NumberPlan, *, whole: bool) -> list[str]:
    """What a number, or its beginning, may have been before it lost a zero, a plus or the country code."""
    read = plan.canonical(digits)
    if is_international(read):
        return [read]
    fits = exists if whole else _begins
    return [one for one in (f"+{digits}", f"+{plan.code}{digits}") if fits(one)]


def _no_number(international: str) -> Doubt:
    code = COUNTRY_CODE.match(international)
    if code is None:
        return Doubt(
            say("no call will match"),
            say("no country has the code that {number} begins with", number=international),
        )
    return Doubt(
        say("no call will match"),
        say("+{code} has no number like {number}: check the digits", code=code[1], number=international),
    )


@lru_cache(maxsize=4096)
def _begins(international: str) -> bool:
    """Whether there are valid numbers that begin like this; the number itself counts."""
    tails = ("12345678901234", "23456789012345", "00000000000000")
    fillers = ("".join(filler) for filler in product("0123456789", "0123456789", tails))
    missing = range(E164_DIGITS + 2 - len(international))
    return any(exists(international + filler[:digits]) for filler in fillers for digits in missing)


def _has_direct_dial(international: str) -> bool:
    """Whether it is a line's number with more digits than the plan knows, of a possible length."""
    try:
        number = phonenumbers.parse(international)
    except phonenumbers.NumberParseException:
        return False
    if not phonenumbers.is_possible_number(number) or not phonenumbers.truncate_too_long_number(number):
        return False
    return phonenumbers.number_type(number) in {
        phonenumbers.PhoneNumberType.FIXED_LINE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }
