"""A file as text that is edited: what is in its bytes, and the bytes of the text that a form gives back."""

from __future__ import annotations

import codecs
import re
from typing import Final

from vipgate_fs.sentences import say

BREAK: Final = re.compile(r"\r\n|\r|\n")
"""Where a line ends."""


class CannotEdit(Exception):
    """The text can't be edited like this. The message says why."""


def decoded(content: bytes) -> tuple[str, bool]:
    """A file's text, and whether it begins with a byte order mark, which is no part of it.

    Raises:
        CannotEdit: it is not UTF-8.
    """
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode(), content.startswith(codecs.BOM_UTF8)
    except UnicodeDecodeError:
        raise CannotEdit(say("the file is not UTF-8")) from None


def as_edited(content: bytes, text: str) -> bytes:
    """The file with another text, as a form gives it back: with line breaks of its own kind.

    Lines that stay keep the line break that they have, so that saving what was not changed changes no byte.

    Raises:
        CannotEdit: the file is not UTF-8.
    """
    old, has_mark = decoded(content)
    lines, breaks = BREAK.split(old), BREAK.findall(old)
    wanted = BREAK.split(text)
    usual = max(set(breaks), key=breaks.count) if breaks else "\n"
    common = 0
    while common < min(len(lines), len(wanted)) and lines[common] == wanted[common]:
        common += 1
    tail = 0
    while tail < min(len(lines), len(wanted)) - common and lines[-1 - tail] == wanted[-1 - tail]:
        tail += 1
    last, old_last = len(wanted) - 1, len(lines) - 1
    kept = []
    for index in range(last):
        from_end = last - index
        if index < min(common, len(breaks)):
            kept.append(breaks[index])
        else:
            kept.append(breaks[old_last - from_end] if from_end < tail else usual)
    pieces = [piece for pair in zip(wanted, [*kept, ""], strict=True) for piece in pair]
    return (codecs.BOM_UTF8 if has_mark else b"") + "".join(pieces).encode()
