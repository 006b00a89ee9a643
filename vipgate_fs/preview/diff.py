"""What a change of the configuration changes for callers: every class of call whose fate is another, and no other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

from vipgate_fs.config.model import Configuration
from vipgate_fs.document.nodes import Mapping as MappingNode
from vipgate_fs.gate.call import WITHHELD, Call
from vipgate_fs.gate.gate import Gate, Route
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.identify.caller_pin import CallerPin
from vipgate_fs.identify.callers import Callers
from vipgate_fs.identify.static_pin import StaticPin
from vipgate_fs.preview.classes import NumberClass, NumberClasses
from vipgate_fs.preview.fates import Behaviour, behaviour, differing, not_protected, signature
from vipgate_fs.preview.times import Horizon, Interval, intervals, joined, turns_of


@dataclass(frozen=True, slots=True)
class Party:
    """Who calls, or is called: the number, user or group, or all of a class.

    Attributes:
        kind: `number`, `numbers` (all that fit `name`), `user`, `group`, `withheld` or `others`.
        name: the number, the most specific pattern, or the name.
        around: less specific patterns that fit the class, too.
        example: a number of the class; for the withheld and for users and groups "".
        restricted: callers of the class who hide their number, and only they.
    """

    kind: str
    name: str
    example: str
    around: tuple[str, ...] = ()
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A class of calls, and their fate by both files.

    Attributes:
        called: what is called.
        besides: what else can be called, and has another fate.
        callers: who calls; `everybody` when that is all.
        everybody: whether it is the same for all callers.
        when: the intervals, in minutes of the horizon.
        old: what happens by the configuration that counts so far.
        new: what happens by the other.
        classes: those that what is called, and who calls, were told apart by.
    """

    called: tuple[Party, ...]
    besides: tuple[Party, ...]
    callers: tuple[Party, ...]
    everybody: bool
    when: tuple[Interval, ...]
    old: Behaviour
    new: Behaviour
    classes: tuple[NumberClasses, NumberClasses] = field(repr=False, compare=False)

    def covers(self, called: str, caller: str, minute: int) -> bool:
        """Whether a call belongs to the class.

        Args:
            called: a canonical number that belongs to no user or group.
            caller: a canonical number that is not restricted, or WITHHELD.
            minute: of the horizon.
        """
        if not any(start <= minute < end for start, end in self.when):
            return False
        target = self.classes[0].of(called).example
        if not any(party.example == target for party in self.called if party.kind != "group"):
            return False
        who = "" if caller == WITHHELD else self.classes[1].of(caller).example
        return any(party.example == who and not party.restricted for party in self.callers)


@dataclass(frozen=True)
class Side:
    """One of the two configurations.

    Attributes:
        configuration: as it is loaded.
        root: its document, for the settings of steps that ask elsewhere.
    """

    configuration: Configuration
    root: MappingNode = field(repr=False)

    @property
    def calendar(self) -> Calendar:
        """The site's."""
        return self.configuration.site.calendar

    @cached_property
    def signatures(self) -> Mapping[int, Hashable]:
        """Of every step, by its line."""
        found = {}
        gates = self.root.mapping("gates")
        for gate in self.configuration.gates:
            items = gates.mapping(gate.name).items("identify")
            nodes = [item.mapping(key) for item in items if isinstance(item, MappingNode) for key in item.nodes]
            found.update({step.line: signature(step, node.value) for step, node in zip(gate.steps, nodes, strict=True)})
        return found

    def find(self, party: Party) -> Gate | None:
        """The gate that takes calls to a party."""
        users = frozenset({party.name} if party.kind == "user" else ())
        groups = frozenset({party.name} if party.kind == "group" else ())
        call = Call("diff", WITHHELD, party.example, party.example, called_users=users, called_groups=groups)
        found = self.configuration.gates.find(call)
        return found[0] if found else None


def compare(old: Side, new: Side, first: dt.date, days: int) -> Iterator[Change]:
    """Every class of calls whose fate changes.

    Args:
        old: the configuration that counts so far.
        new: the one that is to take its place.
        first: the first day that is looked at, on the new site's clock.
        days: how many of them.
    """
    horizon = Horizon(first, days, new.calendar)
    classes = _called_classes(old, new)
    pairs: dict[tuple[str | None, str | None], list[Party]] = {}
    gates: dict[tuple[str | None, str | None], tuple[Gate | None, Gate | None]] = {}
    for party in _called(old, new, classes):
        pair = old.find(party), new.find(party)
        key = (pair[0].name if pair[0] else None, pair[1].name if pair[1] else None)
        pairs.setdefault(key, []).append(party)
        gates[key] = pair
    for key, parties in pairs.items():
        if key == (None, None):
            continue
        besides = tuple(party for other, others in pairs.items() if other != key for party in others)
        for change in _Pair(old, new, *gates[key], horizon).changes(classes):
            yield replace(change, called=tuple(parties), besides=besides)


def _called_classes(old: Side, new: Side) -> NumberClasses:
    gates = [*old.configuration.gates, *new.configuration.gates]
    numbers = [pattern for gate in gates for pattern, _ in gate.protects.numbers]
    return NumberClasses([*numbers, *(NumberPattern.exactly(user) for gate in gates for user in gate.protects.users)])


