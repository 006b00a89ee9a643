"""The text of a webservice's answer → a verdict. `schemas/webservice-answer.schema.json` says what fits."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final, Never

from vipgate_fs.gate.verdict import Verdict
from vipgate_fs.identify.verdicts import answered
from vipgate_fs.sentences import said, say

MOST_BRACKETS: Final = 32
"""A verdict has two; a parser given thousands recurses as deep."""
_TOO_LARGE: Final = 1e64
"""For a target, which has at most 64 digits."""
_INEXACT: Final = 2.0**53
"""From here on, a float is not every integer."""
_AROUND: Final = "\ufeff \t\r\n"
"""Byte order marks, one of each file that a PHP script includes, and white space."""
_STRING_OR_WORD: Final = re.compile(
    r'"(?:[^"\\]|\\.)*+"?|(?P<word>[A-Za-z_$][\w$]*+)(?P<colon>\s*+:)?', re.ASCII | re.DOTALL
)
"""Consumes whatever it begins to look at, so that no answer makes it look twice."""


def read_answer(body: bytes) -> Verdict | None:
    """The verdict of an answer; None for `{}`, which says "don't know", also when all its members are null.

    Keys may be written without quotes, as VIPgate's documentation prints them.

    Raises:
        ValueError: what is wrong, without anything of the answer: it may be a PIN.
    """
    try:
        text = body.decode().strip(_AROUND)
    except UnicodeDecodeError:
        raise ValueError(say("the answer is not UTF-8")) from None
    if not text:
        raise ValueError(say("the answer is empty"))
    if sum(map(text.count, "{[")) > MOST_BRACKETS:
        raise ValueError(say("the answer is nested too deep, or has too many parts"))
    answer = _parse(text)
    if not isinstance(answer, dict):
        raise ValueError(say("the answer is no JSON object"))  # noqa: TRY004 - nobody passed a wrong type
    return answered(answer)


def _parse(text: str) -> Any:
    try:
        return json.loads(
            _STRING_OR_WORD.sub(_quoted, text),
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse,
            parse_float=_number,
        )
    except _Twice as error:
        raise ValueError(said(error)) from None
    except ValueError:  # json's own holds the text
        kind = "HTML" if text.lstrip()[:1] == "<" else say("something else")
        raise ValueError(say("the answer is not JSON but {kind}", kind=kind)) from None


def _number(text: str) -> int | float:
    """To JSON Schema, 3.0 is an integer (2020-12, Core 4.2.1)."""
    number = float(text)
    if not number.is_integer() or abs(number) >= _TOO_LARGE:
        return number
    return int(number) if abs(number) < _INEXACT else int(Decimal(text))


def _quoted(match: re.Match[str]) -> str:
    return f'"{match["word"]}"{match["colon"]}' if match["colon"] else match[0]


class _Twice(ValueError):
    pass


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise _Twice(say("a key stands twice in the answer"))
    return entries


def _refuse(constant: str) -> Never:
    raise ValueError(constant)
