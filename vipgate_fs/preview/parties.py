"""Who calls, and who is called: everything that one of two configurations distinguishes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from vipgate_fs.preview.classes import NumberClass, NumberClasses
from vipgate_fs.preview.spans import first_of
from vipgate_fs.sentences import Sentence, joined, said, say


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
    unless: tuple[Sentence, ...] = field(default=(), compare=False)

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


def named(one: Party) -> Sentence:
    """What it is called in a sentence, without what is left out of it."""
    if one.kind == "user":
        return say("user {user}", user=one.name)
    if one.kind == "group":
        return say("group {group}", group=one.name)
    return said(one.name) if one.name else say("other numbers")


def described(parties: Iterable[Party], classes: NumberClasses, *, hides: bool = False) -> Iterator[Sentence]:
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
                yield say("callers who show no number")
            case "written":
                yield say("numbers written like {name}", name=one.name)
            case "user" | "group":
                yield _unless(named(one), one)
            case "both":
                yield _both(one, parties, classes)
            case _:
                alike = one.example in meant[not one.restricted]
                if not alike or not one.restricted:
                    numbers = _numbers(one, meant[one.restricted], classes)
                    if hides and not alike:
                        numbers = joined("", [numbers, _HIDE if one.restricted else _SHOW])
                    yield _unless(numbers, one)


def _both(one: Party, parties: Iterable[Party], classes: NumberClasses) -> Sentence:
    """A number of a user, and the like."""
    number = next((part for part in one.both if part.kind in ("number", "numbers")), None)
    if number is None:
        return said(one.name)
    (other,) = (part for part in one.both if part is not number)
    same = (each for each in parties if each.kind == "both" and other in each.both)
    meant = {part.example for each in same for part in each.both if part is not other}
    return say("{numbers} of {owner}", numbers=_numbers(number, meant, classes), owner=named(other))


def _unless(text: Sentence, one: Party) -> Sentence:
    return say("{who} (unless for {others})", who=text, others=listed(one.unless)) if one.unless else text


def _numbers(one: Party, meant: set[str], classes: NumberClasses) -> Sentence:
    """A class by its most specific pattern, without those numbers of it that are not meant."""
    if one.kind == "others":
        return say("all other numbers")
    if one.kind == "number":
        return said(one.name)
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
    return _without(said(one.name), sorted(set(apart)))


def _among(one: Party, ours: Sequence[NumberClass], within: Sequence[NumberClass]) -> Sentence:
    """A class that overlaps with others in part only."""
    others = [found for found in within if found not in ours]
    for further in one.patterns[1:]:
        if not any(further in found.patterns for found in others):
            return say("{numbers} that fit {further}, too", numbers=one.name, further=further)
    beside = sorted({name for found in within for name in found.patterns} - set(one.patterns))
    if not one.patterns[1:]:
        return _without(said(one.name), beside)
    also = say("{numbers} that fit {further}, too", numbers=one.name, further=listed(one.patterns[1:]))
    return _without(also, beside)


def _without(numbers: Sentence, apart: Sequence[str]) -> Sentence:
    return say("{numbers} (without {apart})", numbers=numbers, apart=listed(apart)) if apart else numbers


_HIDE: Final = say(" (who hide their number)")
_SHOW: Final = say(" (who show their number)")
_MOST: Final = 5
"""Numbers that are named in a sentence; the data have all."""


def listed(names: Sequence[str]) -> Sentence:
    """Such as `7000, 7001 and 3 more`."""
    return first_of(names, _MOST)
