"""What differs between two versions of a table of callers, row by row, and without PINs."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vipgate_fs.admin.tables import Kind, Row, about, table
from vipgate_fs.document.editing import CannotEdit
from vipgate_fs.document.rewriting import tree_of
from vipgate_fs.sentences import say

_MOST: Final = 100
"""Rows that are shown."""
_HIDDEN: Final = "••••••••"


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is new, gone or changed.

    Attributes:
        what: "new", "gone" or "changed".
        key: the number, as it is written.
        value: the verdict before and after, or dots for a PIN; "" for none, and on the side that has no row.
        is_other: whether these are not the same, which of PINs nobody sees.
        others: what else is in it, before and after.
    """

    what: str
    key: str
    value: tuple[str, str]
    is_other: bool
    others: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A table, before and after.

    Attributes:
        name: of its file.
        is_pins: whether its rows have PINs.
        rows: that differ, as many as are shown: first those of the table as it will be.
        counts: of those that are new, gone, and changed.
        trouble: why that can't be said; "" when it can.
    """

    name: str
    is_pins: bool = False
    rows: tuple[Difference, ...] = ()
    counts: tuple[int, int, int] = (0, 0, 0)
    trouble: str = ""

    @property
    def more(self) -> int:
        """Rows that are not shown."""
        return sum(self.counts) - len(self.rows)


def compared(name: str, kind: Kind | None, before: bytes | None, after: bytes) -> Comparison:
    """A table as it was, None if it was not there, and as it is then.

    Args:
        name: of its file.
        kind: what it is about, see `named`.
        before: all of it.
        after: the same.
    """
    if kind is None:
        return Comparison(name, trouble=say("no step names this table"))
    is_pins = kind.value == "pin"
    try:
        old = table(before, kind).rows if before is not None else []
        found = [*_differing(old, table(after, kind).rows, is_pins=is_pins)]
    except ValueError as why:
        return Comparison(name, is_pins, trouble=why.args[0])
    sums = Counter(each.what for each in found)
    return Comparison(name, is_pins, tuple(found[:_MOST]), (sums["new"], sums["gone"], sums["changed"]))


def named(content: bytes) -> dict[str, Kind]:
    """The tables that a configuration's steps name, with what they are about."""
    try:
        tree = tree_of(content)
    except CannotEdit:
        return {}
    gates = tree.get("gates") if isinstance(tree, dict) else None
    found: dict[str, Kind] = {}
    for gate in gates.values() if isinstance(gates, dict) else ():
        steps = gate.get("identify") if isinstance(gate, dict) else None
        for settings, kind in filter(None, map(about, steps if isinstance(steps, list) else ())):
            if isinstance(name := settings.get("file"), str):
                found.setdefault(name, kind)
    return found


def _differing(before: Sequence[Row], after: Sequence[Row], *, is_pins: bool) -> Iterator[Difference]:
    """The rows that differ. One whose number stood there before has changed, whatever its line."""
    stay = Counter(map(_all, before)) & Counter(map(_all, after))
    gone: dict[str, deque[Row]] = {}
    for row in _without(stay, before):
        gone.setdefault(row.key, deque()).append(row)
    for row in _without(stay, after):
        waits = gone.get(row.key)
        yield _difference(waits.popleft() if waits else None, row, is_pins=is_pins)
    for rows in gone.values():
        yield from (_difference(row, None, is_pins=is_pins) for row in rows)


def _all(row: Row) -> tuple[str, str, tuple[str, ...]]:
    return row.key, row.value, row.others


def _without(stay: Counter[tuple[str, str, tuple[str, ...]]], rows: Sequence[Row]) -> Iterator[Row]:
    left = Counter(stay)
    for row in rows:
        if left[_all(row)]:
            left[_all(row)] -= 1
        else:
            yield row


def _difference(old: Row | None, new: Row | None, *, is_pins: bool) -> Difference:
    was, now = (row.value if row else "" for row in (old, new))
    others = tuple(", ".join(filter(None, row.others)) if row else "" for row in (old, new))
    what = "new" if old is None else "gone" if new is None else "changed"
    shown = tuple(_HIDDEN if is_pins and value else value for value in (was, now))
    key = next(row.key for row in (new, old) if row)
    return Difference(what, key, (shown[0], shown[1]), was != now, (others[0], others[1]))
