"""Find, read, check and type the configuration file. `vipgate_fs.config.model` is the result."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vipgate_fs.config.assembly import assemble
from vipgate_fs.config.model import Configuration
from vipgate_fs.document.findings import Finding, Report
from vipgate_fs.document.sources import MACHINE, Reading, Recorder, Sources, read_file
from vipgate_fs.sentences import say

PLACES: Final = (Path("vipgate.yaml"), Path("/etc/vipgate/vipgate.yaml"))
"""Where to look for the configuration if neither the command line nor $VIPGATE_CONFIG names it."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The result of loading a file.

    Attributes:
        configuration: None if any finding is an error.
        findings: all of them, in the order of the file.
        holds_secrets: whether a PIN, password, token or key is written in the file.
        reading: all that was read; None unless somebody wants to remember it.
    """

    configuration: Configuration | None
    findings: tuple[Finding, ...]
    holds_secrets: bool
    reading: Reading | None = None


def find(path: Path | None = None) -> Path:
    """The configuration's path: the given one, else $VIPGATE_CONFIG, else the first of PLACES that exists.

    Raises:
        FileNotFoundError: when there is none in PLACES.
        PermissionError: the one in the working directory is none for root.
    """
    if path is not None:
        return path
    if named := os.environ.get("VIPGATE_CONFIG"):
        return Path(named)
    for place in PLACES:
        if place.exists():
            if place == PLACES[0] and _is_foreign(place):
                why = say(
                    "others can change it, and its plug-ins would run as root; if it is meant, name it by --config"
                )
                raise PermissionError(errno.EPERM, why, str(place.absolute()))
            return place
    places = ", ".join(["$VIPGATE_CONFIG", *map(str, PLACES)])
    raise FileNotFoundError(errno.ENOENT, say("no configuration in any of these places"), places)


def _is_foreign(place: Path) -> bool:
    """Whether root would take a configuration that it has not named from somebody who is not root."""
    if os.geteuid() != 0:
        return False
    others = [each.stat() for each in (place, place.absolute().parent)]
    return any(each.st_uid != 0 or each.st_mode & (stat.S_IWGRP | stat.S_IWOTH) for each in others)


def load(path: Path, sources: Sources = MACHINE) -> Loaded:
    """Read and check a file. Raises OSError: when it can't be read. Whatever stands in it becomes findings."""
    return load_text(read_file(path).data, path, sources)


def load_text(content: bytes | str, path: Path = Path("vipgate.yaml"), sources: Sources = MACHINE) -> Loaded:
    """Check a text as if it stood in the file of that path, and what it names in those sources."""
    report = Report(str(path), sources)
    content = content.encode() if isinstance(content, str) else content
    configuration = assemble(content, path, report)
    reading = sources.reading(path, content) if isinstance(sources, Recorder) else None
    return Loaded(configuration, report.findings, report.holds_secrets, reading)
