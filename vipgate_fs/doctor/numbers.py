"""What of a configuration the switch is asked about: protected numbers, as a trunk may write them, and names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from vipgate_fs.config.model import Configuration
from vipgate_fs.config.sounds import places
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.numbers import NumberPlan

MOST_A_GATE: Final = 5
"""Patterns of a gate that are looked at; a site with a thousand numbers has them in one dialplan."""
MOST_GATES: Final = 40


@dataclass(frozen=True, slots=True)
class Sample:
    """A number that a gate protects, as the trunk may write it.

    Attributes:
        target: the number as the gate has it: the same for all writings of one; "" for a user of the directory, whom a
            trunk may reach by another number only.
    """

    number: str
    gate: Gate
    target: str


def samples(configuration: Configuration) -> Iterator[Sample]:
    """Numbers that the gates protect, in each way in which a trunk may write one."""
    for gate in islice((gate for gate in configuration.gates if gate.enabled), MOST_GATES):
        for pattern, _ in gate.protects.numbers[:MOST_A_GATE]:
            number = _filled(pattern.forms[0])
            for written in dict.fromkeys(_writings(number, configuration.site.trunk)):
                if _gate_of(configuration, written) is gate:
                    yield Sample(written, gate, number)
        yield from (Sample(user.partition("@")[0], gate, "") for user in list(gate.protects.users)[:MOST_A_GATE])


def is_protected(configuration: Configuration, written: str) -> bool:
    """Whether a gate takes calls to a number, as the trunk writes it."""
    return _gate_of(configuration, written) is not None


def _gate_of(configuration: Configuration, written: str) -> Gate | None:
    called = configuration.site.trunk.canonical(written)
    found = configuration.gates.find(Call("", "", called, written))
    return found[0] if found else None


def _filled(form: str) -> str:
    """A number of a form: 1 in the place of each `?` and `*`."""
    return form.replace("?", "1").replace("*", "1")


def _writings(number: str, plan: NumberPlan) -> Iterator[str]:
    yield number
    if number.startswith("+"):
        yield f"00{number[1:]}"
        yield number[1:]
        if national := plan.short_form(number):
            yield national
        if number.startswith(f"+{plan.code}"):
            yield f"0{number[len(plan.code) + 1 :]}"


def names_of(configuration: Configuration | None) -> tuple[list[str], list[str], list[str]]:
    """Users and groups that gates name, and the prompts that they play, without doubles."""
    gates = [gate for gate in configuration.gates if gate.enabled] if configuration else []
    users = dict.fromkeys(user for gate in gates for user in gate.protects.users)
    groups = dict.fromkeys(group for gate in gates for group in gate.protects.groups)
    return list(users), list(groups), list(dict.fromkeys(place for gate in gates for place in _prompt_files(gate)))


def _prompt_files(gate: Gate) -> Iterator[str]:
    for prompt in prompts_of(gate):
        yield from places(prompt)


def prompts_of(gate: Gate) -> Iterator[str]:
    """The sound files of a gate that are paths."""
    named = (gate.prompts.welcome, gate.prompts.wrong_pin, gate.prompts.customer_number, gate.rejection.announcement)
    yield from (each for each in named if each and each.startswith("/"))
