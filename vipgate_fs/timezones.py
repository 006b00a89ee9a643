"""Time zones by the newest rules available: the machine's, or those of the package `tzdata`."""

from __future__ import annotations

import os
import re
import zoneinfo
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

import tzdata

_VERSION: Final = re.compile(r"# version ([0-9]{4}[a-z]+)")


def names() -> set[str]:
    """All IANA names that are known."""
    _use_the_newest()
    return zoneinfo.available_timezones()


def timezone(name: str) -> zoneinfo.ZoneInfo:
    """The time zone of an IANA name. Raises ZoneInfoNotFoundError or ValueError for an unknown one."""
    _use_the_newest()
    return zoneinfo.ZoneInfo(name)


def rules_version() -> str:
    """The version of the rules in use, such as 2025b; "": whoever set PYTHONTZPATH chose rules that do not say."""
    _use_the_newest()
    if zoneinfo.TZPATH:
        return machine_version(zoneinfo.TZPATH)
    return str(tzdata.IANA_VERSION)


@cache
def _use_the_newest() -> None:
    """`zoneinfo` asks the machine first, whose rules may be years older: governments change them with little notice.

    Whoever sets PYTHONTZPATH has chosen.
    """
    if "PYTHONTZPATH" not in os.environ and machine_version(zoneinfo.TZPATH) < tzdata.IANA_VERSION:
        zoneinfo.reset_tzpath(to=())
        zoneinfo.ZoneInfo.clear_cache()


def machine_version(folders: Iterable[str]) -> str:
    """The version of the rules in the first of the folders that has any, such as 2025b; "": it does not say."""
    folder = next((folder for name in folders if (folder := Path(name)).joinpath("UTC").exists()), None)
    if folder is None:
        return ""
    try:
        with folder.joinpath("tzdata.zi").open(encoding="ascii", errors="replace") as file:
            found = _VERSION.match(file.readline())
    except OSError:
        return ""
    return found[1] if found else ""
