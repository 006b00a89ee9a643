"""A gate of one of two configurations: when what it does changes, and what it does then, with whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeGuard

from vipgate_fs.config.model import Configuration
from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import Mapping as MappingNode
from vipgate_fs.document.nodes import parse
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.gate import Gate, Route
from vipgate_fs.gate.schedules import Calendar, Schedule
from vipgate_fs.gate.step import Step
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.identify.caller_pin import CallerPin
from vipgate_fs.identify.callers import Callers
from vipgate_fs.identify.static_pin import DatedPin, StaticPin
from vipgate_fs.preview.fates import Behaviour, behaviour, credential, not_protected, signature
from vipgate_fs.preview.parties import Party
from vipgate_fs.preview.spellings import Treatment
from vipgate_fs.preview.times import Horizon, Timeline


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
            facts = {"gate": gate.name, "number": self.configuration.site.number_format}
            steps = zip(gate.steps, nodes, strict=True)
            found.update({id(step): signature(step, node.value, facts) for step, node in steps})
        return found

    @cached_property
    def _days(self) -> dict[tuple[dt.date, int], Horizon]:
        return {}

    def days_of(self, horizon: Horizon) -> Horizon:
        """The same days on its own clock."""
        return self._days.setdefault((horizon.first, horizon.days), Horizon(horizon.first, horizon.days, self.calendar))

    @cached_property
    def _timelines(self) -> dict[str, Timeline]:
        return {}

    def timeline(self, schedule: Schedule, horizon: Horizon) -> Timeline:
        """When one of its schedules is on."""
        if schedule.name not in self._timelines:
            self._timelines[schedule.name] = Timeline(schedule, horizon)
        return self._timelines[schedule.name]


class Half:
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
        self._treated: dict[str, Treatment] = {}

    @cached_property
    def _own(self) -> Horizon:
        """The same days, on the clock of this file."""
        return self.side.days_of(self._horizon)

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

    def behaviour(self, caller: Party, minute: int) -> Behaviour:
        """What it does with a caller."""
        active, *_ = self.state(minute)
        if self.gate is None or not active:
            return not_protected(self.gate.route if self.gate else Route())
        at = self.side.calendar.local(self._horizon.at(minute))
        call = Call("diff", caller.number(self._place), "", "", restricted=caller.restricted, at=at)
        return behaviour(self.gate, call, self.side.signatures)

    @cached_property
    def named(self) -> dict[NumberPattern, Hashable]:
        """The numbers of callers that its steps name, and what each of them says."""
        found: dict[NumberPattern, tuple[Hashable, ...]] = {}
        for place, step in enumerate(self._steps):
            for pattern, what in _said(step):
                found[pattern] = (*found.get(pattern, ()), (place, what))
        return dict(found)

    def treated(self, number: str) -> Treatment:
        """What its steps make of a caller's number."""
        if number not in self._treated:
            self._treated[number] = self._treat(number)
        return self._treated[number]

    def _treat(self, number: str) -> Treatment:
        for place, step in enumerate(self._steps):
            if isinstance(step, CallerPin):
                if number in step.table:
                    return Treatment(place, credential(step.table.of(number)))
            elif (verdict := step.verdict_on(number)) is not None:
                return Treatment((place, verdict))
        return Treatment(None)

    @property
    def steps_of_numbers(self) -> Hashable:
        """Equal for halves that make the same of every number."""
        return tuple(map(id, self._steps))

    @cached_property
    def _steps(self) -> tuple[Callers | CallerPin, ...]:
        """Those that look at the caller's number."""
        steps = self.gate.steps if self.gate else ()
        return tuple(one for one in steps if isinstance(one, Callers) or _is_by_number(one))


def _is_by_number(step: Step) -> TypeGuard[CallerPin]:
    return isinstance(step, CallerPin) and step.by == "caller_number"


def _said(step: Callers | CallerPin) -> Iterator[tuple[NumberPattern, Hashable]]:
    if isinstance(step, Callers):
        return step.lists.items()
    return ((NumberPattern.exactly(owner), credential(one)) for owner, one in step.table.items())
