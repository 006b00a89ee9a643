"""Called-number patterns: a number, `…*`, `7???`, or a range `7000-7099`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, product
from typing import Final

from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.gate.doubts import spoilt
from vipgate_fs.gate.numbers import E164_DIGITS, NumberPlan, compact, plain

_DIGITS: Final = "0123456789"
_NUMBER: Final = re.compile(r"\+?[0-9]+")
_WILDCARDS: Final = re.compile(r"(?P<beginning>\+?[0-9]*)(?P<rest>[0-9?]*)(?P<open>\*?)")
_SEPARATED: Final = (
    re.compile(r"(.+?)\s*\.\.\s*(.+)"),
    re.compile(r"(.+?)\s+-\s+(.+)"),
    re.compile(r"([^-]+)-([^-]+)"),
)

_FORMS: Final = (
    "allowed: a number such as +49 7022 27978-12, ? for one digit, * at the end for any further digits, "
    "a range such as 7000-7099 or +4971155501..+4971155509, or a name"
)


@dataclass(frozen=True, slots=True)
class Mask:
    """Numbers of one shape.

    Attributes:
        places: the characters that each place may have.
        is_open: whether any digits may follow, or none.
    """

    places: tuple[str, ...]
    is_open: bool = False

    @property
    def expression(self) -> str:
        """A regular expression for the whole number."""
        return "".join(f"[{re.escape(place)}]" for place in self.places) + ("[0-9]*" if self.is_open else "")

    def common(self, other: Mask) -> str | None:
        """The first and shortest number that is in both."""
        length = max(len(self.places), len(other.places))
        example = ""
        for mine, theirs in zip(self._padded(length), other._padded(length), strict=True):
            shared = next((character for character in mine if character in theirs), None)
            if shared is None:
                return None
            example += shared
        return example

    def _padded(self, length: int) -> tuple[str, ...]:
        filler = _DIGITS if self.is_open else ""
        return self.places + (filler,) * (length - len(self.places))


@dataclass(frozen=True, slots=True)
class NumberPattern:
    """A set of canonical numbers. Patterns with the same masks are equal, however they were written.

    Attributes:
        text: the pattern as written.
        masks: a number is in the set when it is in one of them.
        plan: how numbers are read; None: as they are.
    """

    text: str = field(compare=False)
    masks: tuple[Mask, ...]
    plan: NumberPlan | None = field(default=None, repr=False, compare=False)
    _expression: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        expression = re.compile("|".join(mask.expression for mask in self.masks))
        object.__setattr__(self, "_expression", expression)

    @classmethod
    def parse(cls, text: str, plan: NumberPlan) -> NumberPattern:
        """Read a pattern.

        Args:
            text: a number however written (`+49 7022 27978-12`, `07022 27978 12`, `7001`), a name (`alice`), a number
                with `?` for one digit and a final `*` for any digits or none, or a range of two equally long numbers,
                both written in full, with `-` or `..` between them. No number has more than E164_DIGITS digits.
            plan: how numbers are read.

        Raises:
            ValueError: a sentence that says what is wrong and what is allowed.
        """
        text = text.strip()
        return cls(text, tuple(masks(text, plan)), plan)

    @classmethod
    def exactly(cls, name: str) -> NumberPattern:
        """The set that has only this number or name, whatever it is."""
        return cls(name, (Mask(tuple(name)),))

    @property
    def only(self) -> str | None:
        """The one number or name that the set has; None when it may have more."""
        places = self.masks[0].places
        is_one = len(self.masks) == 1 and not self.masks[0].is_open and all(len(place) == 1 for place in places)
        return "".join(places) if is_one else None

    def matches(self, number: str) -> bool:
        """Whether the set holds a canonical number, or what it begins like (see `NumberPlan.guesses`)."""
        plan = self.plan
        readings = chain(plan.readings(number), plan.guesses(number)) if plan is not None else (number,)
        return any(self._expression.fullmatch(reading) for reading in readings)

    def common(self, other: NumberPattern) -> str | None:
        """A number that both match, as an example; None when there is none."""
        examples = (mine.common(theirs) for mine, theirs in product(self.masks, other.masks))
        return next((example for example in examples if example is not None), None)

    def __str__(self) -> str:
        return self.text


def masks(text: str, plan: NumberPlan) -> Iterator[Mask]:
    """The masks of a pattern, with no space around it. Raises ValueError, see `NumberPattern.parse`."""
    if why := spoilt(text, plan):
        raise ValueError(f"{text!r} is {why}")
    text = plain(text)
    canonical = plan.canonical(text)
    digits = compact(canonical)
    if "?" in text or "*" in text:
        yield _short_enough(_wildcards(text, plan), text)
    elif ends := _range_ends(text, plan, is_number=canonical != text):
        yield from (_short_enough(Mask(places), text) for places in _between(*ends))
    elif _NUMBER.fullmatch(digits):
        yield _short_enough(Mask(tuple(digits)), text)
    elif is_dialable(canonical) and "+" not in canonical:
        yield Mask(tuple(canonical))
    else:
        raise ValueError(f"{text!r} is no number or name that can be called; {_FORMS}")


def _short_enough(mask: Mask, text: str) -> Mask:
    if len(mask.places) - mask.places.count("+") > E164_DIGITS:
        raise ValueError(f"{text!r} has more than the {E164_DIGITS} digits that a number can have (E.164); {_FORMS}")
    return mask


def _wildcards(text: str, plan: NumberPlan) -> Mask:
    match = _WILDCARDS.fullmatch(compact(text))
    if match is None or match[0] == "*":
        raise ValueError(f"{text!r}: ? and * stand for digits of a number, * only at its end, and not alone; {_FORMS}")
    sides = [compact(side) for side in re.split(r"-|\.\.", text)]
    if len(sides) == 2 and len(sides[0]) == len(sides[1]):  # noqa: PLR2004 - the two ends of a range
        raise ValueError(f"{text!r} looks like a range, which has no ? and *; write a number without - and .. in it")
    beginning, rest, is_open = match.group("beginning", "rest", "open")
    length = None if is_open else len(beginning) + len(rest)
    places = plan.beginning(beginning, length) + rest
    return Mask(tuple(_DIGITS if place == "?" else place for place in places), bool(is_open))


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
        raise ValueError(f"{text!r}: a range goes from a lower to a higher number of as many digits, such as 7000-7099")
    return first, last


def _refuse_short_end(text: str, first: str, last: str) -> None:
    """`+49 711 5550-99` is the number with direct-dial 99 to one reader, and the range up to 5599 to another."""
    tail = len(first) - len(last)
    if first[tail:] < last:
        raise _either(text, f"{first}..{first[:tail]}{last}", first + last)


def _either(text: str, a_range: str, number: str) -> ValueError:
    return ValueError(f"{text!r} could be a number or a range; write {a_range} for the range, {number} for the number")


def _between(first: str, last: str) -> Iterator[tuple[str, ...]]:
    """The places of the masks that together hold exactly the numbers from first to last, which are equally long."""
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
