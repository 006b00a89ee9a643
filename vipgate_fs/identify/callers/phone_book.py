"""The phone book of a FRITZ!Box, which it exports as XML and as nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, Never
from xml.parsers import expat  # what it reads can't grow: entities are refused

from vipgate_fs.sentences import say

_BEGINNING: Final = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<phonebooks?[\s>]", re.DOTALL
)
_COLUMN: Final = "number"


def is_phone_book(content: bytes) -> bool:
    """Whether this is such a file, judging by its beginning."""
    return _BEGINNING.match(content) is not None


def read_phone_book(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    """The numbers as rows, with their lines; the first row names the column. Raises ValueError: it is no XML."""
    rows: list[tuple[int, Sequence[str]]] = [(1, [_COLUMN])]
    written: list[str] = []
    begun = 0

    def begin(name: str, _: object) -> None:
        nonlocal begun
        if name == _COLUMN:
            begun = parser.CurrentLineNumber
            written.clear()

    def end(name: str) -> None:
        if name == _COLUMN:
            rows.append((begun, ["".join(written)]))

    def refuse(*_: object) -> Never:
        raise ValueError(say("this FRITZ!Box phone book declares entities, which none does"))

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler, parser.EntityDeclHandler = written.append, refuse
    try:
        parser.Parse(content, True)  # noqa: FBT003 - it takes no keyword
    except expat.ExpatError as error:
        raise ValueError(
            say("this is a FRITZ!Box phone book that is broken in line {line}; export it again", line=error.lineno)
        ) from None
    except LookupError:
        raise ValueError(
            say("this is a FRITZ!Box phone book in an encoding that nobody knows; export it again")
        ) from None
    return iter(rows)
