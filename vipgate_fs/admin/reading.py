"""What a form that was made from the schema gives back, as a tree: an empty field of a secret leaves it as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from vipgate_fs.admin.forms import has_text, kind_of, name_of, part_of, widget
from vipgate_fs.document import schema
from vipgate_fs.document.editing import CannotEdit
from vipgate_fs.document.findings import Path
from vipgate_fs.document.outline import Tree
from vipgate_fs.document.writing import Plain
from vipgate_fs.sentences import say

_PLAIN: Final = re.compile(r"-?[0-9]{1,9}|true|false", re.ASCII)
"""What is written without quotes, where the schema wants a number, or true or false."""

_MOST_LINES: Final = 2000


def read(path: Path, old: Tree | None, given: Mapping[str, str], part: Any = None) -> Tree | None:
    """What a form wants to have in a place of the file; None: nothing. What it does not have stays as it is.

    Raises:
        CannotEdit: two rows of a table have the same name.
    """
    part = part_of(path) if part is None else part
    if widget(path, old, part).kind == "yaml":
        return old
    return _READ.get(kind_of(part), _read_single)(path, old, given, part)


def _read_single(path: Path, old: Any, given: Mapping[str, str], part: Any) -> Tree | None:
    value = given.get(name_of(path))
    if value is None or value.strip() == (old or ""):
        return old  # type: ignore[no-any-return]
    value = value.strip()
    is_plain = part.get("type") in ("integer", "boolean") or "anyOf" in part
    return (Plain(value) if is_plain and _PLAIN.fullmatch(value) else value) or None


def _read_lines(path: Path, old: Any, given: Mapping[str, str], _part: Any) -> Tree | None:
    value = given.get(name_of(path))
    if value is None:
        return old  # type: ignore[no-any-return]
    lines = [line.strip() for line in value.splitlines() if line.strip()]
    if len(lines) > _MOST_LINES:
        raise CannotEdit(say("more than {most} lines; make a table of them", most=_MOST_LINES))
    return lines or None  # type: ignore[return-value]


def _read_secret(path: Path, old: Any, given: Mapping[str, str], part: Any) -> Tree | None:
    name = name_of(path)
    typed, where = given.get(name, "").strip(), given.get(f"{name}.in", "keep")
    if not typed or (isinstance(old, dict) and typed in old.values()):
        return None if where == "none" else old
    return {where: typed} if where in part.get("properties", {}) else typed


def _read_group(path: Path, old: Any, given: Mapping[str, str], part: Any) -> Tree | None:
    result = dict(old or {})
    for key, sub in part["properties"].items():
        value = read((*path, key), result.get(key), given, schema.resolved(sub))
        result.pop(key, None) if value is None else result.update({key: value})
    return result or (old if old == {} else None)


def _read_one_of(path: Path, old: Any, given: Mapping[str, str], part: Any) -> Tree | None:
    chosen = given.get(f"{name_of(path)}.kind")
    known = old if isinstance(old, dict) else {}
    if chosen is None:
        return old  # type: ignore[no-any-return]
    if has_text(part) and chosen:
        if chosen == "text":
            return _read_single((*path, "text"), old if isinstance(old, str) else None, given, {})
        return _read_group(path, known, given, part)
    if chosen not in part["properties"]:
        return None
    sub = schema.part(part, chosen)
    value = read((*path, chosen), known.get(chosen), given, sub)
    if value is None:
        value = {} if kind_of(sub) == "group" else Plain("true") if sub.get("type") == "boolean" else ""
    return {chosen: value}


def _read_rows(path: Path, old: Any, given: Mapping[str, str], part: Any) -> Tree | None:
    item = schema.resolved(part["items"])
    result: list[Tree] = []
    for index, each in enumerate(old or []):
        key = next(iter(each), "") if isinstance(each, dict) and len(each) == 1 else ""
        if kind_of(item) == "one_of" and key in item["properties"]:
            value = read((*path, index, key), each[key], given, schema.part(item, key))
            result.append({key: {} if value is None else value})
        else:
            value = read((*path, index), each, given, item)
            result.append({} if value is None else value)
    return result or None


def _read_table(path: Path, old: Any, given: Mapping[str, str], part: Any) -> Tree | None:
    sub, result = schema.resolved(part["additionalProperties"]), {}
    for index, (key, value) in enumerate([*(old or {}).items(), ("", None)]):
        place = (*path, index)
        wanted = given.get(f"{name_of(place)}.key", key).strip()
        if not wanted:
            continue
        if wanted in result:
            raise CannotEdit(say("a name stands in two rows of the table"))
        result[wanted] = read(place, value, given, sub)
    return {key: "" if value is None else value for key, value in result.items()} or None


_READ: Final = {
    "secret": _read_secret,
    "lines": _read_lines,
    "group": _read_group,
    "one_of": _read_one_of,
    "rows": _read_rows,
    "table": _read_table,
}
