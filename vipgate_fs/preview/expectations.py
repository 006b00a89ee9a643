"""Files of expectations: calls, and what is to become of them. `schemas/vipgate-test.schema.json` says what fits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vipgate_fs.config.model import Configuration
from vipgate_fs.document import schema
from vipgate_fs.document.findings import Finding, Report
from vipgate_fs.document.nodes import Mapping as MappingNode
from vipgate_fs.document.nodes import Sequence as SequenceNode
from vipgate_fs.document.nodes import parse
from vipgate_fs.document.section import Section
from vipgate_fs.document.sources import read_file
from vipgate_fs.gate.call import WITHHELD, Call
from vipgate_fs.gate.dialable import as_dialled
from vipgate_fs.gate.step import StepFailed
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject, Verdict
from vipgate_fs.identify.verdicts import verdict
from vipgate_fs.preview.rehearsal import Answer, Answers, Rehearsal, Unanswered, rehearse
from vipgate_fs.sentences import said, say

SCHEMA: Final = "vipgate-test"
SUFFIX: Final = ".test.yaml"
"""vipgate.yaml has its expectations in vipgate.test.yaml, beside it."""
NONE: Final = "none"
_WITHHELD: Final = "withheld"
_NAMES: Final = {Pass: "pass", Reject: "reject", Forward: "forward", AskForPin: "ask_for_pin"}


@dataclass(frozen=True, slots=True)
class Expectation:
    """A call, and what is expected of it.

    Attributes:
        name: what it is to show; without one, who calls whom.
        line: where it stands in its file, from 1.
        enters: what the caller enters. Never to be shown.
        answers: of steps that ask elsewhere, by their kind.
        expected: what is to be found, by the keys of `observed`.
    """

    name: str
    line: int
    caller: str
    restricted: bool
    called: str
    at: str
    user: str | None
    groups: tuple[str, ...]
    variables: Mapping[str, str] = field(repr=False)
    enters: tuple[str, ...] = field(repr=False)
    answers: Mapping[str, tuple[Answer, ...]] = field(repr=False)
    expected: Mapping[str, Any]

    def call(self, configuration: Configuration) -> tuple[Call, dt.datetime]:
        """The call's facts, and when it comes. Raises ValueError: there is no such time."""
        plan, calendar, dialled = configuration.site.trunk, configuration.site.calendar, as_dialled(self.called)
        call = Call(
            uuid="test",
            caller=WITHHELD if self.caller == _WITHHELD else plan.caller(self.caller),
            restricted=self.restricted,
            called=plan.canonical(dialled),
            dialled=dialled,
            called_users=frozenset(filter(None, [self.user])),
            called_groups=frozenset(self.groups),
            variables=self.variables,
        )
        return call, calendar.moment(self.at)


@dataclass(frozen=True, slots=True)
class Result:
    """How a call compares with its expectation.

    Attributes:
        faults: what differs, a sentence each; none: all is as expected.
        rehearsal: what became of the call; None when it could not be played.
    """

    expectation: Expectation
    faults: tuple[str, ...]
    rehearsal: Rehearsal | None


def configuration_of(path: Path, section: Section) -> Path:
    """The configuration that a file of expectations is about."""
    named = section.find("configuration", str)
    return path.parent / (named or f"{path.name.removesuffix(SUFFIX)}.yaml")


def load(path: Path) -> tuple[Path, tuple[Expectation, ...], tuple[Finding, ...]]:
    """Read a file: the configuration that it is about, its expectations, and what is wrong with it.

    Raises:
        OSError: when it can't be read.
    """
    report = Report(str(path))
    root = parse(read_file(path).data, report, say("the file is empty; allowed: expectations, beginning with calls:"))
    whole = schema.load(SCHEMA)
    if root is not None:
        schema.check(root, report, whole)
    if not isinstance(root, MappingNode):
        return path, (), report.findings
    section = Section(root, report, whole)
    expectations = tuple(_expectation(item) for item in section.sections("calls") if item.is_sound)
    return configuration_of(path, section), () if report.has_errors else expectations, report.findings


def _expectation(section: Section) -> Expectation:
    caller, called = section.text("from"), section.text("to")
    return Expectation(
        name=section.find("name", str) or f"{caller} calls {called}, {section.text('at')}",
        line=section.line,
        caller=caller,
        restricted=section.flag("restricted"),
        called=called,
        at=section.text("at"),
        user=section.find("user", str),
        groups=tuple(item.text for item in section.items("groups")),
        variables={name: section.section("variables").text(name) for name in section.section("variables").keys},
        enters=tuple(each.reveal() for each in section.secrets("enters")),
        answers=dict(_answers(section.section("answers"))),
        expected=_expected(section.section("expect")),
    )


def _expected(section: Section) -> dict[str, Any]:
    return {key: str(value) if key in ("gate", "target") else value for key, value in section.values.items()}


def _answers(section: Section) -> Iterator[tuple[str, tuple[Answer, ...]]]:
    for kind, node in section.node.nodes.items():
        items = node.items if isinstance(node, SequenceNode) else (node,)
        answers = []
        for item in items:
            try:
                answers.append(_answer(item.value))
            except ValueError as error:
                section.report.error(item, say("{error}; or unknown, or failure", error=said(error)))
        if not items:
            section.report.error(node, say("an empty list; allowed: at least one answer"))
        yield kind, tuple(answers)


def _answer(value: object) -> Answer:
    match value:
        case "unknown":
            return None
        case "failure":
            return StepFailed(say("as the expectation says"))
        case dict():
            return verdict(value)
    raise ValueError(say("not an answer; allowed: a verdict such as {{reject: true}}"))


def play(expectation: Expectation, configuration: Configuration) -> Result:
    """Play a call and compare what becomes of it."""
    try:
        call, at = expectation.call(configuration)
        played = rehearse(configuration, call, at, expectation.enters, Answers(expectation.answers))
    except (ValueError, Unanswered) as fault:
        return Result(expectation, (str(fault),), None)
    found = observed(played)
    why = played.decision.why
    where = say("line {line}: {why}", line=found["line"], why=why) if found["line"] else why
    faults = [
        say(
            "{key}: expected {wanted}, found {found} ({where})",
            key=key,
            wanted=_shown(wanted),
            found=_shown(found[key]),
            where=where,
        )
        for key, wanted in expectation.expected.items()
        if found[key] != wanted
    ]
    return Result(expectation, tuple(faults), played)


def observed(played: Rehearsal) -> dict[str, Any]:
    """What became of a call, by the keys of `expect`."""
    decision, outcome = played.decision, played.outcome
    return {
        "gate": decision.gate.name if decision.gate else NONE,
        "active": decision.active,
        "verdict": verdict_name(decision.verdict),
        "result": str(outcome.result),
        "target": outcome.target or NONE,
        "hears": list(played.heard),
        "answered": played.answered,
        "line": decision.reasons[-1].line,
    }


def verdict_name(found: Verdict) -> str:
    """A verdict as expectations write it."""
    return _NAMES[type(found)]


def _shown(value: object) -> str:
    if isinstance(value, list):
        return " ".join(value) or say("nothing")
    return str(value).lower() if isinstance(value, bool) else str(value)
