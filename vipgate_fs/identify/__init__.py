"""The ways to identify a caller: a module for each kind of step, named like its key in the configuration.

A module holds a class that satisfies `vipgate_fs.gate.step.Step`, and `build(section, around)`, which makes one of it.
A new kind is such a module and its piece of `vipgate.schema.json`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import Final

from vipgate_fs.document.section import Section
from vipgate_fs.gate.site import Site
from vipgate_fs.gate.step import Step
from vipgate_fs.gate.verdict import Targets, Verdict
from vipgate_fs.secret import Secret
from vipgate_fs.sentences import say

GUESSABLE: Final = 4
"""A PIN with fewer digits is worth a warning."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a step has to know besides its own section.

    Attributes:
        gate: name of its gate.
        site: how numbers and times are read there.
        on_failure: its verdict when it fails; None: as if it did not know.
    """

    gate: str
    site: Site
    on_failure: Verdict | None


def build(kind: str, section: Section, around: Surroundings) -> Step:
    """The step of a kind that the schema knows."""
    step: Step = import_module(f"{__name__}.{kind}").build(section, around)
    return replace(step, kind=kind, line=section.line, on_failure=around.on_failure)


def read_targets(section: Section) -> Targets:
    """Where a PIN leads, as a step or a gate says it."""
    return Targets(section.find("forward_correct", str), section.find("forward_incorrect", str))


def read_pin(section: Section, key: str) -> Secret | None:
    """The digits of a PIN; None when there is none, or it is wrong, which is reported."""
    secret = section.secret(key)
    if secret is not None and len(secret.reveal()) < GUESSABLE:
        section.warn(say("a PIN of fewer than {digits} digits is easily guessed", digits=GUESSABLE), key)
    return secret
