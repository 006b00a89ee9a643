"""What a change of the configuration changes for callers: every class of call whose fate is another, and no other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import chain

from vipgate_fs.config.model import Configuration
from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import Mapping as MappingNode
from vipgate_fs.document.nodes import parse
from vipgate_fs.gate.call import WITHHELD, Call
from vipgate_fs.gate.gate import Gate, Route
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.schedules import Calendar, Schedule
from vipgate_fs.gate.step import Step
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.identify.caller_pin import CallerPin
from vipgate_fs.identify.callers import Callers
from vipgate_fs.identify.static_pin import DatedPin, StaticPin
from vipgate_fs.preview.called import Called
from vipgate_fs.preview.classes import NumberClasses
from vipgate_fs.preview.fates import Behaviour, behaviour, differing, not_protected, signature
from vipgate_fs.preview.parties import Party
from vipgate_fs.preview.spellings import Numbers, read_differently
from vipgate_fs.preview.times import Horizon, Interval, Timeline, intervals, joined

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
        return replace(found, restricted=restricted and self.hides and WITHHELD not in number)


@dataclass(frozen=True)
class Side:
    """One of the two configurations.

    Attributes:
        configuration: as it is loaded.
        root: its document, for the settings of steps that ask elsewhere.
    """

    configuration: Configuration
    root: MappingNode = field(repr=False)

    @classmethod
    def of(cls, configuration: Configuration, content: bytes) -> Side:
        """A configuration, and the content that it was made of without errors."""
        root = parse(content, Report(str(configuration.path)))
        assert isinstance(root, MappingNode), "it was valid"
        return cls(configuration, root)

    def settings_that_differ(self, other: Side) -> list[str]:
        """The sections besides gates and schedules that are written differently."""
        ours, theirs = self.root.value, other.root.value
        names = [name for name in dict.fromkeys((*ours, *theirs)) if name not in {"version", "gates", "schedules"}]
        return [name for name in names if ours.get(name) != theirs.get(name)]

    @property
    def calendar(self) -> Calendar:
        """The site's."""
        return self.configuration.site.calendar

    @cached_property
    def signatures(self) -> Mapping[int, Hashable]:
        """Of every step, by its `id`: several may stand in one line."""
        found = {}
        gates = self.root.mapping("gates")
        for gate in self.configuration.gates:
            items = gates.mapping(gate.name).items("identify")
            nodes = [item.mapping(key) for item in items if isinstance(item, MappingNode) for key in item.nodes]
            found.update({id(step): signature(step, node.value) for step, node in zip(gate.steps, nodes, strict=True)})
        return found

    @cached_property
    def _timelines(self) -> dict[str, Timeline]:
        return {}

    def timeline(self, schedule: Schedule, horizon: Horizon) -> Timeline:
        """When one of its schedules is on."""
        if schedule.name not in self._timelines:
            self._timelines[schedule.name] = Timeline(schedule, horizon)
        return self._timelines[schedule.name]


def everything_called(old: Side, new: Side) -> Called:
    """Everything that can be called and that either file distinguishes."""
    written = partial(_written, (old, new), _canonical, ())
    return Called(old.configuration.gates, new.configuration.gates, written)


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
    sides = (old, new)
    called = called or everything_called(old, new)
    known: dict[Hashable, _ByState] = {}
    for pair, parties in called.pairs.values():
        if pair == (None, None):
            continue
        before, after = (
            _Half(side, place, gate, horizon) for place, (side, gate) in enumerate(zip(sides, pair, strict=True))
        )
        for change in _Pair(before, after, horizon, known).changes(called):
            yield replace(change, called=tuple(parties))


def _written(
    sides: tuple[Side, Side],
    read: Callable[[NumberPlan, str], str],
    words: Iterable[str],
    patterns: Iterable[NumberPattern],
) -> dict[str, tuple[str, str]]:
    """The numbers that the files read differently, by what is written; none where they read all alike."""
    plans = [side.configuration.site.trunk for side in sides]
    if plans[0].reads_like(plans[1]):
        return {}
    return read_differently(patterns, words, plans, read)


def _canonical(plan: NumberPlan, written: str) -> str:
    return plan.canonical(written)


def _caller(plan: NumberPlan, written: str) -> str:
    return plan.caller(written)


