"""The PINs of a list, by the caller's number or by customer number. No finding ever shows one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from vipgate_fs.document.section import Section
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.step import Evidence
from vipgate_fs.identify import GUESSABLE
from vipgate_fs.identify.callers.cells import Fault
from vipgate_fs.identify.callers.columns import Key, named
from vipgate_fs.identify.callers.remarks import Remarks, open_list, warn_of_overlooked
from vipgate_fs.sentences import Sentence, said, say

_PIN: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
_QUANTITY: Final = re.compile(r"[0-9]+[.,][0-9]+(E\+?[0-9]+)?|[0-9]+E\+?[0-9]+", re.ASCII | re.IGNORECASE)
_USUAL: Final = 2 / 3
"""The share of PINs with as many digits from which on fewer are remarkable."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose PIN a row has.

    Attributes:
        key: canonical number or customer number.
        doubt: why it will hardly be met, without its digits; None: nothing.
    """

    key: str
    doubt: Sentence | None = None


@dataclass(frozen=True, slots=True)
class PinList:
    """PINs by their owners, and where they stand.

    Attributes:
        pins: by canonical number or customer number.
        lines: of the list, from 1, by the same.
        file: the list's name; "": there is none.
        setting: the line of the configuration that names it.
    """

    pins: Mapping[str, Pin] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    file: str = ""
    setting: int = 0

    def evidence(self, owner: str) -> Evidence | None:
        """The row that has somebody's PIN; None: none has."""
        line = self.lines.get(owner)
        return None if line is None else Evidence(self.setting, self.file, line)


def read_pin_list(section: Section, key: Key, read_owner: Callable[[str], Owner], others: Mapping[str, int]) -> PinList:
    """The PINs of the list that `file` names; what is wrong with it is reported.

    Args:
        section: of the step.
        key: what the PINs are looked up by.
        read_owner: what is meant by what is written in that column; raises ValueError.
        others: who has a PIN in the configuration, with the line of that.
    """
    pins: dict[str, Pin] = {}
    lines: dict[str, int] = {}
    if (rows := open_list(section, key, "pin")) is None:
        return PinList()
    remarks = Remarks(section, rows.path)
    lengths: dict[int, int] = {}
    for row in rows:
        if isinstance(row, Fault):
            remarks.error(row.line, row.message)
            continue
        try:
            owner, pin = read_owner(row.key), _read_pin(row.value or "")
            if line := others.get(owner.key):
                taken = say(
                    "line {line} of the configuration has a PIN for the same {what}", line=line, what=named(key)
                )
                raise ValueError(taken)  # noqa: TRY301
            if pins.setdefault(owner.key, pin) != pin:
                taken = say("line {line} has another PIN for the same {what}", line=lines[owner.key], what=named(key))
                raise ValueError(taken)  # noqa: TRY301
        except ValueError as error:
            remarks.error(row.line, said(error))
            continue
        lines.setdefault(owner.key, row.line)
        lengths[row.line] = len(row.value or "")
        if owner.doubt:
            remarks.warn(row.line, owner.doubt)
    _remark_on_lengths(remarks, lengths)
    remarks.close()
    warn_of_overlooked(rows, section)
    if not pins and not remarks.has_errors:
        section.warn(say("{file} has no PINs, only the line that names the columns", file=rows.path.name), "file")
    return PinList(pins, lines, rows.path.name, section.keys["file"].line)


def _read_pin(written: str) -> Pin:
    if _PIN.fullmatch(written):
        return Pin(written)
    if not written:
        raise ValueError(say("the PIN is missing"))
    if _QUANTITY.fullmatch(written):
        raise ValueError(
            say(
                "a spreadsheet took this PIN for a quantity, and zeros may be lost; format the column as "
                "text, and enter the PIN again"
            )
        )
    raise ValueError(say("this is no PIN; allowed: 1 to 20 digits"))


def _remark_on_lengths(remarks: Remarks, lengths: Mapping[int, int]) -> None:
    """Spreadsheets take zeros from the beginning of a PIN: then it is right without them, and its owner is wrong."""
    counts = Counter(lengths.values())
    usual, count = counts.most_common(1)[0] if counts else (0, 0)
    is_telling = count >= _USUAL * len(lengths)
    for line, digits in lengths.items():
        if is_telling and digits < usual:
            remarks.warn(
                line,
                say(
                    "this PIN has {digits} digits, others have {usual}; has a spreadsheet taken its zeros?",
                    digits=digits,
                    usual=usual,
                ),
            )
        elif digits < GUESSABLE:
            remarks.warn(line, say("a PIN of fewer than {digits} digits is easily guessed", digits=GUESSABLE))