def _called(old: Side, new: Side, classes: NumberClasses) -> Iterator[Party]:
    """Everything that can be called and is told apart by either file."""
    gates = [*old.configuration.gates, *new.configuration.gates]
    users = sorted({user for gate in gates for user in gate.protects.users})
    groups = sorted({group for gate in gates for group in gate.protects.groups})
    for found in classes:
        if found.is_single and found.example in users:
            continue  # the user, whom the number is only another name for
        yield _party(found)
    yield from (Party("user", user, user) for user in users)
    yield from (Party("group", group, "") for group in groups)


def _party(found: NumberClass) -> Party:
    if found.is_single:
        return Party("number", found.patterns[0], found.example, found.patterns[1:])
    if not found.patterns:
        return Party("others", "", found.example)
    return Party("numbers", found.patterns[0], found.example, found.patterns[1:])


class _Pair:
    """A gate of each file for the same calls; None: there is none."""

    def __init__(self, old: Side, new: Side, before: Gate | None, after: Gate | None, horizon: Horizon) -> None:
        self._sides = (old, new)
        self._gates = (before, after)
        self._horizon = horizon

    def changes(self, classes: NumberClasses) -> Iterator[Change]:
        """What changes, still without what is called."""
        by_state: dict[Hashable, list[Interval]] = {}
        for interval, state in intervals(self._horizon, self._turns(), self._state):
            by_state.setdefault(state, []).append(interval)
        found: dict[tuple[tuple[Party, ...], Hashable], tuple[Behaviour, Behaviour, list[Interval]]] = {}
        for when in by_state.values():
            for told, (before, after, callers) in self._compared(self._horizon.at(when[0][0])).items():
                found.setdefault((tuple(callers), told), (before, after, []))[2].extend(when)
        for (parties, _), (before, after, when) in found.items():
            everybody = len(parties) == len(self._callers)
            told_apart = (classes, self._classes)
            yield Change((), (), parties, everybody, tuple(joined(when)), before, after, told_apart)

    def _state(self, minute: int) -> Hashable:
        at = self._horizon.at(minute)
        return tuple(
            (active(gate, side, at), *(valid for step in gate.steps for valid in _valid(step, side, at)))
            if gate
            else ()
            for gate, side in zip(self._gates, self._sides, strict=True)
        )

    def _turns(self) -> Iterator[int]:
        for gate, side in zip(self._gates, self._sides, strict=True):
            if gate is None:
                continue
            mine = Horizon(self._horizon.first, self._horizon.days, side.calendar)
            turns: Iterable[int] = chain.from_iterable(_moments(step, mine) for step in gate.steps)
            if gate.active is not None:
                turns = chain(turns, turns_of(gate.active.schedule, mine))
            if side.calendar.timezone == self._horizon.calendar.timezone:
                yield from turns
            else:
                yield from (self._horizon.minute(self._horizon.calendar.local(mine.at(turn))) for turn in turns)

    @cached_property
    def _classes(self) -> NumberClasses:
        """The numbers of callers that either gate tells apart."""
        steps = [step for gate in self._gates if gate for step in gate.steps]
        patterns: list[NumberPattern] = []
        for step in steps:
            if isinstance(step, Callers):
                patterns += step.table.patterns()
            elif isinstance(step, CallerPin) and step.by == "caller_number":
                patterns += (NumberPattern.exactly(owner) for owner, _ in step.table.items())
        return NumberClasses(patterns)

    @cached_property
    def _callers(self) -> tuple[Party, ...]:
        """Everybody who is told apart by either gate."""
        numbers = tuple(map(_party, self._classes))
        hides = {any(step.restricted_as_withheld for step in gate.steps) if gate else False for gate in self._gates}
        restricted = [replace(party, restricted=True) for party in numbers] if len(hides) > 1 else []
        return (*numbers, *restricted, Party("withheld", "", ""))

    def _compared(self, at: dt.datetime) -> dict[Hashable, tuple[Behaviour, Behaviour, list[Party]]]:
        """The callers for whom something changes, by what is said of it, and one of the behaviours of each."""
        found: dict[Hashable, tuple[Behaviour, Behaviour, list[Party]]] = {}
        for caller in self._callers:
            before, after = (
                _behaviour(gate, side, caller, at) for gate, side in zip(self._gates, self._sides, strict=True)
            )
            if before != after:
                told = (before.was, after.now, tuple(differing(before, after)))
                found.setdefault(told, (before, after, []))[2].append(caller)
        return found


def active(gate: Gate, side: Side, at: dt.datetime) -> bool:
    """Whether a gate is active at an instant, overrides aside."""
    if gate.active is None:
        return True
    return gate.active.schedule.at(at, side.calendar)[0] != gate.active.outside


def _behaviour(gate: Gate | None, side: Side, caller: Party, at: dt.datetime) -> Behaviour:
    if gate is None:
        return not_protected(Route())
    if not active(gate, side, at):
        return not_protected(gate.route)
    number = WITHHELD if caller.kind == "withheld" else caller.example
    call = Call("diff", number, "", "", restricted=caller.restricted, at=side.calendar.local(at))
    return behaviour(gate, call, side.signatures)


def _static(step: object) -> StaticPin | None:
    """The PINs of a step that are valid for a while, if it has some."""
    return step if isinstance(step, StaticPin) else getattr(step, "besides", None)


def _valid(step: object, side: Side, at: dt.datetime) -> tuple[bool, ...]:
    static = _static(step)
    return tuple(dated.is_valid(side.calendar.local(at)) for dated in static.dated) if static else ()


def _moments(step: object, horizon: Horizon) -> Iterator[int]:
    if static := _static(step):
        for dated in static.dated:
            yield horizon.minute(dated.valid_from)
            yield horizon.minute(dated.valid_until)
