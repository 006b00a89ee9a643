"""What is said of numbers and patterns of numbers: the most specific entry for a number, without trying them all.

The operations wanted, and what they should cost:

- add 100,000 numbers in a second: a number is a key of a dict, and no pattern is compiled for it;
- find a number's entry in a time that does not grow with the entries: patterns are keys of a dict, too, as what they
  make of a number that they match (`+49702227978` becomes `+49702227???`). Patterns with their wildcards in the same
  places have one shape, and for each shape there is one look-up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final, Generic, TypeVar

from vipgate_fs.gate.numbers import NumberPlan, compact
from vipgate_fs.gate.targets import masks

T = TypeVar("T")
_NUMBER: Final = re.compile(r"\+?[0-9]+")
_PLAIN: Final = re.compile(r"\+?[0-9](?: ?[0-9]){0,14}")
"""What need not be looked at more closely: no pattern, and not too long for a number."""
_ANY: Final = "?"
_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where patterns have wildcards.

    Attributes:
        wild: the places with `?`, from 0.
        length: digits, without those that an open pattern's `*` stands for.
        is_open: whether it ends in `*`.
    """

    wild: tuple[int, ...]
    length: int
    is_open: bool

    def of(self, number: str) -> str | None:
        """The pattern of this shape that matches the number; None when none could."""
        is_long_enough = len(number) >= self.length if self.is_open else len(number) == self.length
        if not is_long_enough or (0 in self.wild and number.startswith("+")):
            return None
        return "".join(_ANY if place in self.wild else digit for place, digit in enumerate(number[: self.length]))

    @property
    def rank(self) -> tuple[int, bool, tuple[int, ...]]:
        """Lower for the more specific: more digits written, then no `*`, then the first digits rather than the last."""
        return len(self.wild) - self.length, self.is_open, tuple(-place for place in self.wild)


class NumberTable(Generic[T]):
    """Entries by number or pattern, as `vipgate_fs.gate.targets.NumberPattern` reads them.

    A number goes before every pattern, and of patterns the one in which more digits are written goes first.
    """

    def __init__(self, plan: NumberPlan) -> None:
        self._plan = plan
        self._numbers: dict[str, T] = {}
        self._patterns: dict[_Shape, dict[str, T]] = {}

    def add(self, written: str, entry: T) -> T:
        """Enter what is said of a number or pattern; returns what was first said of the same, which stays.

        Raises:
            ValueError: a sentence that says what is wrong with what is written and what is allowed.
        """
        if _PLAIN.fullmatch(written):
            return self._numbers.setdefault(compact(self._plan.canonical(written)), entry)
        said = [entries.setdefault(key, entry) for entries, key in self._places(written)]
        return next((other for other in said if other is not entry), entry)

    def find(self, number: str) -> T | None:
        """What is said of a canonical number."""
        return self._first(self._plan.readings(number))

    def guess(self, number: str) -> T | None:
        """What is said of what a canonical number begins like (see `NumberPlan.guesses`)."""
        return self._first(self._plan.guesses(number))

    def _first(self, numbers: Iterator[str]) -> T | None:
        return next((entry for entry in map(self._find, numbers) if entry is not None), None)

    def _find(self, number: str) -> T | None:
        if (entry := self._numbers.get(number)) is not None:
            return entry
        if _NUMBER.fullmatch(number):
            for shape, entries in self._patterns.items():
                if (key := shape.of(number)) is not None and (entry := entries.get(key)) is not None:
                    return entry
        return None

    def _places(self, written: str) -> Iterator[tuple[dict[str, T], str]]:
        shapes = list(masks(written.strip(), self._plan))
        is_number = len(shapes) == 1 and not shapes[0].is_open and all(len(place) == 1 for place in shapes[0].places)
        for mask in shapes:
            for places in product(*(_ANY if len(place) == _DIGITS else place for place in mask.places)):
                key = "".join(places)
                wild = tuple(place for place, digit in enumerate(places) if digit == _ANY)
                yield self._numbers if is_number else self._of(_Shape(wild, len(places), mask.is_open)), key

    def _of(self, shape: _Shape) -> dict[str, T]:
        if shape not in self._patterns:
            self._patterns[shape] = {}
            self._patterns = dict(sorted(self._patterns.items(), key=lambda item: item[0].rank))
        return self._patterns[shape]
