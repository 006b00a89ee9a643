"""Adding settings to a file, and taking them out, without touching anything else in it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from typing import Final

from vipgate_fs.document.editing import CannotEdit, Opening, Place, decoded, layout
from vipgate_fs.document.findings import Path

_BREAK: Final = re.compile(r"\r\n|\r|\n")
_REST: Final = re.compile(r"[ \t]*(#[^\r\n]*)?(\r\n|\r|\n|\Z)")
"""What may follow a value on its line."""


def inserted(content: bytes, path: Path, written: str) -> bytes:
    """The file with one setting more, at the beginning of the mapping that it belongs to.

    Args:
        content: of the file.
        path: of the setting; what it belongs to must be there.
        written: its value, as YAML.

    Raises:
        CannotEdit: it can't be added there.
    """
    text, has_mark = decoded(content)
    found = layout(text)
    opening = next((each for where, each in found if where == path[:-1] and isinstance(each, Opening)), None)
    if opening is None:
        raise CannotEdit("there is nothing that this setting could be added to; edit it as text")
    entry = f"{path[-1]}: {written}"
    if opening.is_flow:
        is_empty = text[opening.begin + 1 :].lstrip().startswith("}")
        at, piece = opening.begin + 1, entry if is_empty else f"{entry}, "
    else:
        match = _REST.match(text, opening.key + 1) if opening.key is not None else None
        if match is None or match.end() > opening.begin:
            raise CannotEdit("there is no line of its own for this setting; edit it as text")
        at, piece = match.end(), f"{' ' * opening.indent}{entry}{match[2]}"
    return _checked(text, text[:at] + piece + text[at:], {path}, has_mark=has_mark)


def removed(content: bytes, path: Path) -> bytes:
    """The file without a setting of a single value: its default counts then.

    Raises:
        CannotEdit: it is not there, or it can't be taken out without touching something else.
    """
    text, has_mark = decoded(content)
    found = dict(layout(text))
    place, opening = found.get(path), found.get(path[:-1])
    if not isinstance(place, Place) or not isinstance(opening, Opening) or place.key is None:
        raise CannotEdit("there is no such setting")
    begin, end = place.key, place.end
    if opening.is_flow:
        if match := re.compile(r"\s*,[ \t]*").match(text, end):
            end = match.end()
        elif match := re.search(r"\s*,\s*\Z", text[:begin]):
            begin = match.start()
    else:
        start = max((each.end() for each in _BREAK.finditer(text, 0, begin)), default=0)
        rest = _REST.match(text, end)
        if rest is None or text[start:begin].strip() or _is_alone(path, found):
            raise CannotEdit("this setting has no line of its own; edit it as text")
        begin, end = start, rest.end()
    return _checked(text, text[:begin] + text[end:], {path}, has_mark=has_mark)


def _is_alone(path: Path, found: Iterable[Path]) -> bool:
    """Whether nothing else stands in the same mapping."""
    above = len(path) - 1
    return {each[above] for each in found if len(each) > above and each[:above] == path[:above]} == {path[-1]}


def _checked(before: str, after: str, changed: set[Path], *, has_mark: bool) -> bytes:
    """What was made, if it says the same as before but for what was to be changed. Raises CannotEdit."""
    if _values(before, changed) != _values(after, changed):
        raise CannotEdit("this setting can't be changed without touching others; edit it as text")
    return (codecs.BOM_UTF8 if has_mark else b"") + after.encode()


def _values(text: str, without: set[Path]) -> Mapping[Path, str]:
    return {
        path: each.value
        for path, each in layout(text)
        if isinstance(each, Place) and not any(path[: len(one)] == one for one in without)
    }
