"""Numbers that two files treat otherwise than what they are named in says: numbers as a trunk writes them.

Two sites may read the same digits as different numbers: another country, another format of the trunk, other withheld
words. And a number that fits nothing may still be taken for one that it could be (`NumberPlan.guesses`). What a trunk
may send is not to be listed; so the numbers that the files name are taken, one of many that nothing sets apart, and
those that could follow what patterns begin with, and are written in every way that is usual: with and without plus,
country code and national prefix. Numbers that nothing names are represented by one of each country.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from itertools import chain
from typing import Final, NamedTuple

from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.gate.numbering import E164_DIGITS
from vipgate_fs.gate.numbers import LONGEST_EXTENSION, NumberPlan, compact
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.gate.withheld import ON_THE_KEYPAD
from vipgate_fs.preview.classes import NumberClass, NumberClasses
from vipgate_fs.preview.parties import Party, party

_ALIKE: Final = 6
"""Characters at the beginning of a number, such as +49176: numbers that have them in common are read alike."""
_FILL: Final = "2345678901234"
_AREA: Final = "30"
"""An area code in most countries."""
_ABROAD: Final = ("00", "011")
_ZEROS: Final = "00000000"

Read = tuple[str, str]
"""A number as each file reads it."""
Written = Mapping[Read, str]
"""Numbers as they are read, each as it may be written."""
Entries = Mapping[NumberPattern, Hashable]
"""What a file says of numbers."""


class Treatment(NamedTuple):
    """What a file makes of a number.

    Attributes:
        kind: equal for numbers whose fate is the same, but for their own PINs.
        own: the PINs that are their own; empty: none.
    """

    kind: Hashable
    own: frozenset[Hashable] = frozenset()


class Spellings:
    """How numbers are written, and what each file reads.

    Args:
        plans: of both sites.

    Attributes:
        is_alike: whether both read every number alike.
    """

    def __init__(self, plans: tuple[NumberPlan, NumberPlan]) -> None:
        self._plans = plans
        self.is_alike = plans[0].reads_like(plans[1])
        self._canonical = tuple(cache(plan.canonical) for plan in plans)
        self._caller = tuple(cache(plan.caller) for plan in plans)
        self._guesses = tuple(cache(lambda number, plan=plan: tuple(plan.guesses(number))) for plan in plans)

    def read(self, written: str) -> Read:
        """A caller's number as each file reads it."""
        old, new = (caller(written) for caller in self._caller)
        return old, new

    def called(self, old: Entries, new: Entries, classes: NumberClasses) -> Written:
        """Numbers that may be called, and that the files may treat differently for how they are written.

        Args:
            old: what the file says that counts so far.
            new: what the other says.
            classes: of the numbers that they name.
        """
        return self._read(self._named(old, new, classes), self._canonical)

    def callers(self, old: Entries, new: Entries, classes: NumberClasses) -> Written:
        """The same of callers, words for a number that is withheld among them."""
        words = () if self.is_alike else self._words()
        return self._read(chain(words, self._named(old, new, classes)), self._caller)

    def guesses(self, read: Read) -> Iterator[str]:
        """What a number may be to either file."""
        for guesses, number in zip(self._guesses, read, strict=True):
            yield from guesses(number)

    @staticmethod
    def _read(written: Iterable[str], readers: Sequence[Callable[[str], str]]) -> Written:
        found: dict[Read, str] = {}
        for one in written:
            found.setdefault((readers[0](one), readers[1](one)), one)
        return found

    def _named(self, old: Entries, new: Entries, classes: NumberClasses) -> Iterator[str]:
        """All spellings; where the files read alike, only of numbers of which they may say something else."""
        said = [*_differing(old, new), *_differing(new, old)]
        if not self.is_alike or any(pattern.only is None for pattern, _ in said):
            said = [*old.items(), *((one, what) for one, what in new.items() if old.get(one) != what)]
        several = (found.example for found in classes if said and not found.is_single and found.patterns)
        numbers = chain(
            () if self.is_alike else (f"+{plan.code}{_AREA}{_FILL[:8]}" for plan in self._plans),
            several,
            (number for form in self._representative(said) for number in self._numbers(form)),
        )
        for number in dict.fromkeys(numbers):
            yield from self._spelled(number)

    def _representative(self, said: Iterable[tuple[NumberPattern, Hashable]]) -> Iterator[str]:
        """A form of each pattern, and of numbers that begin alike and of which the same is said one."""
        found: dict[Hashable, str] = {}
        numbers: dict[str, None] = {}
        for pattern, what in said:
            number = pattern.only
            if number is None:
                yield pattern.forms[0]
            else:
                found.setdefault((number[:_ALIKE], len(number), what), number)
                numbers[number] = None
        yield from found.values()
        yield from self._with_twins(numbers)

    def _with_twins(self, numbers: Collection[str]) -> Iterator[str]:
        """Numbers at home, whose digits are another of the numbers in the other country."""
        codes = [f"+{plan.code}" for plan in self._plans]
        for code, other in (codes, codes[::-1]):
            if code != other:
                at_home = (number for number in numbers if number.startswith(code))
                yield from (number for number in at_home if other + number.removeprefix(code) in numbers)

    def _words(self) -> Iterator[str]:
        """What may stand for a withheld number in one of the files."""
        for plan in self._plans:
            yield from (f"+{plan.code}{_ZEROS}", f"{plan.code}{_ZEROS}")
            for word in plan.own_withheld:
                yield word
                if (digits := compact(word).removeprefix("+")).isdecimal():
                    yield from (f"+{digits}", digits, *self._spelled(plan.canonical(word)))
        yield from (f"{before}{word}" for word in ON_THE_KEYPAD for before in ("", "+", "1", "+1"))

    def _numbers(self, form: str) -> Iterator[str]:
        """Numbers that fit a form, of every length that they can have."""
        filled = form.replace("?", _FILL[0])
        if "*" not in filled:
            yield filled
            return
        head, _, tail = filled.partition("*")
        tail = tail.replace("*", "")
        heads = [head] if head else ["", *(f"+{plan.code}{_AREA}" for plan in self._plans)]
        for begun in heads:
            least = len(begun.removeprefix("+")) + len(tail)
            yield from (f"{begun}{_FILL[:more]}{tail}" for more in range(E164_DIGITS - least + 1))

    def _spelled(self, number: str) -> Iterator[str]:
        """The ways in which a canonical number is written."""
        yield number
        digits = number.removeprefix("+")
        if digits == number and len(digits) <= LONGEST_EXTENSION:
            return
        for plan in self._plans:
            if digits.startswith(plan.code):
                national = digits.removeprefix(plan.code)
                yield from (f"{plan.national_prefix}{national}", national)
        yield from (digits, f"+{digits}", *(f"{abroad}{digits}" for abroad in _ABROAD))


