"""The settings of a section of the file as fields of a form, made from the schema: a new one appears by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vipgate_fs.document import schema
from vipgate_fs.document.editing import CannotEdit, Opening, Place, decoded, layout, places, replaced
from vipgate_fs.document.entries import inserted, removed
from vipgate_fs.document.findings import Path

_TRUE: Final = ("true", "false")


@dataclass(frozen=True, slots=True)
class Field:
    """A setting of a single value.

    Attributes:
        path: in the section.
        title, description: of the schema.
        kind: `text`, `number` or `choice`.
        value: as it is written; "" when it is not.
        default: what counts then; "" when the schema says nothing.
        choices: of a choice.
        least, most: of a number.
    """

    path: Path
    title: str
    description: str
    kind: str
    value: str
    default: str
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None

    @property
    def name(self) -> str:
        """Of the form's field."""
        return ".".join(map(str, self.path))


def fields(content: bytes, section: Path, part: Any) -> list[Field]:
    """The settings of a section that a form can have: single values that are no secrets, and those one level deeper.

    Args:
        content: of the file.
        section: the way to it.
        part: its schema.
    """
    text, _ = decoded(content)
    return list(_fields(places(text), section, (), schema.resolved(part)))


def changed(content: bytes, section: Path, shown: list[Field], given: Mapping[str, str]) -> bytes:
    """The file with what a form gives in the place of what is written; settings that were emptied are taken out.

    Raises:
        CannotEdit: one of them can't be changed without touching something else. The text names it.
    """
    for field in shown:
        value = given.get(field.name, field.value).strip()
        if value != field.value:
            try:
                content = _with(content, section, field, value)
            except CannotEdit as why:
                raise CannotEdit(f"{field.name}: {why}") from None
    return content


def block(content: bytes, path: Path) -> tuple[int, int]:
    """The lines of a mapping with its key: the first, and the one after the last, from 0.

    Raises:
        CannotEdit: it has no lines of its own.
    """
    text, _ = decoded(content)
    opening = next((each for where, each in layout(text) if where == path and isinstance(each, Opening)), None)
    if opening is None or opening.key is None:
        raise CannotEdit("there is no such section")
    lines = text.splitlines()
    first = len(text[: opening.key].splitlines()) - 1
    indent = len(lines[first]) - len(lines[first].lstrip(" "))
    after = first + 1
    while after < len(lines) and (not lines[after].strip() or _indent(lines[after]) > indent):
        after += 1
    while not lines[after - 1].strip():
        after -= 1
    return first, after


def _fields(found: Mapping[Path, Place], section: Path, inner: Path, part: Any) -> Iterator[Field]:
    for key, sub in part.get("properties", {}).items():
        sub = schema.resolved(sub)  # noqa: PLW2901 - the same, with what it refers to
        path = (*inner, key)
        if sub.get("type") == "object" and not inner and not sub.get("writeOnly"):
            yield from _fields(found, section, path, sub)
        elif not sub.get("writeOnly") and (field := _field(path, sub, found.get((*section, *path)))):
            yield field


def _field(path: Path, sub: Any, place: Place | None) -> Field | None:
    default = sub.get("default")
    shown = str(default).lower() if isinstance(default, bool) else "" if default is None else str(default)
    common = {
        "path": path,
        "title": sub.get("title", path[-1]),
        "description": sub.get("description", ""),
        "value": place.value if place else "",
        "default": shown,
    }
    kind = sub.get("type")
    if kind == "boolean":
        return Field(kind="choice", choices=_TRUE, **common)
    if kind == "integer":
        return Field(kind="number", least=sub.get("minimum"), most=sub.get("maximum"), **common)
    if "enum" in sub and all(isinstance(each, str) for each in sub["enum"]):
        return Field(kind="choice", choices=tuple(sub["enum"]), **common)
    return Field(kind="text", **common) if kind == "string" else None


def _with(content: bytes, section: Path, field: Field, value: str) -> bytes:
    path = (*section, *field.path)
    if not value:
        return removed(content, path)
    if field.value:
        return replaced(content, path, value)
    plain = field.kind == "number" or field.choices == _TRUE
    if not value.isprintable() or (plain and not re.fullmatch(r"-?[0-9]{1,9}|true|false", value)):
        raise CannotEdit("this is no such value")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    written = value if plain else f'"{escaped}"'
    text, _ = decoded(content)
    is_there = any(where == path[:-1] and isinstance(each, Opening) for where, each in layout(text))
    if is_there or len(field.path) == 1:
        return inserted(content, path, written)
    return inserted(content, path[:-1], f"{{{field.path[-1]}: {written}}}")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
