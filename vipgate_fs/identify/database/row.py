"""A row of a query → a verdict. Its columns are named like the keys of a webservice's answer."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from vipgate_fs.gate.verdict import Verdict
from vipgate_fs.identify.verdicts import answered
from vipgate_fs.sentences import say

_VERDICTS: Final = ("reject", "forward")
_QUESTION: Final = ("expectedPIN", "forwardCorrectPIN", "forwardIncorrectPIN", "attempts", "maxRetries")
_COLUMNS: Final = {name.lower(): name for name in (*_VERDICTS, *_QUESTION)} | {"pin": "expectedPIN"}
"""In lower case: databases don't keep the case of names that are not quoted."""
_EXACT: Final = 2**53
"""Below this, a float is the whole number that was written."""
_BITS: Final = b"\0\1"


def row_verdict(row: Iterable[tuple[str, Any]]) -> Verdict | None:
    """The verdict of a row, given as (column, value); NULL is as if the column was not there; None: don't know.

    Raises:
        ValueError: what is wrong, without any value of the row.
    """
    values: dict[str, Any] = {}
    for name, value in row:
        key = _COLUMNS.get(name.lower())
        if key is None:
            allowed = ", ".join(("pin", *_VERDICTS, *_QUESTION))
            if name.isidentifier():
                raise ValueError(say("the query gives a column {name}; allowed: {allowed}", name=name, allowed=allowed))
            raise ValueError(say("the query gives a column without a name; allowed: {allowed}", allowed=allowed))
        if value is None:
            continue
        if key in values:
            raise ValueError(say("the query gives {key} twice; pin is the same as expectedPIN", key=key))
        values[key] = _plain(key, value)
    answer: dict[str, Any] = {key: values.pop(key) for key in _VERDICTS if key in values}
    if values:
        answer["askForPin"] = values
    return answered(answer)


def _plain(key: str, value: object) -> object:
    """A value as a webservice would write it, whatever type its column has."""
    match value:
        case Decimal() if value.is_finite() and value == int(value):
            return int(value)
        case float() if value.is_integer() and abs(value) < _EXACT:
            return int(value)
        case str():  # CHAR(n) is padded
            return value.rstrip(" ")
        case bytes() if key == "reject" and value and not value.strip(_BITS):  # BIT(1) of MariaDB
            return int.from_bytes(value, "big")
        case bytes():  # of AES_DECRYPT or a BINARY(n), which is padded
            return _decoded(key, value.rstrip(b"\0"))
    return value


def _decoded(key: str, value: bytes) -> str:
    try:
        return value.decode().rstrip(" ")
    except UnicodeDecodeError:
        raise ValueError(
            say("{key} is binary and no text; allowed: CAST(… AS CHAR) of something that is one", key=key)
        ) from None
