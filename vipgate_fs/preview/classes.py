"""Numbers, cut into the classes that patterns make: all numbers of a class fit the same patterns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from vipgate_fs.gate.numbering import E164_DIGITS
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.sentences import say

_DIGITS: Final = "0123456789"
_ALPHABET: Final = f"{_DIGITS}+"
_TRIES: Final = 100
_SPARE: Final = 4
"""Examples that are kept of each state at first, for the case that some of them are named by themselves."""
MOST_POSITIONS: Final = 1_500_000
"""In all states of the automaton, some 300 MB; files with a thousand patterns have some ten thousand."""
_Positions = frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class NumberClass:
    """Numbers that the same patterns fit.

    Attributes:
        example: one of them.
        patterns: those that fit, as they are written, the most specific first; none: no pattern fits.
        is_single: whether `example` is the whole class, because it is named by itself.
    """

    example: str
    patterns: tuple[str, ...]
    is_single: bool = False


class TooManyPatterns(Exception):
    """The patterns overlap in so many ways that the classes can't be distinguished. The text says what to do."""


class NumberClasses:
    """The classes of all numbers of up to E164_DIGITS digits, with and without +, those that nothing fits among them.

    Args:
        patterns: numbers, names and patterns of them.

    Raises:
        TooManyPatterns: there are more than MOST_POSITIONS.
    """

    def __init__(self, patterns: Iterable[NumberPattern]) -> None:
        singles: dict[str, str] = {}
        several: dict[tuple[str, tuple[str, ...]], NumberPattern] = {}
        for pattern in patterns:
            if pattern.only is not None:
                singles.setdefault(pattern.only, pattern.text)
            else:
                several.setdefault((pattern.text, pattern.forms), pattern)
        forms: dict[str, set[int]] = {}
        for index, pattern in enumerate(several.values()):
            for form in pattern.forms:
                forms.setdefault(form, set()).add(index)
        self._forms = list(forms)
        self._owners = list(forms.values())
        self._automaton = _Automaton(self._forms)
        again = Counter(pattern.text for pattern in several.values())
        self._patterns = [
            replace(pattern, text=pattern.forms[0]) if again[pattern.text] > 1 else pattern
            for pattern in several.values()
        ]
        fitting = {number: self._fitting(number) for number in singles}
        named = Counter(fitting.values())
        ranked = {fits: self._ranked(fits) for fits in named}
        self._singles = {
            number: NumberClass(number, (text, *ranked[fitting[number]]), is_single=True)
            for number, text in singles.items()
        }
        self._starved: set[frozenset[int]] = set()
        self._classes = self._find_all(named)

    def __iter__(self) -> Iterator[NumberClass]:
        """Every class, those of one number first."""
        yield from self._singles.values()
        yield from self._classes.values()

    def of(self, number: str) -> NumberClass:
        """The class of a number. Raises KeyError when it is none."""
        return self._singles.get(number) or self._classes[self._fitting(number)]

    def _find_all(self, named: Mapping[frozenset[int], int]) -> dict[frozenset[int], NumberClass]:
        """The classes, with as many examples of each state as it takes to find one that is not named by itself."""
        spare = _SPARE
        while True:
            self._starved.clear()
            classes = dict(self._find(spare))
            if spare >= max((named.get(fits, 0) for fits in self._starved - classes.keys()), default=0):
                return classes
            spare *= _SPARE

    def _find(self, spare: int) -> Iterator[tuple[frozenset[int], NumberClass]]:
        found: set[frozenset[int]] = set()
        if (stranger := self._stranger()) is not None:
            found.add(frozenset())
            yield frozenset(), NumberClass(stranger, ())
        shortest: dict[_Positions, list[str]] = {self._automaton.start: [""]}
        level = [self._automaton.start]
        while level:
            reached: dict[_Positions, list[str]] = {}
            for positions, text in [(each, text) for each in level for text in shortest[each]]:
                for character in _ALPHABET if text == "" else _DIGITS:
                    kept = reached.setdefault(self._automaton.step(positions, character), [])
                    if len(kept) <= min(len(self._singles), spare):
                        kept.append(text + character)
            for positions, texts in reached.items():
                fits = self._fits(positions)
                example = next((text for text in texts if text not in self._singles and text != "+"), None)
                if example is None:
                    self._starved.add(fits)
                elif fits not in found:
                    found.add(fits)
                    yield fits, NumberClass(example, self._ranked(fits))
            level = [
                positions
                for positions, texts in reached.items()
                if positions not in shortest and len(texts[0].removeprefix("+")) < E164_DIGITS
            ]
            shortest.update({positions: reached[positions] for positions in level})

    def _ranked(self, fits: Iterable[int]) -> tuple[str, ...]:
        """The patterns as they are written, the most specific first."""
        ranked = sorted({self._patterns[index] for index in fits}, key=lambda pattern: -pattern.digits)
        return tuple(dict.fromkeys(pattern.text for pattern in ranked))

    def _fitting(self, number: str) -> frozenset[int]:
        if not self._forms:
            return frozenset()
        positions = self._automaton.start
        for character in number:
            positions = self._automaton.step(positions, character)
        return self._fits(positions)

    def _fits(self, positions: _Positions) -> frozenset[int]:
        """The patterns that fit what has led to these positions."""
        ends = (self._owners[index] for index, place in positions if place == len(self._forms[index]))
        return frozenset().union(*ends)

    def _stranger(self) -> str | None:
        """A number that looks like one and that nothing fits; None when none is found at once."""
        candidates = (f"+4915550{tail:05}" for tail in range(_TRIES))
        return next((one for one in candidates if one not in self._singles and not self._fitting(one)), None)


class _Automaton:
    """Reads a number through all forms at once, one character after the other; what has been worked out is kept.

    Args:
        forms: with `?` and `*`.

    Attributes:
        start: where every form is before the first character.
    """

    def __init__(self, forms: Sequence[str]) -> None:
        self._forms = forms
        self._after: dict[_Positions, dict[str, _Positions]] = {}
        self._states: dict[_Positions, _Positions] = {}
        self._size = 0
        self.start = self._closed((index, 0) for index in range(len(forms)))

    def step(self, positions: _Positions, character: str) -> _Positions:
        """Where the forms are after one more character."""
        known = self._after.setdefault(positions, {})
        if character not in known:
            known[character] = self._kept(self._closed(self._moved(positions, character)))
        return known[character]

    def _kept(self, positions: _Positions) -> _Positions:
        """The same positions, which are kept once."""
        if positions not in self._states:
            self._size += len(positions)
            if self._size > MOST_POSITIONS:
                raise TooManyPatterns(
                    say("patterns with * in the middle overlap in too many ways; compare fewer at once")
                )
            self._states[positions] = positions
        return self._states[positions]

    def _moved(self, positions: _Positions, character: str) -> Iterator[tuple[int, int]]:
        for index, place in positions:
            form = self._forms[index]
            if place == len(form):
                continue
            wanted = form[place]
            if wanted == "*":
                yield index, place  # a + too, which only ever comes first
            elif wanted == character or (wanted == "?" and character != "+"):
                yield index, place + 1

    def _closed(self, positions: Iterable[tuple[int, int]]) -> _Positions:
        """The positions, and those after a `*` that stands for nothing."""
        seen = set()
        for index, place in positions:
            after = place
            seen.add((index, after))
            while after < len(self._forms[index]) and self._forms[index][after] == "*":
                after += 1
                seen.add((index, after))
        return frozenset(seen)
