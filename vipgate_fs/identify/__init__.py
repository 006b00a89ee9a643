"""The ways to identify a caller: a module for each kind of step, named like its key in the configuration.

A module holds a class that satisfies `vipgate_fs.gate.gate.Step`, and `build(settings: Settings)`, which makes one of
it. A new kind is such a module and its piece of `vipgate.schema.json`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol, cast

from vipgate_fs.gate.gate import Step
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.gate.verdict import Verdict
from vipgate_fs.identify.vault import VaultSlot
from vipgate_fs.secret import Secret, read_secret

GUESSABLE: Final = 4
"""A PIN with fewer digits is worth a warning."""
PIN: Final = re.compile(r"[0-9]{1,20}", re.ASCII)


class Settings(Protocol):
    """A step as it is configured. A path is of keys below the step's own, and of indices of lists from 0."""

    @property
    def values(self) -> Mapping[str, Any]:
        """The step's values; they fit its schema."""

    @property
    def line(self) -> int:
        """The line that the step stands in, from 1."""

    @property
    def on_failure(self) -> Verdict | None:
        """The verdict when the step fails."""

    @property
    def plan(self) -> NumberPlan:
        """How numbers are read."""

    @property
    def gate(self) -> str:
        """The name of the step's gate."""

    @property
    def number_format(self) -> str:
        """How an international number begins where it is shown to others: "00" or "+"."""

    @property
    def folder(self) -> Path:
        """The folder of the configuration file: where a relative path in it begins."""

    @property
    def calendar(self) -> Calendar:
        """The site's clock."""

    @property
    def vault_slot(self) -> VaultSlot:
        """Where the step finds the vault."""

    def line_of(self, *path: str | int) -> int:
        """The line of the last key or item of the path."""

    def error_at_key(self, message: str, *path: str | int) -> None:
        """Say what is wrong with the last key of the path."""

    def error(self, message: str, *path: str | int) -> None:
        """Say what is wrong with the value that the path leads to."""

    def error_in(self, file: Path, line: int, message: str, *path: str | int) -> None:
        """Say what is wrong in a line (from 1) of the file that the value at the path names."""

    def note_secret(self) -> None:
        """Say that a PIN, password, token or key is written in the file."""

    def warn(self, message: str, *path: str | int) -> None:
        """Say why the value that the path leads to deserves a second look."""


def build(kind: str, settings: Settings) -> Step:
    """The step of a kind that the schema knows."""
    return cast("Step", import_module(f"{__name__}.{kind}").build(settings))


def read_pin(settings: Settings, *path: str | int) -> Secret | None:
    """The digits of the PIN that stands at `path`; None when there is none, or it is wrong, which is a finding."""
    secret = read_secret(settings, *path)
    if secret is None:
        return None
    if not PIN.fullmatch(secret.reveal()):  # it is of the environment: the schema has seen the others
        settings.error("what this variable holds is no PIN; allowed: 1 to 20 digits", *path)
        return None
    if len(secret.reveal()) < GUESSABLE:
        settings.warn(f"a PIN of fewer than {GUESSABLE} digits is easily guessed", *path)
    return secret
