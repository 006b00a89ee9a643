"""Patterns of numbers as people write them: a number, `+49 7022 27978*`, `7???`, `*721*`, or a range `7000-7099`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.gate.doubts import spoilt
from vipgate_fs.gate.numbering import E164_DIGITS
from vipgate_fs.gate.numbers import NumberPlan, compact, folded, plain
from vipgate_fs.sentences import say

_DIGITS: Final = "0123456789"
_NUMBER: Final = re.compile(r"\+?[0-9]+")
_WILDCARDS: Final = re.compile(r"(?P<beginning>\+?[0-9]*)(?P<rest>[0-9?*]*)")
_BETWEEN: Final = re.compile(r"\s*[,;/|]\s*")
_MOST_STARS: Final = 3  # with more of them there would be too many ways for a number to fit
_SEPARATED: Final = (
    re.compile(r"(.+?)\s*\.\.\s*(.+)"),
    re.compile(r"(.+?)\s+-\s+(.+)"),
    re.compile(r"([^-]+)-([^-]+)"),
)

_FORMS: Final = say(
    "allowed: a number such as +49 7022 27978-12, ? for one digit, * for any digits or none, "
    "a range such as 7000-7099 or +4971155501..+4971155509, or a name"
)


@dataclass(frozen=True, slots=True)
class NumberPattern:
    """A set of canonical numbers. Patterns with the same numbers are equal, however they were written.

    Attributes:
        text: the pattern as written.
        forms: of the numbers: `?` is any one digit, `*` any digits or none. A range needs several.
        ends: the first and the last number of a range; None for all others.
    """

    text: str = field(compare=False)
    forms: tuple[str, ...]
    ends: tuple[str, str] | None = field(default=None, compare=False)

    @classmethod
    def parse(cls, text: str, plan: NumberPlan) -> NumberPattern:
        """Read a pattern.

        Args:
            text: a number however written (`+49 7022 27978-12`, `07022 27978 12`, `7001`), a name (`alice`), a number
                with `?` for one digit and at most three `*` for any digits or none, or a range of two equally long
                numbers, both written in full, with `-` or `..` between them. No number has more than E164_DIGITS
                digits.
            plan: how numbers are read.

        Raises:
            ValueError: a sentence that says what is wrong and what is allowed.
        """
        written = text.strip()
        if why := spoilt(written, plan):
            raise ValueError(say("{written!r} is {why}", written=written, why=why))
        text = plain(written)
        if "?" in text or "*" in text:
            return cls(written, (_short_enough(_wildcards(text, plan), text),))
        canonical = plan.canonical(text)
        digits = compact(canonical)
        if ends := _range_ends(text, plan, is_number=canonical != text):
            _short_enough(ends[0], text)
            return cls(written, tuple(_forms(*ends)), ends)
        if _NUMBER.fullmatch(digits):
            return cls(written, (_short_enough(digits, text),))
        if is_dialable(canonical) and "+" not in canonical:
            return cls.exactly(written)
        if len(parts := _BETWEEN.split(text)) > 1 and all(map(plan.is_complete, parts)):
            raise ValueError(
                say(
                    "{text!r} is several numbers; write each as an item of its own, in a list in its own row", text=text
                )
            )
        raise ValueError(say("{text!r} is no number or name that can be called; {forms}", text=text, forms=_FORMS))

    @classmethod
    def exactly(cls, name: str) -> NumberPattern:
        """The set that has only this number or name, whatever it is."""
        return cls(name, (folded(name),))

    @property
    def only(self) -> str | None:
        """The one number or name that the set has; None for a pattern or a range."""
        form = self.forms[0]
        return None if self.ends or "?" in form or "*" in form else form

    @property
    def fits_everybody(self) -> bool:
        """Whether no digit in it sets one telephone number apart from another: `*`, `+*`, `???*`."""
        return "*" in self.forms[0] and not set(_DIGITS).intersection(self.forms[0])

    @property
    def digits(self) -> float:
        """How many digits are written, which is how specific a pattern is.

        A range counts like a pattern with as many numbers: 7000-7099 is as specific as 70??, and 7000-7019 is between
        that and 700?.
        """
        form = self.forms[0]
        if self.ends is None:
            return sum(map(form.count, _DIGITS))
        first, last = (int(end.removeprefix("+")) for end in self.ends)
        return len(form.removeprefix("+")) - math.log10(last - first + 1)

    def __str__(self) -> str:
        return self.text


def _short_enough(form: str, text: str) -> str:
    if len(form) - form.count("+") - form.count("*") > E164_DIGITS:
        raise ValueError(
            say(
                "{text!r} has more than the {most} digits that a number can have (E.164); {forms}",
                text=text,
                most=E164_DIGITS,
                forms=_FORMS,
            )
        )
    return form


def _wildcards(text: str, plan: NumberPlan) -> str:
    digits = compact(text)
    match = _WILDCARDS.fullmatch(digits)
    if match is None or not digits.strip("*") or "**" in digits:
        raise ValueError(
            say(
                "{text!r}: ? and * stand for digits of a number, not for letters, and * not alone; {forms}",
                text=text,
                forms=_FORMS,
            )
        )
    if digits.count("*") > _MOST_STARS:
        raise ValueError(say("{text!r} has too many *; allowed: {most}", text=text, most=_MOST_STARS))
    sides = [compact(side) for side in re.split(r"-|\.\.", text)]
    if len(sides) == 2 and len(sides[0]) == len(sides[1]):  # noqa: PLR2004 - the two ends of a range
        raise ValueError(
            say("{text!r} looks like a range, which has no ? and *; write a number without - and .. in it", text=text)
        )
    beginning, rest = match.group("beginning", "rest")
    return plan.beginning(beginning, None if "*" in rest else len(digits)) + rest


def _range_ends(text: str, plan: NumberPlan, *, is_number: bool) -> tuple[str, str] | None:
    """First and last number of a range; None when it is none."""
    separated = next(filter(None, (separator.fullmatch(text) for separator in _SEPARATED)), None)
    if separated is None:
        return None
    sides = [compact(side) for side in separated.groups()]
    if not all(map(_NUMBER.fullmatch, sides)):
        return None
    first, last = (plan.beginning(side, len(side)) for side in sides)
    if ".." not in text and len(sides[1]) < len(sides[0]) and plan.is_complete(sides[0]):
        _refuse_short_end(text, *sides)
    is_range = len(first) == len(last) and first <= last and (first[0] == "+") == (last[0] == "+")
    if is_number and ".." not in text:
        if not is_range:
            return None
        raise _either(text, "..".join(sides), "".join(sides))
    if not is_range:
        raise ValueError(
            say(
                "{text!r}: a range goes from a lower to a higher number of as many digits, such as 7000-7099", text=text
            )
        )
    return first, last


def _refuse_short_end(text: str, first: str, last: str) -> None:
    """`+49 711 5550-99` is the number with direct-dial 99 to one reader, and the range up to 5599 to another."""
    tail = len(first) - len(last)
    if first[tail:] < last:
        raise _either(text, f"{first}..{first[:tail]}{last}", first + last)


def _either(text: str, a_range: str, number: str) -> ValueError:
    return ValueError(
        say(
            "{text!r} could be a number or a range; write {a_range} for the range, {number} for the number",
            text=text,
            a_range=a_range,
            number=number,
        )
    )


def _forms(first: str, last: str) -> Iterator[str]:
    """The forms that together have exactly the numbers from first to last, which are equally long."""
    for places in _between(first, last):
        yield from map("".join, product(*("?" if place == _DIGITS else place for place in places)))


def _between(first: str, last: str) -> Iterator[tuple[str, ...]]:
    """The digits that each place may have, again and again, until all numbers from first to last are among them."""
    if not first:
        yield ()
    elif first[0] == last[0]:
        yield from _after(first[0], first[1:], last[1:])
    else:
        zeros, nines = "0" * (len(first) - 1), "9" * (len(first) - 1)
        low, high = int(first[0]), int(last[0])
        if first[1:] > zeros:
            yield from _after(first[0], first[1:], nines)
            low += 1
        if last[1:] < nines:
            high -= 1
        if low <= high:
            yield from _after(_DIGITS[low : high + 1], zeros, nines)
        if last[1:] < nines:
            yield from _after(last[0], zeros, last[1:])


def _after(place: str, first: str, last: str) -> Iterator[tuple[str, ...]]:
    return ((place, *places) for places in _between(first, last))
