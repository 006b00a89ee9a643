"""All gates of a configuration, and which of them takes a call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple, overload

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.number_table import Found, NumberTable
from vipgate_fs.gate.numbers import NumberPlan, folded
from vipgate_fs.gate.reason import Reason
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.sentences import NOTHING, Sentence, say

_MANY: Final = 1000
"""Called numbers of which it is remembered which gate they are for: many calls are to few numbers."""


class _Target(NamedTuple):
    """What a gate protects.

    Attributes:
        order: of the gate in the file, from 0.
        gate: that protects it.
        text: what is protected, in words.
        line: where it stands.
    """

    order: int
    gate: Gate
    text: Sentence
    line: int


class Gates(Sequence[Gate]):
    """Gates in the order of the file.

    Of the gates that match a called number, the one with the most specific target takes the call: a full number (or the
    very name of a user) before a pattern, and more written digits before fewer. Users and groups of the directory have
    no such measure: of a gate for one and the gate for the number, the one that stands first in the file takes the
    call. Only where nothing fits exactly, a guess protects (see `NumberPlan.guesses`). What a call costs does not grow
    with the gates.

    Args:
        gates: checked, no two with equally specific targets that fit the same number.
        plan: how called numbers are read.
    """

    def __init__(self, gates: Iterable[Gate], plan: NumberPlan) -> None:
        self._gates = tuple(gates)
        self._plan = plan
        self._found = lru_cache(_MANY)(self._find)
        self._exact = lru_cache(_MANY)(self._all)
        self._numbers: NumberTable[_Target] = NumberTable(plan)
        self._users: dict[str, _Target] = {}
        self._groups: dict[str, _Target] = {}
        for order, gate in enumerate(self._gates):
            if gate.enabled:
                self._enter(order, gate)
        disabled = [replace(gate, enabled=True) for gate in self._gates if not gate.enabled]
        self._disabled = Gates(disabled, plan) if disabled else None
        named = (target.order for names in (self._users, self._groups) for target in names.values())
        self._first_named = min(named, default=len(self._gates))

    def _enter(self, order: int, gate: Gate) -> None:
        for pattern, line in gate.protects.numbers:
            self._numbers.enter(pattern, _Target(order, gate, say("number {pattern}", pattern=pattern), line))
        for user, line in gate.protects.users.items():
            target = self._users.setdefault(folded(user), _Target(order, gate, say("user {user}", user=user), line))
            self._numbers.enter(NumberPattern.exactly(user), target)
        for group, line in gate.protects.groups.items():
            self._groups.setdefault(folded(group), _Target(order, gate, say("group {group}", group=group), line))

    @overload
    def __getitem__(self, index: int) -> Gate: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Gate]: ...
    def __getitem__(self, index: int | slice) -> Gate | Sequence[Gate]:
        """A gate by its place in the file, from 0."""
        return self._gates[index]

    def __len__(self) -> int:
        return len(self._gates)

    def __iter__(self) -> Iterator[Gate]:
        return iter(self._gates)

    def find(self, call: Call) -> tuple[Gate, Reason] | None:
        """The gate that takes the call and why; None if no gate protects the called number."""
        return self._found(call.called, call.called_users, call.called_groups)

    def _find(self, called: str, users: frozenset[str], groups: frozenset[str]) -> tuple[Gate, Reason] | None:
        numbers, guess = self._exact(called), NOTHING
        named = min(self._named(users, groups), default=None, key=lambda target: target.order)
        if not numbers and named is None:
            numbers, guess = self._guessed(called)
        if not numbers and named is None:
            return None
        if not numbers or (named is not None and named.order < numbers[0].entry.order):
            assert named is not None, "one of them there is"
            return named.gate, _reason(named, NOTHING)
        best = numbers[0].entry
        return best.gate, _reason(best, guess or _rivals(best, numbers[1:]))

    def exact(self, called: str) -> Gate | None:
        """The gate that a called number is for as it stands, whoever is behind it."""
        numbers = self._exact(called)
        return numbers[0].entry.gate if numbers else None

    def why_none(self, call: Call) -> Reason:
        """Why no gate takes the call; names the disabled gate that would have."""
        called = call.called or say("this call")
        found = self._disabled.find(call) if self._disabled else None
        if found is None:
            return Reason("gate", None, say("no gate protects {called}", called=called))
        gate, reason = found
        text = say("no gate protects {called}, for gate {gate} is disabled", called=called, gate=gate.name)
        return Reason("gate", reason.line, text)

    def needs_directory(self, call: Call) -> bool:
        """Whether users and groups of the called number could make another gate take the call."""
        numbers = self._exact(call.called)
        return self._first_named < (numbers[0].entry.order if numbers else len(self._gates))

    def _named(self, users: frozenset[str], groups: frozenset[str]) -> Iterator[_Target]:
        yield from (self._users[user] for user in map(folded, users) if user in self._users)
        yield from (self._groups[group] for group in map(folded, groups) if group in self._groups)

    def _all(self, called: str) -> list[Found[_Target]]:
        return next(filter(None, map(self._numbers.all, self._plan.readings(called))), [])

    def _guessed(self, called: str) -> tuple[list[Found[_Target]], Sentence]:
        for guess in self._plan.guesses(called):
            if numbers := self._numbers.all(guess):
                return numbers, say(" ({called} may be {guess})", called=called, guess=guess)
        return [], NOTHING


def _reason(target: _Target, further: Sentence) -> Reason:
    gate = _named(target.gate)
    text = say("gate {gate} protects {target}{further}", gate=gate, target=target.text, further=further)
    return Reason("gate", target.line, text)


def _named(gate: Gate) -> str:
    return f"{gate.name} ({gate.title})" if gate.title else gate.name


def _rivals(best: _Target, others: Iterable[Found[_Target]]) -> Sentence:
    """What was less specific, if it is another gate's."""
    rival = next((found.entry for found in others if found.entry.gate is not best.gate), None)
    if rival is None:
        return NOTHING
    return say(
        ", more specific than {target} of gate {gate} (line {line})",
        target=rival.text,
        gate=rival.gate.name,
        line=rival.line,
    )
