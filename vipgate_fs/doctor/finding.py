"""What `vipgate doctor` finds: a mistake of a known kind, and what is special about this one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from types import ModuleType
from typing import Any

from vipgate_fs.sentences import Sentence


class Severity(IntEnum):
    """How bad it is. The values are the exit statuses of monitoring plug-ins (Monitoring Plugins guidelines, 2.4)."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3

    @property
    def rank(self) -> int:
        """Which of several counts: what is known to be broken comes before what could not be asked."""
        return (0, 1, 3, 2)[self]


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake. No field ever contains a PIN or a password.

    Attributes:
        mistake: its kind.
        what: is wrong.
        why: it matters.
        do: what to type, or to write where.
    """

    mistake: str
    severity: Severity
    what: str
    why: str
    do: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """A kind of mistake that a check looks for. Call it with what is special about one to make a Finding.

    Attributes:
        name: for programs; it never changes.
        severity: of each.
        what, why, do: templates of those in Finding, with what is special in braces: they are said in other languages,
            too (`vipgate_fs.sentences`).
    """

    name: str
    severity: Severity
    what: str
    why: str
    do: str

    def __call__(self, **special: Any) -> Finding:
        """One of this kind."""
        what, why, do = (Sentence(template, None, special) for template in (self.what, self.why, self.do))
        return Finding(self.name, self.severity, what, why, do)


def mistakes_of(module: ModuleType) -> list[Mistake]:
    """Those that a module of checks knows, in its order."""
    return [value for value in vars(module).values() if isinstance(value, Mistake)]
