"""What a change of the file changes: for callers from now on, and for the calls that were recorded."""

from __future__ import annotations

import difflib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vipgate_fs import config
from vipgate_fs.admin.desk import Desk, StoreTrouble
from vipgate_fs.admin.hidden import hidden
from vipgate_fs.config.model import Configuration
from vipgate_fs.document.editing import decoded
from vipgate_fs.document.findings import Finding, Report
from vipgate_fs.document.nodes import Mapping, parse
from vipgate_fs.document.sources import MACHINE, Sources
from vipgate_fs.preview.classes import TooManyPatterns
from vipgate_fs.preview.diff import compare
from vipgate_fs.preview.replay import Replayed, replay
from vipgate_fs.preview.sentences import sentence
from vipgate_fs.preview.sides import Side
from vipgate_fs.preview.times import HORIZON, Horizon
from vipgate_fs.store import records

_DAYS: Final = 30
"""Of which recorded calls are decided again."""
_MOST_CALLS: Final = 5000
_MOST_SECONDS: Final = 3.0
_SHOWN: Final = 50
"""Changes and calls that are shown."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change of the file would change.

    Attributes:
        sentences: for callers from now on.
        more: further ones that are not shown.
        trouble: why that can't be said; "" when it can.
        calls: recorded calls that were decided again.
        different: those that would have ended differently.
        unknown: how many can't be worked out again, by what is not known.
    """

    sentences: tuple[str, ...]
    more: int
    trouble: str
    calls: int
    different: tuple[Replayed, ...]
    unknown: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a comparison: `kind` is "add", "del", "" for one that stays and "gap" for those left out."""

    kind: str
    number: int
    text: str


def preview(desk: Desk, content: bytes, before: bytes, sources: Sources = MACHINE) -> Preview:
    """What it changes if `content`, with what it names in `sources`, takes the place of `before`; both are sound."""
    old, new = side(before, desk.path), side(content, desk.path, sources)
    sentences: list[str] = []
    trouble = ""
    first = new.configuration.site.calendar.now().date()
    horizon = Horizon(first, HORIZON, new.configuration.site.calendar)
    try:
        sentences = [sentence(change, horizon) for change in compare(old, new, first, HORIZON)]
    except TooManyPatterns as error:
        trouble = str(error)
    calls, different, unknown = _replayed(desk, new.configuration, old.configuration)
    return Preview(
        tuple(sentences[:_SHOWN]),
        max(0, len(sentences) - _SHOWN),
        trouble,
        calls,
        tuple(different[:_SHOWN]),
        tuple(unknown.most_common()),
    )


def side(content: bytes, path: Path, sources: Sources = MACHINE) -> Side:
    """A content that is sound, for a comparison."""
    configuration, root = config.load_text(content, path, sources).configuration, parse(content, Report(str(path)))
    assert configuration is not None, "its findings were looked at"
    assert isinstance(root, Mapping), "it is a configuration"
    return Side(configuration, root)


def findings_of(content: bytes, path: Path, sources: Sources = MACHINE) -> tuple[Finding, ...]:
    """What `check` finds in a content, as if it stood in that file."""
    return config.load_text(content, path, sources).findings


def difference(before: bytes, after: bytes, around: int = 2) -> Iterator[DiffLine]:
    """The lines that differ, with some around them, and without secrets: a PIN that is changed shows as dots twice."""
    old, new = decoded(before)[0].splitlines(), decoded(after)[0].splitlines()
    old_shown, new_shown = hidden(decoded(before)[0]).splitlines(), hidden(decoded(after)[0]).splitlines()
    groups = difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(around)
    for count, group in enumerate(groups):
        if count:
            yield DiffLine("gap", 0, "…")
        for tag, old_begin, old_end, new_begin, new_end in group:
            if tag == "equal":
                yield from (DiffLine("", index + 1, new_shown[index]) for index in range(new_begin, new_end))
                continue
            yield from (DiffLine("del", index + 1, old_shown[index]) for index in range(old_begin, old_end))
            yield from (DiffLine("add", index + 1, new_shown[index]) for index in range(new_begin, new_end))


def _replayed(
    desk: Desk, configuration: Configuration, before: Configuration
) -> tuple[int, list[Replayed], Counter[str]]:
    """The recorded calls of the last days, as many as there is time for, the latest first."""
    unknown: Counter[str] = Counter()
    different: list[Replayed] = []
    wanted = records.Wanted(time.time() - _DAYS * 86_400)
    try:
        found = desk.ask(lambda connection: records.latest(connection, wanted, _MOST_CALLS)).records
    except StoreTrouble:
        return 0, different, unknown
    until, calls = time.monotonic() + _MOST_SECONDS, 0
    for record in found:
        if time.monotonic() > until:
            break
        again = replay(record, configuration, before)
        calls += 1
        if again.differs:
            different.append(again)
        elif again.now is None:
            unknown[again.why] += 1
    return calls, different, unknown
