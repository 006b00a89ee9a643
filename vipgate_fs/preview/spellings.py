"""Numbers that two sites read as different ones: another country, another format of the trunk, other withheld words.

What a trunk may send is not to be listed; so the numbers that the patterns name are taken, and those that could follow
what they begin with, and are written in every way that is usual: with and without plus, country code and national
prefix. Numbers that nothing names are represented by one of each country.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.gate.numbering import E164_DIGITS
from vipgate_fs.gate.numbers import LONGEST_EXTENSION, NumberPlan
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.preview.classes import NumberClass, NumberClasses
from vipgate_fs.preview.parties import Party, party

MOST: Final = 2000
"""Patterns of which spellings are tried; of more, as many are taken here and there."""
_FILL: Final = "2345678901234"
_AREA: Final = "30"
"""An area code in most countries."""
_ABROAD: Final = ("00", "011")

Written = Mapping[str, tuple[str, str]]
"""Numbers by what is written: as each file reads them."""


class Numbers:
    """All numbers that two files distinguish.

    Args:
        classes: that the patterns of both make.
        written: what they read as different numbers.
        treated: what else distinguishes a number in one of them (0 or 1), such as what it may be.

    Attributes:
        classes: see there.
        parties: one for each class, and one for each two that something written belongs to.
    """

    def __init__(self, classes: NumberClasses, written: Written, treated: Callable[[str, int], Hashable]) -> None:
        self.classes = classes
        self._treated = treated
        self._written: dict[Hashable, Party] = {}
        for one, read in written.items():
            if not self._is_alike(read):
                self._written.setdefault(self._key(read), Party("written", one, one, read=read))
        self.parties = (*map(party, classes), *self._written.values())

    def of(self, read: tuple[str, str]) -> Party:
        """The numbers among which one is that each file reads so.

        Raises:
            KeyError: nobody has thought of one that is read like this.
        """
        old, new = map(self._of, read)
        if (written := self._written.get(self._key(read))) is not None and not self._is_alike(read):
            return written
        if old != new:
            raise KeyError(read)
        return party(old) if isinstance(old, NumberClass) else Party("withheld", "", WITHHELD)

    def _is_alike(self, read: tuple[str, str]) -> bool:
        """Whether both files read a number of the same class, and treat it as they do the others of it."""
        old, new = map(self._of, read)
        if old != new or isinstance(old, str):
            return old == new
        return all(
            self._treated(number, place) == self._treated(old.example, place) for place, number in enumerate(read)
        )

    def _of(self, number: str) -> NumberClass | str:
        """Its class; what is no number, WITHHELD and names, is itself."""
        try:
            return self.classes.of(number) if number != WITHHELD else WITHHELD
        except KeyError:
            return number

    def _key(self, read: tuple[str, str]) -> Hashable:
        return tuple((self._of(number), self._treated(number, place)) for place, number in enumerate(read))


def read_differently(
    patterns: Iterable[NumberPattern],
    words: Iterable[str],
    plans: Sequence[NumberPlan],
    read: Callable[[NumberPlan, str], str],
) -> dict[str, tuple[str, str]]:
    """What the two sites may read as different numbers, as it is written and as each of them reads it.

    Args:
        patterns: that name numbers.
        words: that may stand in the place of a number.
        plans: of both sites.
        read: makes a canonical number of what is written, by a plan.
    """
    forms = [form for pattern in patterns for form in pattern.forms[:1]]
    forms = forms[:: max(1, len(forms) // MOST)]
    strangers = [f"+{plan.code}{_AREA}{_FILL[:8]}" for plan in plans]
    numbers = chain(strangers, (number for form in forms for number in _numbers(form, plans)))
    written = chain(words, (one for number in dict.fromkeys(numbers) for one in _spellings(number, plans)))
    return {one: (read(plans[0], one), read(plans[1], one)) for one in dict.fromkeys(written)}


def _numbers(form: str, plans: Sequence[NumberPlan]) -> Iterator[str]:
    """Numbers that fit a form, of every length that they can have."""
    filled = form.replace("?", _FILL[0])
    if "*" not in filled:
        yield filled
        return
    head, _, tail = filled.partition("*")
    tail = tail.replace("*", "")
    heads = [head] if head else ["", *(f"+{plan.code}{_AREA}" for plan in plans)]
    for begun in heads:
        least = len(begun.removeprefix("+")) + len(tail)
        yield from (f"{begun}{_FILL[:more]}{tail}" for more in range(E164_DIGITS - least + 1))


def _spellings(number: str, plans: Sequence[NumberPlan]) -> Iterator[str]:
    """The ways in which a canonical number is written."""
    yield number
    digits = number.removeprefix("+")
    if digits == number and len(digits) <= LONGEST_EXTENSION:
        return
    for plan in plans:
        if digits.startswith(plan.code):
            national = digits.removeprefix(plan.code)
            yield from (f"{plan.national_prefix}{national}", national)
    yield from (digits, f"+{digits}", *(f"{abroad}{digits}" for abroad in _ABROAD))
