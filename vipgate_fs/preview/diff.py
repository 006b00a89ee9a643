"""What a change of the configuration changes for callers: every class of call whose fate is another, and no other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.preview.called import Called
from vipgate_fs.preview.classes import NumberClasses
from vipgate_fs.preview.fates import Behaviour, differing
from vipgate_fs.preview.parties import Party
from vipgate_fs.preview.sides import Half, Side
from vipgate_fs.preview.spellings import Numbers, Spellings
from vipgate_fs.preview.times import Horizon, Interval, intervals, joined

_ByState = dict[Hashable, list[Interval]]


@dataclass(frozen=True, slots=True)
class Change:
    """A class of calls, and their fate by both files.

    Attributes:
        called: what is called.
        callers: who calls; `everybody` when that is all.
        everybody: whether it is the same for all callers.
        when: the intervals, in minutes of the horizon.
        old: what happens by the configuration that counts so far.
        new: what happens by the other.
        of_called: everything that can be called.
        of_callers: all numbers of callers.
        hides: whether callers who hide their number are told apart.
    """

    called: tuple[Party, ...]
    callers: tuple[Party, ...]
    everybody: bool
    when: tuple[Interval, ...]
    old: Behaviour
    new: Behaviour
    of_called: Called = field(repr=False, compare=False)
    of_callers: Numbers = field(repr=False, compare=False)
    hides: bool

    def is_on(self, minute: int) -> bool:
        """Whether a minute of the horizon is one in which the fate is another."""
        return any(start <= minute < end for start, end in self.when)

    def caller(self, number: tuple[str, str], *, restricted: bool = False) -> Party:
        """Who calls, as far as that decides.

        Args:
            number: canonical, as each file reads it, or WITHHELD.
            restricted: whether they hide it.
        """
        found = self.of_callers.of(number)
        return replace(found, restricted=restricted and self.hides and found.kind != "withheld")


def everything_called(old: Side, new: Side) -> Called:
    """Everything that can be called and that either file distinguishes."""
    return Called(old.configuration.gates, new.configuration.gates, _spellings(old, new))


def compare(old: Side, new: Side, first: dt.date, days: int, called: Called | None = None) -> Iterator[Change]:
    """Every class of calls whose fate changes.

    Args:
        old: the configuration that counts so far.
        new: the one that is to take its place.
        first: the first day that is looked at, on the new site's clock.
        days: how many of them.
        called: what is called; None: everything.
    """
    horizon = Horizon(first, days, new.calendar)
    called = called or everything_called(old, new)
    halves: list[dict[str | None, Half]] = [{}, {}]
    known = _Known(horizon, _spellings(old, new))
    for names, (gates, parties) in called.pairs.items():
        if gates == (None, None):
            continue
        for place, (name, side) in enumerate(zip(names, (old, new), strict=True)):
            if name not in halves[place]:
                halves[place][name] = Half(side, place, gates[place], horizon)
        before, after = (halves[place][name] for place, name in enumerate(names))
        for change in _Pair(before, after, known).changes(called):
            yield replace(change, called=tuple(parties))


def _spellings(old: Side, new: Side) -> Spellings:
    return Spellings((old.configuration.site.trunk, new.configuration.site.trunk))


class _Known:
    """What has been found out for gates that change at the same times, or that make the same of numbers.

    Args:
        horizon: on the clock of the new file.
        spellings: how numbers are written.
    """

    def __init__(self, horizon: Horizon, spellings: Spellings) -> None:
        self._horizon = horizon
        self._spellings = spellings
        self._times: dict[Hashable, _ByState] = {}
        self._numbers: dict[Hashable, Numbers] = {}

    def by_state(self, old: Half, new: Half) -> _ByState:
        """The intervals in which two gates are in the same state."""
        key = (old.when, new.when)
        if key not in self._times:
            found: _ByState = {}
            turns = chain(old.turns(), new.turns())
            for interval, state in intervals(self._horizon, turns, lambda at: (old.state(at), new.state(at))):
                found.setdefault(state, []).append(interval)
            self._times[key] = found
        return self._times[key]

    def numbers(self, old: Half, new: Half) -> Numbers:
        """All callers who show a number."""
        key = (old.steps_of_numbers, new.steps_of_numbers)
        if key not in self._numbers:
            classes = NumberClasses([*old.named, *new.named])
            written = self._spellings.callers(old.named, new.named, classes)
            self._numbers[key] = Numbers(classes, written, self._spellings, lambda one, at: (old, new)[at].treated(one))
        return self._numbers[key]


class _Pair:
    """A gate of each file for the same calls.

    Args:
        old: of the configuration that counts so far.
        new: of the other.
        known: what other pairs have found out.
    """

    def __init__(self, old: Half, new: Half, known: _Known) -> None:
        self._old = old
        self._new = new
        self._known = known

    def changes(self, called: Called) -> Iterator[Change]:
        """What changes, still without what is called."""
        found: dict[tuple[tuple[int, ...], Hashable], tuple[Behaviour, Behaviour, list[Interval]]] = {}
        for when in self._known.by_state(self._old, self._new).values():
            for fates, (before, after, alike) in self._compared(when[0][0]).items():
                found.setdefault((tuple(alike), fates), (before, after, []))[2].extend(when)
        for (places, _), (before, after, when) in found.items():
            everybody = len(places) == len(self._alike)
            callers = tuple(chain.from_iterable(self._alike[place] for place in places))
            yield Change((), callers, everybody, tuple(joined(when)), before, after, called, self._numbers, self._hides)

    @cached_property
    def _hides(self) -> bool:
        halves = (half.gate for half in (self._old, self._new) if half.gate)
        return any(step.restricted_as_withheld for gate in halves for step in gate.steps)

    @cached_property
    def _numbers(self) -> Numbers:
        return self._known.numbers(self._old, self._new)

    @cached_property
    def _alike(self) -> list[list[Party]]:
        """Everybody whom either gate distinguishes, those together with whom both do the same."""
        numbers = self._numbers.parties
        hiding = (replace(one, restricted=True) for one in numbers) if self._hides else ()
        found: dict[Hashable, list[Party]] = {}
        for one in chain(numbers, hiding, [Party("withheld", "", WITHHELD)]):
            treated = self._old.treated(one.number(0)), self._new.treated(one.number(1))
            found.setdefault((one.kind == "withheld", one.restricted, treated), []).append(one)
        return list(found.values())

    def _compared(self, minute: int) -> dict[Hashable, tuple[Behaviour, Behaviour, list[int]]]:
        """The callers for whom something changes, by what is said of it, and one of the behaviours of each."""
        found: dict[Hashable, tuple[Behaviour, Behaviour, list[int]]] = {}
        for place, callers in enumerate(self._alike):
            caller = callers[0]
            before, after = (half.behaviour(caller, minute) for half in (self._old, self._new))
            if before != after:
                fates = (before.was, after.now, tuple(differing(before, after)))
                found.setdefault(fates, (before, after, []))[2].append(place)
        return found
