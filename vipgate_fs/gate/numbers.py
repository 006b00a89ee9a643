"""Telephone numbers: one canonical form for each, however it was written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.gate.numbering import Country, e164, exists, without_trunk_zero
from vipgate_fs.gate.withheld import Withheld

TrunkFormat = Literal["e164", "national", "national_without_prefix"]
LONGEST_EXTENSION: Final = 6
"""Digits. Where the national prefix may be left out, only its length sets a national number apart from an extension."""
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
_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_RUN: Final = re.compile(r"\+?[0-9]+")


def plain(written: str) -> str:
    """A number or pattern with the hyphens and spaces that a keyboard has, and without marks that nobody sees."""
    return written if written.isascii() else written.translate(_PLAIN)


def compact(written: str) -> str:
    """A number without its SEPARATORS."""
    return written.translate(_NO_SEPARATORS)


def folded(name: str) -> str:
    """A name as FreeSWITCH compares it, of a user, group, context or variable: in upper and lower case alike."""
    return name.lower()


def is_international(canonical: str) -> bool:
    """Whether a canonical number is in E.164 form, with a plus."""
    return _INTERNATIONAL.fullmatch(canonical) is not None


def shown(number: str, number_format: str) -> str:
    """A canonical number in the site's international format, "00" or "+"; what is not international stays as it is."""
    return number_format + number[1:] if is_international(number) else number


