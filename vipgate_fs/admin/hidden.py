"""The file as it is shown: line by line, and without the PINs, passwords and keys in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from vipgate_fs.document import kept, schema
from vipgate_fs.document.editing import BREAK, CannotEdit
from vipgate_fs.document.findings import Finding, Path
from vipgate_fs.document.outline import Branch, singles

DOTS: Final = "••••••••"
_DIGITS: Final = re.compile(r"[0-9]{3,}")
_USER: Final = re.compile(r"//[^/@\s]*@")
_KEY: Final = re.compile(r"(?P<before>\s*(?:- )*)(?P<key>[\w-]+|\"[^\"]*\")(?P<colon>:)(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file.

    Attributes:
        number: from 1.
        before, key, rest, comment: its parts, one after the other.
        findings: about it.
    """

    number: int
    before: str
    key: str
    rest: str
    comment: str
    findings: tuple[Finding, ...] = ()


def hidden(text: str) -> str:
    """The text with dots in the place of every secret. Of one that is kept elsewhere, the place is shown."""
    try:
        found = list(singles(text))
    except CannotEdit:  # where nothing can be told apart, whatever may be a secret is hidden
        return _USER.sub(f"//{DOTS}@", _DIGITS.sub(DOTS, text))
    shown, last = [], 0
    for path, place in found:
        if _is_secret(path, place):
            quote = place.style if place.style in ("'", '"') else ""
            breaks = "".join(BREAK.findall(text[place.begin : place.end]))  # the lines after it keep their numbers
            shown += [text[last : place.begin], f"{quote}{DOTS}{quote}{breaks}"]
            last = place.end
    return "".join([*shown, text[last:]])


def lines(text: str, findings: tuple[Finding, ...], file: str) -> Iterator[Line]:
    """The lines as they are shown, each with what `check` finds there."""
    at: dict[int, list[Finding]] = {}
    for finding in findings:
        if finding.file == file:
            at.setdefault(finding.line, []).append(finding)
    for number, line in enumerate(BREAK.split(hidden(text)), 1):
        code, comment = _apart(line)
        match = _KEY.match(code)
        before, key = (match["before"], match["key"]) if match else ("", "")
        yield Line(number, before, key, code[len(before) + len(key) :], comment, tuple(at.get(number, ())))


def _is_secret(path: Path, place: Branch) -> bool:
    sub: Any = schema.load()
    for index, key in enumerate(path):
        sub = sub.get("items", {}) if isinstance(key, int) else _part(sub, key)
        sub = schema.resolved(sub)
        if sub.get("writeOnly"):
            return path[index + 1 :] == () or path[-1] not in kept.READERS
    known = sub.keys() & {"type", "enum", "const", "anyOf", "oneOf"}
    return not known and (_DIGITS.search(place.text) is not None or "@" in place.text)


def _part(sub: Any, key: str) -> Any:
    found = sub.get("properties", {}).get(key, sub.get("additionalProperties"))
    return found if isinstance(found, dict) else {}  # of a key that is not allowed nothing is known


def _apart(line: str) -> tuple[str, str]:
    """A line's code and its comment; a `#` within quotes begins none."""
    quote = ""
    for index, sign in enumerate(line):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign == "#" and (index == 0 or line[index - 1].isspace()):
            return line[:index], line[index:]
    return line, ""
