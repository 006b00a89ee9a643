"""What a dialplan consists of, as mod_dialplan_xml reads it: contexts, extensions, conditions and actions."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """An application and its argument. Two actions are equal when they do the same.

    Attributes:
        anti: it runs when its condition is not met.
        inline: it runs while the dialplan is still being searched.
        note: a comment for whoever reads the file.
    """

    application: str
    data: str
    anti: bool = False
    inline: bool = False
    note: str = dataclasses.field(default="", compare=False)

    def __str__(self) -> str:
        words = ["otherwise" if self.anti else "action", self.application, self.data, "inline" if self.inline else ""]
        return " ".join(filter(None, words))


@dataclass(frozen=True, slots=True)
class Condition:
    """What a call is compared with, and what runs then. Without a field it is always met.

    Attributes:
        further: attributes besides field and expression, such as `break`, sorted.
        closing: a comment behind the actions, as it is written.
    """

    field: str = ""
    expression: str = ""
    actions: tuple[Action, ...] = ()
    further: tuple[tuple[str, str], ...] = ()
    note: str = dataclasses.field(default="", compare=False)
    closing: str = dataclasses.field(default="", compare=False)

    def __str__(self) -> str:
        compared = [f"{self.field} is {self.expression}"] if self.field else []
        return " ".join(["condition", *(compared + [f"{name}={value}" for name, value in self.further] or ["always"])])


@dataclass(frozen=True, slots=True)
class Extension:
    """Conditions that all have to be met. With `continues`, the search goes on behind it."""

    name: str
    conditions: tuple[Condition, ...]
    continues: bool = False
    note: str = dataclasses.field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Context:
    """Extensions in the order in which they are tried.

    Attributes:
        revision: of VIPgate's dialplan, where the context says so.
    """

    name: str
    extensions: tuple[Extension, ...]
    revision: int | None = dataclasses.field(default=None, compare=False)
    note: str = dataclasses.field(default="", compare=False)
