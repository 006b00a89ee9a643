"""From answers to a configuration that `vipgate check --strict` accepts, and to its expectations."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from vipgate_fs import config
from vipgate_fs.config.model import Configuration
from vipgate_fs.document.findings import Finding
from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.preview import meaning
from vipgate_fs.resources import resource
from vipgate_fs.sentences import Sentence, said, say
from vipgate_fs.setup.answers import Answers, Proof, Unusable
from vipgate_fs.setup.expecting import expectations_text
from vipgate_fs.setup.writing import configuration_text, quoted

SHORTEST: Final = 6
LONGEST: Final = 12
"""Digits of a generated PIN."""
_QUESTIONS: Final = (
    ("protects", "numbers"),
    ("schedules", "hours"),
    ("active", "hours"),
    ("forward_correct", "onward"),
    ("forward_incorrect", "refused"),
    ("otherwise", "refused"),
    ("identify", "callers"),
    ("site.country", "country"),
    ("site.timezone", "timezone"),
    ("site.holidays", "holidays"),
)
"""What in a finding's path belongs to which answer."""


@dataclass(frozen=True, slots=True)
class Made:
    """What the answers became.

    Attributes:
        configuration: the text of vipgate.yaml. Contains PINs.
        expectations: the text of vipgate.test.yaml. Contains PINs.
        pins: that were generated, by whom they belong to; "": everybody's. To be shown once.
        warnings: what `vipgate check --strict` says of PINs that the answers brought along.
    """

    configuration: str = field(repr=False)
    expectations: str = field(repr=False)
    pins: Mapping[str, str] = field(repr=False)
    warnings: tuple[Sentence, ...] = ()


def make(answers: Answers, path: Path, today: dt.date, generate: Callable[[int], str] | None = None) -> Made:
    """A configuration and its expectations. Nothing is written.

    Generated PINs are as short as the guesser whom `vipgate audit` assumes allows, and never below SHORTEST digits.

    Args:
        answers: of the administrator.
        path: where the configuration is going to be.
        today: from which on times for the expectations are chosen.
        generate: a PIN of so many digits; default: from the system's source of randomness.

    Raises:
        Unusable: they contradict themselves, or one is not valid.
    """
    _check(answers)
    owners = [""] if answers.proof is Proof.PIN else []
    if answers.proof in (Proof.OWN_PIN, Proof.CUSTOMER_NUMBER):
        owners = [caller for caller in answers.callers if caller not in answers.pins]
    for length in range(SHORTEST, LONGEST + 1):
        pins = _pins(owners, length, generate or random_pin)
        text = configuration_text(answers, {**answers.pins, **pins}, str(resource("schemas")))
        configuration, findings = _load(text, path)
        if not findings or not owners:
            break
    brought = bool(answers.pins) and all(each.severity == "warning" for each in findings)
    if configuration is None or (findings and not brought):
        raise _unusable(findings, text.splitlines(), answers.callers)
    calls = expectations_text(answers, configuration, {**answers.pins, **pins}, str(resource("schemas")), today)
    return Made(text, calls, pins, tuple(said(found.message) for found in findings))


def random_pin(digits: int) -> str:
    """A PIN from the system's source of randomness."""
    return "".join(secrets.choice("0123456789") for _ in range(digits))


def _pins(owners: list[str], length: int, generate: Callable[[int], str]) -> dict[str, str]:
    """One for each, all of them different."""
    pins: dict[str, str] = {}
    for owner in owners:
        while (pin := generate(length)) in pins.values():
            continue
        pins[owner] = pin
    return pins


def _load(text: str, path: Path) -> tuple[Configuration | None, list[Finding]]:
    """What `vipgate check --strict` finds in the answers; this machine may have no folder for the store yet."""
    loaded = config.load_text(text, path)
    found = list(loaded.findings)
    if loaded.configuration is not None:
        found += meaning.findings(loaded.configuration, text.encode(), dt.datetime.now(dt.UTC))
    return loaded.configuration, [each for each in found if each.path]


def _unusable(findings: list[Finding], lines: list[str], callers: Iterable[str]) -> Unusable:
    question = _question(findings[0])
    return Unusable(question, [_about(found, lines, callers) for found in findings if _question(found) == question])


def _question(found: Finding) -> str:
    return next((question for part, question in _QUESTIONS if part in found.path), "numbers")


def _about(found: Finding, lines: list[str], callers: Iterable[str]) -> Sentence:
    """What is found, and of which caller: of many that came from a file, one has to be found again."""
    line = lines[found.line - 1].strip().removeprefix("- ") if 0 < found.line <= len(lines) else ""
    caller = next((caller for caller in callers if line.startswith(quoted(caller))), None)
    return said(found.message) if caller is None else say("{caller}: {why}", caller=caller, why=found.message)


def _check(answers: Answers) -> None:
    """What would not even become a file."""
    if not answers.numbers:
        raise Unusable("numbers", [say("at least one number has to be protected")])
    for question, target in (("onward", answers.onward), ("refused", answers.refused)):
        if target is not None and not is_dialable(target):
            raise Unusable(question, [say("{target} can't be dialled; allowed: a number or extension", target=target)])
    if answers.proof is Proof.LISTED and answers.onward:
        raise Unusable("onward", [say("listed callers go to the number that they called")])
    if answers.proof is not Proof.PIN and not (answers.callers):
        raise Unusable("callers", [say("at least one caller is needed")])
