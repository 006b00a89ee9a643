"""Calls with an expectation each that show every part of a first configuration: its `vipgate.test.yaml`."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any, Final

from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.call import WITHHELD, Call
from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.sentences import Sentence, say
from vipgate_fs.sentences.catalogue import in_language
from vipgate_fs.setup.answers import Answers, Proof, Unusable

_DAYS: Final = 800
"""So far ahead a time is looked for in each span of the schedule."""
_EVENING: Final = 20 * 60
_MOST_TRIED: Final = 5000
_FILLINGS: Final = ("", "0", "1", "10", "23", "456")
"""What a `*` may stand for."""
_WITHHELD: Final = "withheld"


def expectations_text(
    answers: Answers, configuration: Configuration, pins: Mapping[str, str], schemas: str, today: dt.date
) -> str:
    """The file.

    Args:
        answers: that the configuration was made of.
        configuration: the configuration.
        pins: by whom they belong to; "": everybody's.
        schemas: folder of the JSON schemas, for editors.
        today: from which on times are chosen.

    Raises:
        Unusable: a part of the configuration that no call reaches.
    """
    notes = [say("What is expected of the configuration: vipgate test --coverage plays these calls.")]
    if answers.proof is not Proof.LISTED:
        notes.append(say("It contains PINs: keep it to yourself."))
    head = [f"# yaml-language-server: $schema={schemas}/vipgate-test.schema.json"]
    head += [f"# {in_language(note, answers.language)}" for note in notes]
    calls = _Calls(answers, configuration, pins, today)
    return "\n".join([*head, "calls:", *(_entry(call, answers.language) for call in calls.all())]) + "\n"


class _Calls:
    """The calls for a configuration with one gate."""

    def __init__(self, answers: Answers, configuration: Configuration, pins: Mapping[str, str], today: dt.date) -> None:
        self._answers = answers
        self._configuration = configuration
        self._pins = pins
        (self._gate,) = configuration.gates
        self._active, self._spans = times(self._gate, configuration, today)
        self._numbers = [called(pattern, line, configuration) for pattern, line in self._gate.protects.numbers]

    def all(self) -> Iterator[dict[str, Any]]:
        """Each call with its name and its expectation."""
        number = self._numbers[0]
        for at in self._spans:
            passed = {"active": False, "result": "passed", "target": number}
            yield self._call(say("Within the business hours everybody gets through"), number, at=at, expect=passed)
        for each in self._numbers:
            yield from self._proved(each)
        yield from self._refused(number)

    def _proved(self, number: str) -> Iterator[dict[str, Any]]:
        """Somebody who proves themselves; each of them at one number."""
        asks = self._answers.proof is not Proof.LISTED
        ends = {
            "active": True,
            "result": "pin_correct" if asks else "passed",
            "target": (self._answers.onward if asks else None) or number,
        }
        for caller, enters in self._who():
            name = say("With the right PIN the call goes on") if asks else say("A listed caller gets through")
            yield self._call(name, number, caller, enters=enters, expect=ends)

    def _who(self) -> Sequence[tuple[str, list[str]]]:
        match self._answers.proof:
            case Proof.PIN:
                return [(_WITHHELD, [self._pins[""]])]
            case Proof.CUSTOMER_NUMBER:
                return [(_WITHHELD, [caller, self._pins[caller]]) for caller in self._answers.callers]
            case Proof.OWN_PIN:
                return [(caller, [self._pins[caller]]) for caller in self._answers.callers]
            case _:
                return [(caller, []) for caller in self._answers.callers]

    def _refused(self, number: str) -> Iterator[dict[str, Any]]:
        target = self._answers.refused or "none"
        if self._answers.proof is not Proof.LISTED:
            caller, enters = self._who()[0]
            wrong = [*enters[:-1], _other(enters[-1])] * self._gate.attempts
            name = say("Without the right PIN nobody gets through")
            expect = {"active": True, "result": "pin_incorrect", "target": target}
            yield self._call(name, number, caller, enters=wrong, expect=expect)
        if self._answers.proof in (Proof.OWN_PIN, Proof.LISTED):
            expect = {
                "active": True,
                "result": "forwarded" if self._answers.refused else "rejected",
                "target": target,
                "answered": False,
            }
            name = say("Everybody else is turned away unanswered")
            if self._answers.refused:
                name = say("Everybody else goes to {target}", target=target)
            yield self._call(name, number, _WITHHELD, expect=expect)

    def _call(  # noqa: PLR0913 - a call has as many facts
        self,
        name: Sentence,
        number: str,
        caller: str = _WITHHELD,
        *,
        at: str | None = None,
        enters: Sequence[str] = (),
        expect: Mapping[str, Any],
    ) -> dict[str, Any]:
        call = {"name": name, "from": caller, "to": number, "at": at or self._active, "enters": list(enters)}
        return {**{key: value for key, value in call.items() if value}, "expect": {"gate": self._gate.name, **expect}}


def called(pattern: NumberPattern, line: int, configuration: Configuration) -> str:
    """A number that a pattern takes, and no more specific one. Raises Unusable if there is none."""
    for number in islice(_numbers(pattern), _MOST_TRIED):
        found = configuration.gates.find(
            Call("", WITHHELD, called=configuration.site.trunk.canonical(number), dialled=number)
        )
        if found is not None and found[1].line == line:
            return number
    raise Unusable("numbers", [say("{number}: more specific numbers take all of its calls", number=str(pattern))])


def times(gate: Gate, configuration: Configuration, today: dt.date) -> tuple[str, tuple[str, ...]]:
    """A time at which the gate is active, and one in each span of its schedule. Raises Unusable if there is none."""
    if gate.active is None:
        return f"{today + dt.timedelta(days=1)} 20:00", ()
    calendar, schedule = configuration.site.calendar, gate.active.schedule
    active, found = "", dict.fromkeys(span.line for span in schedule.spans)
    for day in (today + dt.timedelta(days=ahead) for ahead in range(1, _DAYS)):
        for minute in _minutes(gate):
            text = f"{day} {minute // 60:02}:{minute % 60:02}"
            try:
                at = calendar.moment(text)
            except ValueError:  # skipped when the clocks change
                continue
            is_on, span = schedule.at(at, calendar)
            if not is_on:
                active = active or text
            elif span is not None and found[span.line] is None:
                found[span.line] = text
        if active and all(found.values()):
            return active, tuple(filter(None, found.values()))
    if not active:
        raise Unusable("hours", [say("these are always: the gate would never be active")])
    raise Unusable("hours", [say("one of these is covered by the others, or never comes")])


def _minutes(gate: Gate) -> list[int]:
    """Minutes of a day at which something may begin, and the hours; first the evening, which nobody finds odd."""
    assert gate.active is not None, "or nobody asks"
    begins = {turn for span in gate.active.schedule.spans for turn in span.turns}
    wanted = {minute for minute in (*begins, *range(0, 24 * 60, 60)) if 0 <= minute < 24 * 60}
    return sorted(wanted, key=lambda minute: (minute != _EVENING, minute))


def _numbers(pattern: NumberPattern) -> Iterator[str]:
    for form in pattern.forms:
        parts = [_FILLINGS if one == "*" else "0123456789" if one == "?" else (one,) for one in form]
        yield from map("".join, product(*parts))


def _other(pin: str) -> str:
    """A PIN that is wrong."""
    return pin[:-1] + ("1" if pin[-1] == "0" else "0")


def _entry(call: Mapping[str, Any], language: str) -> str:
    name = in_language(call["name"], language)
    shown = [f"  - name: {json.dumps(name, ensure_ascii=False)}"]
    for key, value in call.items():
        if key == "expect":
            inner = ", ".join(f"{name}: {json.dumps(each, ensure_ascii=False)}" for name, each in value.items())
            shown.append(f"    expect: {{{inner}}}")
        elif key != "name":
            shown.append(f"    {key}: {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(shown)