class _Half:
    """A gate of one file; None: there is none.

    Args:
        side: the file.
        place: 0 for the one that counts so far.
        gate: the gate.
        horizon: on the clock of the new file.
    """

    def __init__(self, side: Side, place: int, gate: Gate | None, horizon: Horizon) -> None:
        self.side = side
        self._place = place
        self.gate = gate
        self._horizon = horizon
        self._known: dict[Hashable, list[Behaviour]] = {}

    @cached_property
    def _own(self) -> Horizon:
        """The same days, on the clock of this file."""
        return Horizon(self._horizon.first, self._horizon.days, self.side.calendar)

    @cached_property
    def _dated(self) -> tuple[DatedPin, ...]:
        """The PINs that are valid for a while."""
        steps = [getattr(step, "besides", None) or step for step in (self.gate.steps if self.gate else ())]
        return tuple(dated for step in steps if isinstance(step, StaticPin) for dated in step.dated)

    @property
    def when(self) -> Hashable:
        """Equal for halves that change at the same times."""
        activation = self.gate.active if self.gate else None
        when = (activation.schedule.name, activation.outside) if activation else None
        return self.gate is not None, when, self.gate.name if self.gate and self._dated else None

    def turns(self) -> Iterator[int]:
        """Every minute at which its state may change."""
        turns = [self._own.minute(at) for dated in self._dated for at in (dated.valid_from, dated.valid_until)]
        if self.gate and self.gate.active:
            turns += self.side.timeline(self.gate.active.schedule, self._own).turns
        if self._own.calendar.timezone == self._horizon.calendar.timezone:
            yield from turns
        else:
            yield from (self._horizon.minute(self._horizon.calendar.local(self._own.at(turn))) for turn in turns)

    def state(self, minute: int) -> tuple[bool, ...]:
        """Whether it is active, and which dated PINs are valid."""
        if self.gate is None:
            return (False,)
        at = self._horizon.at(minute)
        local = self.side.calendar.local(at)
        active = True
        if self.gate.active:
            timeline = self.side.timeline(self.gate.active.schedule, self._own)
            active = timeline.on(self._own.minute(local)) != self.gate.active.outside
        return (active, *(dated.is_valid(local) for dated in self._dated))

    def behaviours(self, callers: Sequence[Party], minute: int) -> list[Behaviour]:
        """What it does with each caller."""
        active, *_ = state = self.state(minute)
        if self.gate is None or not active:
            return [not_protected(self.gate.route if self.gate else Route())] * len(callers)
        if state not in self._known:
            at = self.side.calendar.local(self._horizon.at(minute))
            calls = (
                Call("diff", caller.number(self._place), "", "", restricted=caller.restricted, at=at)
                for caller in callers
            )
            self._known[state] = [behaviour(self.gate, call, self.side.signatures) for call in calls]
        return self._known[state]

    def _behaviour(self, gate: Gate, caller: Party, at: dt.datetime) -> Behaviour:
        call = Call("diff", caller.number(self._place), "", "", restricted=caller.restricted, at=at)
        return behaviour(gate, call, self.side.signatures)


class _Pair:
    """A gate of each file for the same calls.

    Args:
        old: of the configuration that counts so far.
        new: of the other.
        horizon: on the clock of the new file.
        known: intervals by state, of pairs that change at the same times.
    """

    def __init__(self, old: _Half, new: _Half, horizon: Horizon, known: dict[Hashable, _ByState]) -> None:
        self._old = old
        self._new = new
        self._horizon = horizon
        self._known = known

    def changes(self, called: Called) -> Iterator[Change]:
        """What changes, still without what is called."""
        found: dict[tuple[tuple[Party, ...], Hashable], tuple[Behaviour, Behaviour, list[Interval]]] = {}
        for when in self._by_state().values():
            for fates, (before, after, callers) in self._compared(when[0][0]).items():
                found.setdefault((tuple(callers), fates), (before, after, []))[2].extend(when)
        for (parties, _), (before, after, when) in found.items():
            everybody = len(parties) == len(self._callers)
            yield Change((), parties, everybody, tuple(joined(when)), before, after, called, self._numbers, self._hides)

    def _by_state(self) -> _ByState:
        key = (self._old.when, self._new.when)
        if key not in self._known:
            found: _ByState = {}
            turns = chain(self._old.turns(), self._new.turns())
            for interval, state in intervals(self._horizon, turns, self._state):
                found.setdefault(state, []).append(interval)
            self._known[key] = found
        return self._known[key]

    def _state(self, minute: int) -> Hashable:
        return self._old.state(minute), self._new.state(minute)

    @cached_property
    def _steps(self) -> tuple[Step, ...]:
        return tuple(step for half in (self._old, self._new) if half.gate for step in half.gate.steps)

    @cached_property
    def _hides(self) -> bool:
        return any(step.restricted_as_withheld for step in self._steps)

    @cached_property
    def _patterns(self) -> list[NumberPattern]:
        """The numbers of callers that either gate names."""
        patterns: list[NumberPattern] = []
        for step in self._steps:
            if isinstance(step, Callers):
                patterns += step.lists.patterns()
            elif isinstance(step, CallerPin) and step.by == "caller_number":
                patterns += (NumberPattern.exactly(owner) for owner, _ in step.table.items())
        return patterns

    @cached_property
    def _numbers(self) -> Numbers:
        """All callers who show a number."""
        sides = (self._old.side, self._new.side)
        words = [word for side in sides for word in side.configuration.site.trunk.own_withheld]
        written = _written(sides, _caller, words, self._patterns)
        return Numbers(NumberClasses(self._patterns), written, self._said_of)

    def _said_of(self, number: str, place: int) -> Hashable:
        """What the lists of a gate say of a number, which may be a guess."""
        gate = (self._old, self._new)[place].gate
        lists = (step for step in (gate.steps if gate else ()) if isinstance(step, Callers))
        return tuple(step.identify(Call("diff", number, "", "")) for step in lists)

    @cached_property
    def _callers(self) -> tuple[Party, ...]:
        """Everybody whom either gate distinguishes."""
        numbers = self._numbers.parties
        restricted = [
            replace(one, restricted=True) for one in numbers if self._hides and WITHHELD not in (one.read or ())
        ]
        return (*numbers, *restricted, Party("withheld", "", WITHHELD))

    def _compared(self, minute: int) -> dict[Hashable, tuple[Behaviour, Behaviour, list[Party]]]:
        """The callers for whom something changes, by what is said of it, and one of the behaviours of each."""
        found: dict[Hashable, tuple[Behaviour, Behaviour, list[Party]]] = {}
        halves = (half.behaviours(self._callers, minute) for half in (self._old, self._new))
        for caller, before, after in zip(self._callers, *halves, strict=True):
            if before != after:
                fates = (before.was, after.now, tuple(differing(before, after)))
                found.setdefault(fates, (before, after, []))[2].append(caller)
        return found
