"""`store`, `records`, and the `lockout` of a gate."""

from __future__ import annotations

import re
from collections.abc import Callable
from os.path import isdir
from pathlib import Path
from typing import Final, TypeVar

from vipgate_fs.config.model import Records, Store
from vipgate_fs.config.reading import Reader, duration
from vipgate_fs.config.source import Mapping
from vipgate_fs.gate.lockout import Lockout
from vipgate_fs.identify import Settings
from vipgate_fs.secret import Secret, read_secret

Number = TypeVar("Number", int, float)

STATE: Final = Path("/var/lib/vipgate")
"""Where a service keeps its state (Filesystem Hierarchy Standard, 5.8)."""
NONE: Final = "none"
_FILE: Final = "vipgate.db"
_KEY: Final = ".key"
_URL: Final = re.compile(r"none|sqlite:///(?P<file>[^?]+)|postgresql\+psycopg://[^/]*/[^/?]+(\?.*)?", re.DOTALL)
_ALLOWED: Final = "allowed: sqlite:///FILE, postgresql+psycopg://USER@HOST/NAME, or none"


def read_store(settings: Settings) -> Store:
    """The store. Without one: a SQLite file in STATE if there is such a folder, else beside the configuration."""
    secret = read_secret(settings, "store")
    folder = STATE if isdir(STATE) else settings.folder  # noqa: PTH112 - Path's raises where it may not look
    if secret is None:
        return _sqlite(folder / _FILE)
    match = _URL.fullmatch(secret.reveal())
    if match is None:
        settings.error(f"this is no URL of a store; {_ALLOWED}", "store")
        return Store(None)
    if match[0] == NONE:
        return Store(None)
    if match["file"]:
        return _sqlite(settings.folder / match["file"])
    return Store(secret, (folder / _FILE).with_suffix(_KEY).absolute())


def _sqlite(file: Path) -> Store:
    return Store(Secret(f"sqlite:///{file.absolute()}"), file.with_suffix(_KEY).absolute())


def read_records(node: Mapping, reader: Reader) -> Records:
    """What becomes of call records."""
    default = Records()
    return Records(
        retention=reader.value(node, "retention", duration, default.retention),
        mask_numbers=reader.value(node, "mask_numbers", lambda text: text.lower() == "true", default.mask_numbers),
    )


def read_lockout(node: Mapping, reader: Reader) -> Lockout:
    """A gate's limits; a lockout that is shorter than the window would let entries be forgotten too early."""
    default = Lockout()
    failures = reader.value(node, "failures", int, default.failures)
    most = _at_least(failures, "failures", int)
    window = reader.value(node, "window", duration, default.window)
    first = reader.value(node, "duration", _at_least(window, "window", duration), max(window, default.duration))
    longest = reader.value(node, "longest", _at_least(first, "duration", duration), max(first, default.longest))
    return Lockout(
        failures=failures,
        window=window,
        duration=first,
        longest=longest,
        gate_failures=reader.value(node, "gate_failures", most, max(failures, default.gate_failures)),
        rejects=reader.value(node, "locked_callers", lambda text: text == "reject", default.rejects),
    )


def _at_least(least: Number, name: str, read: Callable[[str], Number]) -> Callable[[str], Number]:
    def parse(text: str) -> Number:
        value = read(text)
        if value < least:
            raise ValueError(f"found {text}; allowed: at least as much as {name}")
        return value

    return parse
