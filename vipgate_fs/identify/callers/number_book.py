"""What a list says of full telephone numbers, a million of them in little space.

The operations wanted, and what they should cost:

- enter a number in half a microsecond, and 50 bytes until the book is closed;
- find what is said of a number in a few microseconds, in 16 bytes for each number afterwards: two sorted arrays.

A dict of a million texts would take 200 MB, in each worker.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

_BITS: Final = 28
"""For a line, and for what is said."""
_MASK: Final = (1 << _BITS) - 1


class Remark(NamedTuple):
    """What is said of a number.

    Attributes:
        line: of the list, from 1.
        said: what it says, as a number from 0.
    """

    line: int
    said: int


class NumberBook:
    """Remarks by number in E.164 form, with its plus."""

    def __init__(self) -> None:
        self._entered: list[int] = []
        self._numbers = array("Q")
        self._remarks = array("Q")

    def items(self) -> Iterator[tuple[str, Remark]]:
        """The numbers, in order, and what each line says of them."""
        return ((f"+{number}", self._remark(place)) for place, number in enumerate(self._numbers))

    def enter(self, number: str, line: int, said: int) -> None:
        """Enter what a line says of a number. It can be found when the book is closed."""
        self._entered.append((int(number) << _BITS | line) << _BITS | said)

    def close(self) -> Iterator[tuple[int, int]]:
        """Put the book in order. Returns where two lines say different things of one number: the lines."""
        self._entered.sort()
        self._numbers = array("Q", (entered >> 2 * _BITS for entered in self._entered))
        self._remarks = array("Q", (entered & ((1 << 2 * _BITS) - 1) for entered in self._entered))
        self._entered = []
        return self._conflicts()

    def _conflicts(self) -> Iterator[tuple[int, int]]:
        for place, (number, following) in enumerate(pairwise(self._numbers)):
            if number == following:
                first, later = self._remark(bisect_left(self._numbers, number)), self._remark(place + 1)
                if first.said != later.said:
                    yield first.line, later.line

    def find(self, number: str) -> Remark | None:
        """What is said first of a number; None: nothing, or it is not in E.164 form."""
        if not number.startswith("+") or not number.isascii() or not number[1:].isdecimal():
            return None
        sought = int(number)
        place = bisect_left(self._numbers, sought)
        if place == len(self._numbers) or self._numbers[place] != sought:
            return None
        return self._remark(place)

    def _remark(self, place: int) -> Remark:
        return Remark(self._remarks[place] >> _BITS, self._remarks[place] & _MASK)
