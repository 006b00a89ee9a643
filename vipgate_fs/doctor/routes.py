"""The ways that calls to protected numbers take, from where they come in to the gate, and from there on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vipgate_fs.doctor.conditions import State
from vipgate_fs.doctor.entries import Entry
from vipgate_fs.doctor.numbers import Sample
from vipgate_fs.doctor.switch import Switch
from vipgate_fs.doctor.way import Way, begin, ways


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call to a protected number, as it may come in."""

    entry: Entry
    sample: Sample
    way: Way


def incoming_ways(switch: Switch, entries: Iterable[Entry], samples: Iterable[Sample]) -> Iterator[Incoming]:
    """Every way of every sample, from each entry."""
    numbers = list(samples)
    for entry in entries:
        for sample in numbers:
            for way in ways(switch.dialplan, begin(sample.number, entry.context, switch.variables)):
                yield Incoming(entry, sample, way)


def onward(switch: Switch, before: Way, number: str, context: str) -> list[Way]:
    """Where a call goes that a gate lets through, or sends to another number, after it came that way."""
    variables = {**before.state.variables, "vipgate_passed": ""}
    start = State(number, context, before.state.number, variables, dict(switch.variables))
    return list(ways(switch.dialplan, start))
