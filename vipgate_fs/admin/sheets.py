"""A sheet of a form, of a gate or of the rest of the file: places as widgets, and what its buttons do to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vipgate_fs.admin.forms import Widget, part_of, path_of, widget
from vipgate_fs.admin.reading import read
from vipgate_fs.document import schema
from vipgate_fs.document.editing import CannotEdit
from vipgate_fs.document.findings import Path
from vipgate_fs.document.outline import Tree
from vipgate_fs.document.rewriting import moved, rewritten, tree_of
from vipgate_fs.sentences import say

SHEETS: Final = ("general", "identification", "when", "prompts")
_OF_SETTING: Final = {
    "identify": "identification",
    "otherwise": "identification",
    "active": "when",
    "prompts": "prompts",
}
"""Whatever else a gate has, or gets, is general."""
_OTHER_SECTIONS: Final = frozenset(("version", "gates", "schedules"))
"""Those of the file that have no sheet of their own: gates have theirs, and schedules are on them."""
BUTTONS: Final = frozenset(("add", "remove", "up", "down", "schedule"))
"""What `pressed` knows."""
_NEW_SCHEDULE: Final[list[Tree]] = [{"days": "mon-fri", "from": "08:00", "to": "17:00"}]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Places of a file, as a form has them.

    Attributes:
        gate: its name; "" when it is of no gate.
        content: of the file.
        paths: of the places.
        tree: what the file says.
    """

    gate: str
    content: bytes
    paths: tuple[Path, ...]
    tree: Tree

    @property
    def widgets(self) -> list[Widget]:
        """What it shows."""
        return [
            widget(path, self.at(path), is_needed=path[-1] in part_of(path[:-1]).get("required", ()))
            for path in self.paths
        ]

    def filled(self, given: Mapping[str, str]) -> bytes:
        """The file with what the form gives back. Raises CannotEdit."""
        wanted = {path: read(path, self.at(path), given) for path in self.paths}
        return rewritten(self.content, {path: value for path, value in wanted.items() if value != self.at(path)})

    def owns(self, path: Path) -> bool:
        """Whether a place belongs to it."""
        return any(path[: len(each)] == each for each in self.paths)

    def at(self, path: Path) -> Tree | None:
        """What stands in a place."""
        return _at(self.tree, path)


def sheet(content: bytes, gate: str, kind: str) -> Sheet:
    """A sheet of a gate. Raises CannotEdit: the file has no such gate, or can't be read."""
    tree = tree_of(content)
    own = ("gates", gate)
    if not isinstance(_at(tree, own), dict):
        raise CannotEdit(say("there is no such gate"))
    keys = part_of(own)["properties"]
    paths: list[Path] = [(*own, key) for key in keys if _OF_SETTING.get(key, "general") == kind]
    if kind == "when":
        active = _at(tree, (*own, "active"))
        known = _at(tree, ("schedules",))
        names = active.values() if isinstance(active, dict) else ()
        paths += [("schedules", str(name)) for name in names if isinstance(known, dict) and name in known]
        paths.append(("site", "holidays"))
    return Sheet(gate, content, tuple(paths), tree)


def sections() -> tuple[str, ...]:
    """The sections of a file that have a sheet each, such as `site`: those that the schema has."""
    return tuple(key for key in schema.load()["properties"] if key not in _OTHER_SECTIONS)


def section(content: bytes, name: str) -> Sheet:
    """The sheet of one of them. Raises CannotEdit: the file can't be read."""
    part = part_of((name,))
    is_group = part.get("type") == "object" and "properties" in part
    paths: tuple[Path, ...] = tuple((name, key) for key in part["properties"]) if is_group else ((name,),)
    return Sheet("", content, paths, tree_of(content))


def schedules(tree: Tree) -> tuple[str, ...]:
    """The names of a file's schedules."""
    found = _at(tree, ("schedules",))
    return tuple(found) if isinstance(found, dict) else ()


def pressed(on: Sheet, button: str, given: Mapping[str, str]) -> tuple[bytes, str]:
    """The sheet's file after one of its buttons, and the name of the field to go on with.

    Args:
        on: the sheet, filled in.
        button: `add:PLACE:KIND`, `remove:PLACE`, `up:PLACE`, `down:PLACE` or `schedule:`.
        given: the form.

    Raises:
        CannotEdit: this can't be done. The text says why.
    """
    what, _, place = button.partition(":")
    name, _, kind = place.partition(":")
    path = path_of(name)
    if what == "schedule":
        return _with_schedule(
            on, given.get("new_schedule", "").strip()
        ), f"schedules.{given.get('new_schedule', '').strip()}.0.days"
    if not on.owns(path):
        raise CannotEdit(say("this is not on this page"))
    if what == "add":
        items = _at(on.tree, path)
        known = items if isinstance(items, list) else []
        new: Tree = {kind: {}} if kind else {}
        added = [*known, new]
        return rewritten(on.content, {path: added}), ".".join(filter(None, (name, str(len(known)), kind)))
    if what == "remove" and path and isinstance(path[-1], int):
        items = _at(on.tree, path[:-1])
        is_last = isinstance(items, list) and len(items) == 1
        return rewritten(on.content, {path[:-1] if is_last else path: None}), name_above(name)
    if what in ("up", "down") and path and isinstance(path[-1], int):
        by = 1 if what == "down" else -1
        return moved(on.content, path[:-1], path[-1], by), f"{name_above(name)}.{path[-1] + by}"
    raise CannotEdit(say("this is not on this page"))


def name_above(name: str) -> str:
    """The name of the list that an item is in."""
    return name.rpartition(".")[0]


def _with_schedule(on: Sheet, name: str) -> bytes:
    form = schema.load()["$defs"]["name"]
    if re.fullmatch(form["pattern"], name) is None:
        raise CannotEdit(say("a schedule's name begins with a letter, and has letters, digits, _ and -"))
    if name in schedules(on.tree):
        raise CannotEdit(say("there is a schedule of this name; choose it"))
    own = ("gates", on.gate, "active")
    active = _at(on.tree, own)
    way = next(iter(active), "outside") if isinstance(active, dict) else "outside"
    return rewritten(on.content, {("schedules", name): _NEW_SCHEDULE, own: {way: name}})


def _at(tree: Tree | None, path: Path) -> Tree | None:
    """What stands in a place; the entries of a table are named by their number, too, as in forms."""
    for key in path:
        if isinstance(key, int):
            items = [*tree.values()] if isinstance(tree, dict) else tree if isinstance(tree, list) else []
            tree = items[key] if key < len(items) else None
        else:
            tree = tree.get(key) if isinstance(tree, dict) else None
    return tree
