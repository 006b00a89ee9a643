"""The ways that calls to protected numbers take, from where they come in to the gate, and from there on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from vipgate_fs.doctor.conditions import State
from vipgate_fs.doctor.entries import Entry
from vipgate_fs.doctor.numbers import Sample
from vipgate_fs.doctor.switch import Switch
from vipgate_fs.doctor.way import MOST_WAYS, Way, begin, lowered, ways

NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call to a protected number, as it may come in."""

    entry: Entry
    sample: Sample
    way: Way


def incoming_ways(switch: Switch, entries: Iterable[Entry], samples: Iterable[Sample]) -> Iterator[Incoming]:
    """The ways of each sample, from each entry: all of a gate's first one, of the others the one that needs nothing."""
    numbers = list(samples)
    for entry in entries:
        seen: set[str] = set()
        for sample in numbers:
            most = 1 if sample.gate.name in seen else MOST_WAYS
            seen.add(sample.gate.name)
            for way in ways(switch.dialplan, begin(sample.number, entry.context, switch.variables), most):
                yield Incoming(entry, sample, way)


def onward(
    switch: Switch, before: Way, number: str, context: str, headers: Mapping[str, str] = NO_HEADERS
) -> list[Way]:
    """Where a call goes that a gate lets through, or sends to another number, after it came that way.

    `headers`: variables whose values its caller has written; of others it is not known what they wrote.
    """
    variables = {**before.state.variables, **lowered(headers), "vipgate_passed": ""}
    start = State(number, context, before.state.number, variables, lowered(switch.variables))
    return list(ways(switch.dialplan, start))
