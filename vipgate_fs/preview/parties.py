"""Who calls, and who is called: everything that one of two configurations distinguishes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from vipgate_fs.preview.classes import NumberClass, NumberClasses


@dataclass(frozen=True, slots=True)
class Party:
    """Who calls, or is called: the number, user or group, or all of a class.

    Attributes:
        kind: `number`, `numbers` (all that fit `name`), `user`, `group`, `withheld`, `others`, `written` (a number that
            the two files read as different ones), or `both`.
        name: the number, the most specific pattern, or the name.
        example: a number of the class; for the withheld and for groups "".
        patterns: of numbers, all that fit the class, the most specific first.
        restricted: callers of the class who hide their number, and only they.
        read: how the two files read the example, where that is not the same.
        both: for the called number of a user and the like: who decides so far, and who decides by the other file.
        unless: who else is called decides in one of the files at least.
    """

    kind: str
    name: str
    example: str
    patterns: tuple[str, ...] = ()
    restricted: bool = False
    read: tuple[str, str] | None = None
    both: tuple[Party, ...] = ()
    unless: tuple[str, ...] = field(default=(), compare=False)

    def number(self, place: int) -> str:
        """The example as one of the files reads it: 0 is the one that counts so far."""
        return self.example if self.read is None else self.read[place]

    @property
    def parts(self) -> tuple[Party, ...]:
        """All that a call is for at once."""
        return self.both or (self,)

    @property
    def names(self) -> dict[str, frozenset[str]]:
        """The users and groups that a call is for, as arguments of `Call`."""
        return {
            key: frozenset(part.name for part in self.parts if part.kind == kind)
            for key, kind in (("called_users", "user"), ("called_groups", "group"))
        }

    def called(self, place: int) -> str:
        """The called number as one of the files reads it."""
        numbers_first = sorted(self.parts, key=lambda part: part.kind in ("user", "group"))
        return next((part.number(place) for part in numbers_first if part.kind != "group"), "")


def party(found: NumberClass) -> Party:
    """The numbers of a class."""
    if not found.patterns:
        return Party("others", "", found.example)
    return Party("number" if found.is_single else "numbers", found.patterns[0], found.example, found.patterns)


def named(one: Party) -> str:
    """What it is called in a sentence, without what is left out of it."""
    if one.kind in ("user", "group"):
        return f"{one.kind} {one.name}"
    return one.name or "other numbers"


def described(parties: Iterable[Party], classes: NumberClasses, *, hides: bool = False) -> Iterator[str]:
    """The names of parties: all that they have in common with others is left out of them.

    Args:
        parties: that are meant.
        classes: of all numbers.
        hides: whether those who hide their number are told apart.
    """
    parties = sorted(parties, key=lambda one: one.kind == "others")
    meant = {hidden: {one.example for one in parties if one.restricted == hidden} for hidden in (False, True)}
    for one in parties:
        match one.kind:
            case "withheld":
                yield "callers who show no number"
            case "written":
                yield f"numbers written like {one.name}"
            case "user" | "group":
                yield _unless(named(one), one)
            case "both":
                yield _both(one, parties, classes)
            case _:
                alike = one.example in meant[not one.restricted]
                if not alike or not one.restricted:
                    shows = " (who hide their number)" if one.restricted else " (who show their number)"
                    yield _unless(
                        f"{_numbers(one, meant[one.restricted], classes)}{shows if hides and not alike else ''}", one
                    )


def _both(one: Party, parties: Iterable[Party], classes: NumberClasses) -> str:
    """A number of a user, and the like."""
    number = next((part for part in one.both if part.kind in ("number", "numbers")), None)
    if number is None:
        return one.name
    (other,) = (part for part in one.both if part is not number)
    same = (each for each in parties if each.kind == "both" and other in each.both)
    meant = {part.example for each in same for part in each.both if part is not other}
    return f"{_numbers(number, meant, classes)} of {named(other)}"


def _unless(text: str, one: Party) -> str:
    return f"{text} (unless for {listed(one.unless)})" if one.unless else text


def _numbers(one: Party, meant: set[str], classes: NumberClasses) -> str:
    """A class by its most specific pattern, without those numbers of it that are not meant."""
    if one.kind == "others":
        return "all other numbers"
    if one.kind == "number":
        return one.name
    within = [found for found in classes if one.name in found.patterns]
    ours = [found for found in within if found.example in meant]
    apart: list[str] = []
    for found in within:
        if found.example in meant:
            continue
        name = next((name for name in found.patterns if not any(name in each.patterns for each in ours)), None)
        if name is None:
            return _among(one, ours, within)
        apart.append(name)
    return f"{one.name} (without {listed(sorted(set(apart)))})" if apart else one.name


def _among(one: Party, ours: Sequence[NumberClass], within: Sequence[NumberClass]) -> str:
    """A class that overlaps with others in part only."""
    others = [found for found in within if found not in ours]
    for further in one.patterns[1:]:
        if not any(further in found.patterns for found in others):
            return f"{one.name} that fit {further}, too"
    beside = sorted({name for found in within for name in found.patterns} - set(one.patterns))
    also = f"{one.name} that fit {listed(one.patterns[1:])}, too" if one.patterns[1:] else one.name
    return f"{also} (without {listed(beside)})" if beside else also


_MOST: Final = 5
"""Numbers that are named in a sentence; the data have all."""


def listed(names: Sequence[str]) -> str:
    """Such as `7000, 7001 and 3 more`."""
    more = f" and {len(names) - _MOST} more" if names[_MOST:] else ""
    return ", ".join(names[:_MOST]) + more
