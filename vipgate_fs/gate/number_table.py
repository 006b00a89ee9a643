"""What is said of numbers and patterns of numbers: the most specific entry for a number, without trying them all.

The operations wanted, and what they should cost:

- add 100,000 numbers in a second: a number is a key of a dict, and no pattern is compiled for it;
- find a number's entries in a time that does not grow with them: patterns with their digits in the same places have one
  shape (`+49702227978*` is `+###########*`, `*721*` is `*###*`), the digits alone are the key of a dict for this shape,
  and a number has few keys in a shape: one, or with `*` at both ends one for each place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Generic, NamedTuple, TypeVar

from vipgate_fs.gate.numbers import NumberPlan, compact
from vipgate_fs.gate.targets import NumberPattern

T = TypeVar("T")
_NUMBER: Final = re.compile(r"\+?[0-9]+")
_PLAIN: Final = re.compile(r"\+?[0-9](?: ?[0-9]){0,14}")
"""What need not be looked at more closely: no pattern, and not too long for a number."""
_WILD: Final = re.compile(r"[?*]")
_DIGIT: Final = re.compile(r"[0-9]")


class Found(NamedTuple, Generic[T]):
    """An entry that fits a number.

    Attributes:
        rank: lower for the more specific: a number, then more digits written, then no `*`, then the first digits
            rather than the last.
        entry: what was added.
    """

    rank: tuple[float, bool, str]
    entry: T


_NUMBER_ITSELF: Final = (float("-inf"), False, "")


class Shape:
    """Where patterns have their digits (`#`) and their wildcards.

    Attributes:
        text: such as `##??`, `+##*` or `*###*`.
        head: the part before the first `*`; all of it when there is none.
        floats: the parts between two `*`.
        tail: the part after the last `*`; None when there is none.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.head, *others = (_Part(part) for part in text.split("*"))
        self.tail = others.pop() if others else None
        self.floats = others
        self._shortest = len(text) - text.count("*")

    def form(self, key: str) -> str:
        """The form that has these digits."""
        digits = iter(key)
        return "".join(place if place in "?*" else next(digits) for place in self.text)

    def keys(self, number: str) -> Iterator[str]:
        """The digits of each pattern of this shape that could fit a number, or a form with only such numbers."""
        if self.tail is None:
            if len(number) == self._shortest and "*" not in number and (head := self.head.digits(number)) is not None:
                yield head
            return
        if len(number) < self._shortest or (head := self.head.digits(number[: self.head.length])) is None:
            return
        end = len(number) - self.tail.length
        if (tail := self.tail.digits(number[end:])) is not None:
            for middle in _windows(self.floats, number[self.head.length : end]):
                yield head + middle + tail


class _Part:
    """Places next to each other."""

    def __init__(self, text: str) -> None:
        self.length = len(text)
        self.written = [place for place, kind in enumerate(text) if kind in "#+"]
        self._wild = [place for place, kind in enumerate(text) if kind == "?"]

    def digits(self, piece: str) -> str | None:
        """What a piece of this length has in the places where digits are written; None when it does not fit."""
        if not self._wild:
            return piece
        if any(piece[place] in "+*" for place in self._wild):
            return None
        return "".join(map(piece.__getitem__, self.written))


def _windows(floats: list[_Part], digits: str) -> Iterator[str]:
    """The digits of parts wherever they may be, one after the other."""
    if not floats:
        yield ""
        return
    first, *others = floats
    for place in range(len(digits) - first.length + 1):
        end = place + first.length
        if (written := first.digits(digits[place:end])) is not None:
            for further in _windows(others, digits[end:]):
                yield written + further


class NumberTable(Generic[T]):
    """Entries by number or pattern, as `vipgate_fs.gate.targets.NumberPattern` reads them.

    A number goes before every pattern, and of patterns the one in which more digits are written goes first.
    """

    def __init__(self, plan: NumberPlan) -> None:
        self._plan = plan
        self._numbers: dict[str, T] = {}
        self._shapes: dict[Shape, dict[str, tuple[Found[T], ...]]] = {}
        self._named: dict[str, Shape] = {}

    def add(self, written: str, entry: T) -> T:
        """Enter what is said of a number or pattern; returns what was first said of the same or a part, which stays.

        Raises:
            ValueError: a sentence that says what is wrong with what is written and what is allowed.
        """
        if _PLAIN.fullmatch(written):
            return self._numbers.setdefault(compact(self._plan.canonical(written)), entry)
        return self.enter(NumberPattern.parse(written, self._plan), entry)

    def enter(self, pattern: NumberPattern, entry: T) -> T:
        """Enter what is said of a pattern; returns what was first said of the same or a part of it, which stays."""
        if pattern.only is not None:
            return self._numbers.setdefault(pattern.only, entry)
        said = [self._enter(form, pattern.digits, entry) for form in pattern.forms]
        return next((other for other in said if other is not entry), entry)

    def _enter(self, form: str, digits: float, entry: T) -> T:
        text = _DIGIT.sub("#", form)
        shape = self._named.get(text) or self._named.setdefault(text, Shape(text))
        key = _WILD.sub("", form)
        rank = (-digits, shape.tail is not None, text)
        entries = self._shapes.setdefault(shape, {})
        there = entries.get(key, ())
        first = next((found.entry for found in there if found.rank == rank), None)
        if first is not None:
            return first
        entries[key] = (*there, Found(rank, entry))
        return entry

    def find(self, number: str) -> T | None:
        """The most specific that is said of a canonical number."""
        return self.first(self._plan.readings(number))

    def first(self, numbers: Iterable[str]) -> T | None:
        """The most specific that is said of the first of the numbers of which something is said."""
        for number in numbers:
            if (entry := self._numbers.get(number)) is not None:
                return entry
            if found := min(self._patterns(number), default=None, key=_rank):
                return found.entry
        return None

    def all(self, number: str) -> list[Found[T]]:
        """Everything that is said of a number as it stands, the most specific first."""
        entry = self._numbers.get(number)
        itself = [] if entry is None else [Found(_NUMBER_ITSELF, entry)]
        return itself + sorted(self._patterns(number), key=_rank)

    def covering(self, form: str) -> Iterator[T]:
        """What is said of all numbers of a form, such as `+49*` or `70??`, or of more."""
        return (found.entry for found in self._fitting(form))

    def shapes(self) -> Iterator[tuple[Shape, Mapping[str, tuple[Found[T], ...]]]]:
        """What is said of patterns, by their shape and their digits."""
        return iter(self._shapes.items())

    def items(self) -> Iterator[tuple[NumberPattern, T]]:
        """Every number and form of a pattern, with what is said of it."""
        yield from ((NumberPattern.exactly(number), entry) for number, entry in self._numbers.items())
        for shape, entries in self._shapes.items():
            for key, found in entries.items():
                pattern = NumberPattern(shape.form(key), (shape.form(key),))
                yield from ((pattern, each.entry) for each in found)

    def _patterns(self, number: str) -> Iterator[Found[T]]:
        return self._fitting(number) if _NUMBER.fullmatch(number) else iter(())

    def _fitting(self, form: str) -> Iterator[Found[T]]:
        for shape, entries in self._shapes.items():
            for key in shape.keys(form):
                yield from entries.get(key, ())


def _rank(found: Found[T]) -> tuple[float, bool, str]:
    return found.rank
