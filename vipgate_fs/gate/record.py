"""Call records: how a call ended. They never contain a PIN."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from vipgate_fs.gate.numbers import LONGEST_EXTENSION, SEPARATORS
from vipgate_fs.sentences.keeping import cleaned

_MASK: Final = "***"
_DIGITS: Final = re.compile(rf"[0-9]{{{LONGEST_EXTENSION + 1},}}(?![0-9*])")
_SEPARATED: Final = re.compile(
    rf"([0-9](?:[{re.escape(SEPARATORS)}]*[0-9]){{{LONGEST_EXTENSION - len(_MASK)},}})"
    rf"(?:[{re.escape(SEPARATORS)}]*[0-9]){{{len(_MASK)}}}"
)
_NUMBER: Final = re.compile(r"\+?[0-9]+\**", re.ASCII)
"""A telephone number, perhaps masked."""
_FORMULA: Final = re.compile(r"""((?:^|[;,|:\s"'])\s*)([-=@+＝＠＋－])""")  # noqa: RUF001 - these are meant
"""What begins a formula, where a cell may begin."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """How a call ended.

    Attributes:
        uuid: the channel's Unique-ID.
        began: Unix time at which the gate had the call's facts.
        gate: that took it; None: no gate protects the called number.
        caller: canonical number; "" if withheld.
        called: canonical number.
        verdict: in a few words (`vipgate_fs.gate.decision.describe`).
        entries: number of PIN attempts, silence included.
        outcome: a `vipgate_fs.gate.dialogue.Result`.
        target: where the call went on to; None when it went nowhere.
        reason: what decided, and what the outcome alone does not say; a sentence, where its parts are known.
        deciding: seconds until the verdict.
        seconds: until the gate let go of the call.
    """

    uuid: str
    began: float
    gate: str | None
    caller: str
    called: str
    verdict: str
    entries: int
    outcome: str
    target: str | None
    reason: str
    deciding: float
    seconds: float


COLUMNS: Final = tuple(field.name for field in fields(CallRecord))
"""The names of a record's facts, in their order."""


def harmless(value: Any) -> Any:
    """A cell in which no spreadsheet finds a formula, whatever it splits the line at: callers choose their numbers."""
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    return _FORMULA.sub(r"\1'\2", value)


def masked(record: CallRecord) -> CallRecord:
    """The record without the last three digits of telephone numbers, wherever they stand; extensions stay.

    The reason holds dates, too. So digits with separators between them are masked in it only where they stand
    elsewhere in the record.
    """
    numbers = (record.caller, record.called, record.verdict, record.target or "")
    caller, called, verdict, target = shown = [mask(number) for number in numbers]

    def without_numbers(text: str) -> str:
        for number, without in zip(numbers, shown, strict=True):
            text = text.replace(number, without)
        return _DIGITS.sub(lambda digits: digits[0][: -len(_MASK)] + _MASK, text)

    reason = cleaned(record.reason, without_numbers)
    return replace(
        record, caller=caller, called=called, target=record.target and target, verdict=verdict, reason=reason
    )


def mask(number: str) -> str:
    """A number, or a text with one but without dates, without the last three digits if it is more than an extension."""
    return _SEPARATED.sub(rf"\1{_MASK}", number)
