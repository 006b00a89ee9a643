"""Forms made from the schema: one widget for each of its types, so that a new setting appears by itself.

What is in the file is a tree (`vipgate_fs.document.outline`). A secret is never shown; where it is kept, is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from vipgate_fs.document import schema
from vipgate_fs.document.findings import Path, shown_path
from vipgate_fs.document.outline import Tree

_TRUE: Final = ("true", "false")
MOST_ROWS: Final = 100
"""That a form has of a table or list; what has more is edited as text or as a file."""
_WITH_FORM: Final = {"group": dict, "one_of": dict, "table": dict, "rows": list, "lines": list}
"""What has to be written for a widget to show it."""
_PINS: Final = frozenset(("pin", "expectedPIN"))
SEVERAL: Final = "Several"
"""The title of a mapping where a text would do."""


@dataclass(frozen=True, slots=True)
class Widget:
    """A setting in a form.

    Attributes:
        kind: `text`, `number`, `choice`, `secret`, `lines`, `group`, `one_of` (one of its parts is chosen), `rows`,
            `table` (names of one's own) or `yaml` (no form).
        path: in the file.
        title, description: of the schema, in English.
        value: as it is written; the chosen part of a `one_of`; where a secret is kept.
        is_set: whether anything is written.
        default: what counts when nothing is; "" when the schema says nothing.
        is_needed: whether it has to be there.
        choices: of a choice; where a secret may be kept; what a row may be added as, with titles.
        least, most: of a number.
        consequence: of a change, besides that new calls are decided by it.
        names: the section whose names it is one of; "" for none.
        parts: what it consists of; of a table its values.
        keys: of a table.
    """

    kind: str
    path: Path
    title: str
    description: str
    value: str = ""
    is_set: bool = False
    default: str = ""
    is_needed: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    least: int | None = None
    most: int | None = None
    consequence: str = ""
    names: str = ""
    parts: tuple[Widget, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the form's field."""
        return name_of(self.path)

    @property
    def shown(self) -> str:
        """Its place as findings name it."""
        return shown_path(self.path)

    @property
    def is_pin(self) -> bool:
        """Whether it is a PIN that callers enter."""
        return is_pin(self.path)

    @property
    def key(self) -> str:
        """Its last key."""
        return str(self.path[-1])

    def all(self) -> Iterator[Widget]:
        """It and all that is in it."""
        yield self
        for part in self.parts:
            yield from part.all()


def name_of(path: Path) -> str:
    """The name of a place in a form."""
    return ".".join(map(str, path))


def path_of(name: str) -> Path:
    """The place of a name in a form."""
    return tuple(int(each) if each.isdecimal() else each for each in name.split("."))


def is_pin(path: Path) -> bool:
    """Whether a place of the file holds a PIN that callers enter, and no other secret."""
    return bool(path) and (path[-1] in _PINS or "pins" in path[-2:-1])


def part_of(path: Path) -> Any:
    """The piece of the schema for a place in the file; {} for none."""
    part = schema.load()
    for key in path:
        part = schema.resolved(part.get("items", {})) if isinstance(key, int) else schema.part(part, key)
        part = part if isinstance(part, dict) else {}
    return part


def kind_of(part: Any) -> str:
    """The widget for a piece of the schema."""
    known = part.get("type", ())
    types = {known} if isinstance(known, str) else set(known)
    kind = "yaml"
    if part.get("writeOnly"):
        kind = "secret"
    elif types == {"boolean"} or all(isinstance(each, str) for each in part.get("enum", [0])):
        kind = "choice"
    elif types == {"integer"}:
        kind = "number"
    elif "object" in types and "properties" in part:
        kind = "one_of" if part.get("maxProperties") == 1 or "string" in types else "group"
    elif "object" in types and isinstance(part.get("additionalProperties"), dict):
        kind = "table"
    elif "array" in types:
        is_scalar = kind_of(schema.resolved(part["items"])) in ("text", "number", "choice")
        kind = "lines" if is_scalar else "rows"
    elif "string" in types or "anyOf" in part:
        kind = "text"
    return kind


def widget(path: Path, tree: Tree | None, part: Any = None, *, is_needed: bool = False) -> Widget:
    """How a place in the file is shown.

    Args:
        path: of the place.
        tree: what is written there; None: nothing.
        part: its piece of the schema; by default that of the path.
        is_needed: whether something has to be there.
    """
    part = part_of(path) if part is None else part
    kind = kind_of(part)
    fits = tree is None or isinstance(tree, _WITH_FORM.get(kind, str)) or kind == "secret"
    if not (fits or (kind == "one_of" and has_text(part))) or _is_too_much(tree):
        kind = "yaml"
    default = part.get("default", "")
    common: dict[str, Any] = {
        "kind": kind,
        "path": path,
        "title": part.get("title", str(path[-1])),
        "description": part.get("description", ""),
        "value": tree if isinstance(tree, str) else "",
        "is_set": tree is not None,
        "default": str(default).lower()
        if isinstance(default, bool)
        else ""
        if isinstance(default, dict | list)
        else str(default),
        "is_needed": is_needed,
        "least": part.get("minimum"),
        "most": part.get("maximum"),
        "consequence": part.get("consequence", ""),
        "names": part.get("names", ""),
    }
    return Widget(**common | _SHOWN.get(kind, _nothing_more)(path, tree, part))


def _nothing_more(_path: Path, _tree: Any, _part: Any) -> dict[str, Any]:
    return {}


def _choice(_path: Path, _tree: Any, part: Any) -> dict[str, Any]:
    return {"choices": tuple((each, each) for each in part.get("enum", _TRUE))}


def _secret(_path: Path, tree: Any, part: Any) -> dict[str, Any]:
    """Where it may be kept, and where it is; of what is kept elsewhere the name is shown."""
    places = tuple((key, sub.get("title", key)) for key, sub in part.get("properties", {}).items())
    kept = next(iter(tree), "") if isinstance(tree, dict) else ""
    name = tree.get(kept) if isinstance(tree, dict) else ""
    return {
        "choices": (("text", ""), *places),
        "value": kept,
        "default": name if kept in ("env", "file") and isinstance(name, str) else "",
    }


def _lines(_path: Path, tree: Any, _part: Any) -> dict[str, Any]:
    items = tree or []
    if not all(isinstance(each, str) for each in items):
        return {"kind": "yaml"}
    return {"value": "\n".join(items)}


def _group(path: Path, tree: Any, part: Any) -> dict[str, Any]:
    found = tree if isinstance(tree, dict) else {}
    needed = part.get("required", ())
    return {
        "parts": tuple(
            widget((*path, key), found.get(key), schema.resolved(sub), is_needed=key in needed)
            for key, sub in part["properties"].items()
        )
    }


def _one_of(path: Path, tree: Any, part: Any) -> dict[str, Any]:
    """Its alternatives; where a text will do, that is the first, under the name `text`."""
    chosen = next(iter(tree), "") if isinstance(tree, dict) else "" if tree is None else "text"
    if has_text(part):
        mapping = tree if isinstance(tree, dict) else None
        text = {"type": "string", "title": "Name", "description": ""}
        both = (widget((*path, "text"), tree if isinstance(tree, str) else None, text), _mapping(path, mapping, part))
        return {"value": chosen if chosen in ("", "text") else "mapping", "parts": both}
    return {"value": chosen, "parts": _group(path, tree, part)["parts"]}


def _mapping(path: Path, tree: Any, part: Any) -> Widget:
    return Widget("group", (*path, "mapping"), SEVERAL, "", **_group(path, tree, {**part, "type": "object"}))


def _rows(path: Path, tree: Any, part: Any) -> dict[str, Any]:
    """Items; one that is one of several is shown as what it is."""
    item = schema.resolved(part["items"])
    rows = []
    for index, each in enumerate(tree or []):
        key = next(iter(each), "") if isinstance(each, dict) and len(each) == 1 else ""
        if kind_of(item) == "one_of" and key in item["properties"]:
            rows.append(widget((*path, index, key), each[key], schema.part(item, key)))
        else:
            rows.append(widget((*path, index), each, item))
    kinds = item["properties"].items() if kind_of(item) == "one_of" else ()
    return {
        "default": item.get("title", ""),
        "parts": tuple(rows),
        "choices": tuple((key, schema.resolved(sub)["title"]) for key, sub in kinds),
    }


def _table(path: Path, tree: Any, part: Any) -> dict[str, Any]:
    """Its entries by number, and an empty one."""
    found, sub = tree or {}, schema.resolved(part["additionalProperties"])
    values = [*found.values(), None]
    return {
        "keys": (*found, ""),
        "parts": tuple(widget((*path, index), value, sub) for index, value in enumerate(values)),
    }


_SHOWN: Final = {
    "choice": _choice,
    "secret": _secret,
    "lines": _lines,
    "group": _group,
    "one_of": _one_of,
    "rows": _rows,
    "table": _table,
}


def has_text(part: Any) -> bool:
    """Whether a text will do where there may be a mapping, too."""
    return isinstance(part.get("type"), list) and "string" in part["type"]


def _is_too_much(tree: Tree | None) -> bool:
    return isinstance(tree, dict | list) and len(tree) > MOST_ROWS