def _differing(entries: Entries, others: Entries) -> Iterator[tuple[NumberPattern, Hashable]]:
    return ((one, what) for one, what in entries.items() if others.get(one) != what)


class Numbers:
    """All numbers that two files distinguish.

    Args:
        classes: that the patterns of both make.
        written: numbers that they may treat differently for how they are written.
        spellings: what those may be.
        treated: what one of the files (0 or 1) makes of a number.

    Attributes:
        classes: see there.
        parties: one for each class, and one for each way in which both treat further numbers.
    """

    def __init__(
        self,
        classes: NumberClasses,
        written: Written,
        spellings: Spellings,
        treated: Callable[[str, int], Treatment],
    ) -> None:
        self.classes = classes
        self._spellings = spellings
        self._treated = treated
        self._written: dict[Hashable, Party] = {}
        for read, one in written.items():
            if self._known(read) is None:
                self._written.setdefault(self._key(read), Party("written", one, one, read=read))
        self.parties = (*map(party, classes), *self._written.values())

    def of(self, read: Read) -> Party:
        """The numbers among which one is that each file reads so.

        Raises:
            KeyError: nobody has thought of one that is read like this.
        """
        return self._known(read) or self._written[self._key(read)]

    def shown(self, written: str) -> Party | None:
        """The numbers among which a caller's is that is written so; None: nobody has thought of one like it."""
        with suppress(KeyError):
            return self.of(self._spellings.read(written))
        return None

    def _known(self, read: Read) -> Party | None:
        """Those that it is one of, or may be, if both files treat it as they do them."""
        if read == (WITHHELD, WITHHELD):
            return Party("withheld", "", WITHHELD)
        own = self._treatment(read)
        for number in chain(read, self._spellings.guesses(read)):
            found = self._class(number)
            if found is not None and self._treatment((found.example, found.example)) == own:
                return party(found)
        return None

    def _treatment(self, read: Read) -> tuple[Treatment, ...]:
        return tuple(self._treated(number, place) for place, number in enumerate(read))

    def _class(self, number: str) -> NumberClass | None:
        """Its class; None for what is no number."""
        with suppress(KeyError):
            return self.classes.of(number) if number != WITHHELD else None
        return None

    def _key(self, read: Read) -> Hashable:
        old, new = self._treatment(read)
        return old.kind, new.kind, old.own == new.own
