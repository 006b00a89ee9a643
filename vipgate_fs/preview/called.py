"""Everything that can be called, and the gates of two configurations that take calls to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import combinations, islice, product
from math import inf
from typing import Final, NamedTuple

from vipgate_fs.gate.call import WITHHELD, Call
from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.gates import Gates
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.preview.classes import NumberClasses
from vipgate_fs.preview.parties import Party, named
from vipgate_fs.preview.spellings import Numbers, Read, Spellings, Treatment
from vipgate_fs.sentences import Sentence, listed, say

_MOST_PAIRS: Final = 200
"""Pairs of gates that are looked at besides: who turns the order of many gates round compares all of them with all."""
_MOST_BOTH: Final = 1000
"""Numbers of users, and the like, that are listed for the same two gates; the others have the same fate."""


def find(gates: Gates, called: Party, place: int) -> Gate | None:
    """The gate that takes calls to a party; the place of the file is 0 or 1."""
    number = called.called(place)
    found = gates.find(Call("diff", WITHHELD, number, number, **called.names))  # type: ignore[arg-type]
    return found[0] if found else None


class _Standing(NamedTuple):
    """Where a party's gate stands in each file: of those for a number and for its user the first decides."""

    old: float
    new: float


Pair = tuple[Gate | None, Gate | None]


class Called:
    """Everything that can be called, and the gates that take calls to it.

    Args:
        old, new: the gates of both files.
        spellings: how numbers are written.

    Attributes:
        numbers: all that can be called.
        pairs: the gates of both files, and to whom the calls are that they take.
        is_whole: whether these are all; where a number and its user decide in turns, there can be too many.
    """

    def __init__(self, old: Gates, new: Gates, spellings: Spellings) -> None:
        self._files = (old, new)
        self._orders = tuple({gate.name: order for order, gate in enumerate(gates)} for gates in self._files)
        gates = [*old, *new]
        users = sorted({user for gate in gates for user in gate.protects.users})
        groups = sorted({group for gate in gates for group in gate.protects.groups})
        entries = (_entries(old), _entries(new))
        classes = NumberClasses([*entries[0], *entries[1]])
        self.numbers = Numbers(classes, spellings.called(*entries, classes), spellings, cache(self._treated))
        numbers = [one for one in self.numbers.parties if not (one.kind == "number" and one.example in users)]
        names = [*(Party("user", user, user) for user in users), *(Party("group", group, "") for group in groups)]
        self._standings = {one: self._standing_of_number((one.number(0), one.number(1))) for one in numbers}
        self._standings |= {one: self._standing(self._pair(one)) for one in names}
        self.pairs: dict[tuple[str | None, str | None], tuple[Pair, list[Party]]] = {}
        self.is_whole = True
        self._enter_alone(numbers, names)
        self._enter_both(numbers, names)

    def party(self, called: tuple[str, str], names: Iterable[Party] = ()) -> Party:
        """Whom a call is to, as far as that decides: the number, a name, or two of them.

        Args:
            called: the canonical number that each file reads.
            names: users and groups that it belongs to.
        """
        number = self.numbers.of(called)
        own = Party("user", number.name, number.example)
        everybody = [own if own in self._standings else number, *(one for one in names if one in self._standings)]
        standings = {one: self._standings[one] for one in everybody}
        if number in standings:  # it may be one of the others by a guess only
            standings[number] = self._standing_of_number(called)
        first = []
        for place in (0, 1):
            least = min(standing[place] for standing in standings.values())
            first.append([one for one in everybody if standings[one][place] == least])
        alike = [one for one in first[0] if one in first[1]]
        return alike[0] if alike else _both(first[0][0], first[1][0])

    def _treated(self, number: str, place: int) -> Treatment:
        found = self._files[place].find(Call("diff", WITHHELD, number, number))
        return Treatment(found and found[0].name)

    def _enter_alone(self, numbers: Sequence[Party], names: Sequence[Party]) -> None:
        for parties, others in ((numbers, names), (names, [*numbers, *names])):
            before = cache(partial(_before, [(named(other), self._standings[other]) for other in others]))
            for one in parties:
                self._enter(self._pair(one), replace(one, unless=before(self._standings[one])))

    def _enter_both(self, numbers: Sequence[Party], names: Sequence[Party]) -> None:
        """Numbers of users or groups, and users in groups, of which one decides so far and the other from now on."""
        most = len(self.pairs) + _MOST_PAIRS
        for one, other in (*product(self._alike(numbers), self._alike(names)), *combinations(self._alike(names), 2)):
            first, second = self._standings[one[0]], self._standings[other[0]]
            flipped = second.old < first.old and first.new < second.new
            if not flipped and not (first.old < second.old and second.new < first.new):
                continue
            if len(self.pairs) >= most:
                self.is_whole = False
                return
            for pair in islice(product(one, other), _MOST_BOTH):
                if not all(each.kind == "user" for each in pair):
                    found = _both(*(reversed(pair) if flipped else pair))
                    self._enter(self._pair(found), found)

    def _alike(self, parties: Iterable[Party]) -> list[list[Party]]:
        found: dict[tuple[_Standing, Pair], list[Party]] = {}
        for one in parties:
            standing = self._standings[one]
            key = (standing, tuple(gate and gate.name for gate in self._pair(one)))
            found.setdefault(key, []).append(one)  # type: ignore[arg-type]
        return list(found.values())

    def _enter(self, pair: Pair, one: Party) -> None:
        key = (pair[0].name if pair[0] else None, pair[1].name if pair[1] else None)
        self.pairs.setdefault(key, (pair, []))[1].append(one)

    def _pair(self, one: Party) -> Pair:
        old, new = (find(gates, one, place) for place, gates in enumerate(self._files))
        return old, new

    def _standing_of_number(self, read: Read) -> _Standing:
        """What a number may be comes after all that it is."""
        exact = self._standing(tuple(gates.exact(one) for gates, one in zip(self._files, read, strict=True)))  # type: ignore[arg-type]
        guess = self._standing(self._pair(Party("number", "", "", read=read)))
        last = max(map(len, self._files))
        return _Standing(*(own if own < inf else last + other for own, other in zip(exact, guess, strict=True)))

    def _standing(self, pair: Pair) -> _Standing:
        old, new = (inf if gate is None else orders[gate.name] for gate, orders in zip(pair, self._orders, strict=True))
        return _Standing(old, new)


def _before(others: Sequence[tuple[Sentence, _Standing]], own: _Standing) -> tuple[Sentence, ...]:
    """Who else would decide in one of the files at least."""
    return tuple(name for name, one in others if one.old < own.old or one.new < own.new)


def _entries(gates: Gates) -> dict[NumberPattern, str]:
    """The gates by what they protect, and by the numbers that are the names of users."""
    users = {NumberPattern.exactly(user): gate.name for gate in gates for user in gate.protects.users}
    return users | {pattern: gate.name for gate in gates for pattern, _ in gate.protects.numbers}


def _both(old: Party, new: Party) -> Party:
    """A call that is for both: who decides so far, and who decides by the other file."""
    number_first = sorted((old, new), key=lambda one: one.kind in ("user", "group"))
    users_first = sorted(number_first, key=lambda one: one.kind == "group")
    return Party("both", _joined(*users_first), users_first[0].example, both=(old, new))


def _joined(one: Party, other: Party) -> Sentence:
    if one.kind == "user":
        return say("{user} in {group}", user=named(one), group=named(other))
    if one.kind == "group":
        return listed([named(one), named(other)])
    return say("{numbers} of {owner}", numbers=named(one), owner=named(other))
