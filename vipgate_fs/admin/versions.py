"""The versions of the file that were saved on the page, and those before: whole, in a folder of their own."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, NamedTuple

from vipgate_fs.document.saving import digest

MOST: Final = 200
"""Versions that are kept; the oldest go first."""
_NAME: Final = re.compile(r"(?P<at>[0-9]{10,13})-(?P<digest>[0-9a-f]{64})\.json")


_DRAFT: Final = ".new"
"""What is being written; only one process does."""
_TABLE: Final = re.compile(r"(?P<at>[0-9]{13})-(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,80}\.(csv|xlsx))", re.ASCII)


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the file.

    Attributes:
        id: names it.
        at: Unix time at which it was saved, or first seen.
        by: who saved it; "" for whoever changed the file itself.
        what: what for, in their words.
    """

    id: str
    at: float
    by: str
    what: str


class OldTable(NamedTuple):
    """A table as it was before it was changed.

    Attributes:
        id: names it.
        at: Unix time at which it was changed.
        name: of its file, in the configuration's folder.
    """

    id: str
    at: float
    name: str


class Versions:
    """The folder. It holds PINs, as the file does.

    Args:
        folder: is made when something is kept.
        clock: gives the Unix time.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._clock = folder, clock

    def keep(self, content: bytes, by: str = "", what: str = "") -> None:
        """Keep a version, unless it is the last one that was kept. Raises OSError."""
        of_content = digest(content)
        if (newest := next(iter(self._names()), None)) and newest.endswith(of_content):
            return
        self._folder.mkdir(mode=0o700, exist_ok=True)
        at = self._clock()
        version = Version(f"{int(at * 1000):013}-{of_content}", at, by, what)
        text = json.dumps(asdict(version) | {"content": content.decode("utf-8", "surrogateescape")})
        self._write(f"{version.id}.json", text.encode())
        for old in self._names()[MOST:]:
            (self._folder / f"{old}.json").unlink(missing_ok=True)

    def keep_table(self, name: str, content: bytes) -> None:
        """Keep a table as it was, beside the versions: its moment and its name. Raises OSError."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._write(f"{int(self._clock() * 1000):013}-{name}", content)
        for old in self.tables()[MOST:]:
            (self._folder / old.id).unlink(missing_ok=True)

    def tables(self) -> list[OldTable]:
        """The tables that are kept, the newest first."""
        try:
            found = [match for each in self._folder.iterdir() if (match := _TABLE.fullmatch(each.name))]
        except OSError:
            return []
        return sorted((OldTable(each[0], int(each["at"]) / 1000, each["name"]) for each in found), reverse=True)

    def table(self, kept: str) -> bytes | None:
        """What a kept table says; None: it is not kept."""
        try:
            return (self._folder / kept).read_bytes() if _TABLE.fullmatch(kept) else None
        except OSError:
            return None

    def all(self) -> list[Version]:
        """Those that are kept, the newest first."""
        return [version for version, _ in filter(None, map(self._read, self._names()))]

    def content(self, version: str) -> bytes | None:
        """What a version says; None: it is not kept."""
        found = self._read(version) if _NAME.fullmatch(f"{version}.json") else None
        return found[1] if found else None

    def _write(self, name: str, content: bytes) -> None:
        """Whole or not at all: half a version would be taken for one that is kept already."""
        draft = self._folder / _DRAFT
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        draft.rename(self._folder / name)

    def _names(self) -> list[str]:
        """The ids, the newest first."""
        try:
            names = sorted((each.name for each in self._folder.iterdir() if _NAME.fullmatch(each.name)), reverse=True)
        except OSError:
            return []
        return [name.removesuffix(".json") for name in names]

    def _read(self, version: str) -> tuple[Version, bytes] | None:
        try:
            values = json.loads((self._folder / f"{version}.json").read_bytes())
            content = values.pop("content").encode("utf-8", "surrogateescape")
            return Version(**values), content
        except (OSError, ValueError, TypeError, KeyError):
            return None
