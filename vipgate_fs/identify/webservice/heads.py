"""The head of an answer as servers write it → as h11, which goes by the standard, reads it.

Only what can't change where an answer ends is forgiven: the same bytes stay one answer.
"""

from __future__ import annotations

import re
from typing import Final

END: Final = re.compile(rb"\r?\n\r?\n")
"""Where a head ends; blank lines before it (RFC 9112, 2.2) are removed first."""
_LINE_END: Final = re.compile(rb"\r?\n")
_FOLD: Final = re.compile(rb"(?<=[^\r\n])\r?\n[ \t]+")
_FIELD: Final = re.compile(rb"([-!#$%&'*+.^_`|~0-9A-Za-z]+)[ \t]*:(.*)", re.DOTALL)
_FRAMING: Final = re.compile(rb"(?i)content[-_ ]*length|transfer[-_ ]*encoding")
_NO_CODING: Final = re.compile(rb"(?i)transfer-encoding:[ \t]*identity[ \t]*")


def begins_like_http(data: bytes) -> bool:
    """Whether what came so far can be the beginning of an answer."""
    return b"HTTP/".startswith(data[:5]) or data.startswith(b"HTTP/")


def mended(head: bytes) -> bytes:
    """A head, with its blank line, without what browsers and curl overlook.

    Lines that are no header fields (without a colon, with a space in the name) are left out, white space before a colon
    is removed (RFC 9112, 5.1), and so is `Transfer-Encoding: identity`, which says nothing (RFC 2616, 3.6). A line that
    has to do with where the body ends is left as it is: h11 refuses it.
    """
    status, *fields = _LINE_END.split(head.rstrip(b"\r\n"), maxsplit=1)
    lines = [line for part in fields for line in _LINE_END.split(_FOLD.sub(b" ", part))]
    return b"\r\n".join([status, *filter(None, map(_mended, lines)), b"", b""])


def _mended(line: bytes) -> bytes:
    """A line, which may be a folded one (RFC 9112, 5.2); b"" to leave it out."""
    field = _FIELD.fullmatch(line)
    if not field:
        return line if _FRAMING.search(line) else b""
    kept = field[1] + b":" + field[2]
    return b"" if _NO_CODING.fullmatch(kept) else kept