class NumberPlan:
    """How numbers are read at a site.

    Attributes:
        country: ISO 3166-1 alpha-2, upper case.
        code: its country code, without a plus.
        own_withheld: what stands for a withheld number at this site besides what always does.
        trunk_format: what digits are that say nothing of it themselves; see `__init__`.
        has_own_withheld: whether the site says what stands for a withheld number, which a valid number may.
    """

    def __init__(self, country: str, withheld: Iterable[str] = (), trunk_format: TrunkFormat | None = None) -> None:
        """How numbers are read in a country.

        Args:
            country: ISO 3166-1 alpha-2, upper case.
            withheld: what stands for a withheld number besides what always does (see `vipgate_fs.gate.withheld`).
            trunk_format: what digits are that neither begin with a plus nor lead abroad: with the country code
                (`e164`), with the national prefix if there is one (`national`), or always without it. None: anything.

        Raises:
            ValueError: for a country that has no telephone numbers.
        """
        self._country = Country(country)
        self.country = country
        self.code = self._country.code
        own = tuple(withheld)
        self.own_withheld = own
        self.trunk_format = trunk_format
        self._withheld = Withheld(own)
        self.has_own_withheld = bool(own)

    @property
    def national_prefix(self) -> str:
        """What stands before a national number in the country, such as 0; "" for nothing."""
        return self._country.trunk or ""

    def reads_like(self, other: NumberPlan) -> bool:
        """Whether another plan reads every number alike."""
        own, others = ((plan.country, plan.trunk_format, frozenset(plan.own_withheld)) for plan in (self, other))
        return own == others

    def canonical(self, written: str) -> str:
        """The one form of a number, which is its own canonical form. Raises nothing, whatever the caller wrote.

        A real number becomes E.164 with a plus, `+4917612345678`, whether it was written with the country code, with
        the national prefix, without it where people write it so (1300 in Australia), or with the country code but no
        plus, as some trunks do. One that names its country code is real when it has a possible length (direct-dial
        digits make numbers longer than the plan knows); any other must be a valid number of the country. The country's
        short numbers, such as 116117, never have its code. Anything else, such as extensions and names, comes back
        exactly as it was.
        """
        if len(written) > _LONGEST_WRITTEN:
            return written
        digits = compact(written)
        if not _DIGITS.fullmatch(digits) or (digits != written and DECIMAL.fullmatch(written)):
            return written
        if international := self.explicit(digits):
            return self._service_of(international) or e164(international, only_valid=False) or written
        valid = (e164(international, only_valid=True) for international in self._national(digits, len(digits)))
        return next(filter(None, valid), written)

    def caller(self, written: str) -> str:
        """A caller's number in canonical form, or WITHHELD for what stands in the place of a number."""
        return WITHHELD if self.is_withheld(written) else self.canonical(written)

    def is_withheld(self, written: str) -> bool:
        """Whether this in the place of a caller's number says that none is shown."""
        meant = self._withheld.is_meant(written)
        return meant or (self._withheld.may_be_meant(written) and not self.is_complete(written))

    def readings(self, number: str) -> Iterator[str]:
        """A canonical number, and its compact form if it was written with spaces; a name, and as it is folded."""
        yield number
        digits = compact(number)
        if digits != number and _DIGITS.fullmatch(digits):
            yield digits
        elif (name := folded(number)) != number:
            yield name

    def guesses(self, number: str) -> Iterator[str]:
        """What a canonical number may be, or begins like when its length is wrong; no proof of who calls.

        With a digit too many or too few, what was dialled is no valid number and stays as it was written: `070222` is
        still one of `+497022*`. A trunk may drop the zero or the plus, and a switch's dialplan may overlook what stands
        around the digits (`7001#`). So whoever looks for numbers to protect, or to reject, tries these, too; whoever
        lets callers pass does not: the Swedish 46701234567 could be a Danish number with digits too many.
        """
        digits = compact(number)
        if not _DIGITS.fullmatch(digits):
            mixed = digits[:_LONGEST_WRITTEN]
            texts = dict.fromkeys((mixed, _ESCAPE.sub(" ", mixed)))
            return iter(dict.fromkeys(guess for text in texts for guess in self._within(text)))
        if digits.startswith("+") and not exists(digits):  # the plus may be one too many, too
            guesses = (*self._guesses(digits), self.canonical(digits[1:]), *self._guesses(digits[1:]))
            return iter(dict.fromkeys(guess for guess in guesses if guess != digits))
        return iter(dict.fromkeys(self._guesses(digits)))

    def _within(self, mixed: str) -> Iterator[str]:
        """What the digits may be that stand between other characters: all of them, the first or the last."""
        runs = _RUN.findall(mixed)
        together = "".join(runs).replace("+", "")
        for run in (f"+{together}" if "+" in mixed else together, *runs[:1], *runs[-1:]):
            if _DIGITS.fullmatch(run):
                number = self.canonical(run)
                yield number
                yield from self.guesses(number)

    def _guesses(self, digits: str) -> Iterator[str]:
        begun: Iterable[str]
        if explicit := self.explicit(digits):
            if short := self.short_form(explicit) or self._service_of(explicit):
                yield short
            begun = (explicit,)
        # No extension begins with 0, which leads out of the house; one may begin with the 1 or 8 of other countries.
        # 00 leads abroad, if only in other countries.
        elif digits.startswith("00"):
            return
        elif len(digits) <= LONGEST_EXTENSION and not digits.startswith("0"):
            long = self.long_form(digits)
            begun = (long,) if long else ()
        else:
            begun = (one for one in self._begun(digits) if self._is_nearly_complete(one, digits))
        whole = map(without_trunk_zero, begun)
        yield from (one for one in whole if one not in (digits, "+", f"+{self.code}"))
        if service := self._service_of(f"+{digits.removeprefix('+')}"):
            yield service

    def _begun(self, digits: str) -> Iterator[str]:
        """What the digits may begin, and what they were before a trunk dropped a zero or a plus."""
        yield from self._national(digits, len(digits))
        if self.at_home(digits):
            return
        yield f"+{self.code}{digits}"
        if abroad := e164(f"+{digits}", only_valid=True):
            yield abroad

    def _is_nearly_complete(self, international: str, digits: str) -> bool:
        """Whether at most one digit is missing, and it is no local number that begins like the country code."""
        is_long_enough = len(international) - len(f"+{self.code}") >= self._country.shortest - 1
        return is_long_enough and (international != f"+{digits}" or len(digits) > _LONGEST_LOCAL)

    def long_form(self, digits: str) -> str | None:
        """The number that is as short as an extension and written like this at home, with its country code."""
        is_short = len(digits) <= LONGEST_EXTENSION and self._country.goes_without_trunk(digits, len(digits))
        return e164(f"+{self.code}{digits}", only_valid=True) if is_short else None

    def short_form(self, international: str) -> str | None:
        """The same the other way round: how a number is written at home, if that is as short as an extension."""
        digits = international.removeprefix(f"+{self.code}")
        return digits if self.long_form(digits) == international else None

    def _service_of(self, international: str) -> str | None:
        """The country's short number that was written with the country code."""
        digits = international.removeprefix(f"+{self.code}")
        return digits if digits != international and self.is_service(digits) else None

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
        return without_trunk_zero(international) if international else digits

    def explicit(self, digits: str) -> str | None:
        """Digits that say themselves which country they belong to, with a plus; None for others."""
        if digits.startswith("+"):
            return digits
        if abroad := self._country.abroad.match(digits):
            return f"+{digits[abroad.end() :]}"
        return self._without_plus(digits) if self.trunk_format == "e164" else None

    def _without_plus(self, digits: str) -> str | None:
        is_number = len(digits) > LONGEST_EXTENSION and e164(f"+{digits}", only_valid=False)
        return f"+{digits}" if is_number else None

    def at_home(self, digits: str) -> str | None:
        """Digits that begin with the national prefix, with the country's code; None for others."""
        trunk = self._country.trunk
        return f"+{self.code}{digits.removeprefix(trunk)}" if trunk and digits.startswith(trunk) else None

    def is_service(self, digits: str) -> bool:
        """Whether it is a short number of the country, such as 112, 115 or 116117."""
        return self._country.services.fullmatch(digits) is not None

    def is_complete(self, written: str) -> bool:
        """Whether it is a valid number as it stands, with nothing that has to follow."""
        canonical = self.canonical(written)
        return is_international(canonical) and e164(canonical, only_valid=True) == canonical

    def _national(self, digits: str, length: int) -> Iterator[str]:
        """The international forms of what begins with the digits and has that length, the likeliest first."""
        if at_home := self.at_home(digits):
            yield at_home
            return
        if length <= LONGEST_EXTENSION:
            return
        at_home = f"+{self.code}{digits}"
        if self.trunk_format is not None:
            if self.trunk_format == "national_without_prefix" or self._goes_without(digits, length):
                yield at_home
            return
        begins_like_the_code = digits.startswith(self.code)
        if begins_like_the_code and length >= _SHORTEST_WITHOUT_PLUS:
            yield f"+{digits}"
        if self._goes_without(digits, length):
            yield at_home
        if begins_like_the_code and length < _SHORTEST_WITHOUT_PLUS:
            yield f"+{digits}"

    def _goes_without(self, digits: str, length: int) -> bool:
        return self._country.goes_without_trunk(digits, length if length == len(digits) else None)
