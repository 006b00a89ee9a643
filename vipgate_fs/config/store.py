"""`store`, `records`, and the `lockout` of a gate."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from os import O_NONBLOCK, O_RDONLY, W_OK, access, geteuid, stat
from os import open as open_descriptor
from os.path import dirname, exists, isdir
from pathlib import Path
from typing import Final, TypeVar

from vipgate_fs.config.model import Records, Store
from vipgate_fs.document.nodes import Scalar
from vipgate_fs.document.section import Section
from vipgate_fs.duration import duration
from vipgate_fs.gate.lockout import Lockout
from vipgate_fs.secret import Secret
from vipgate_fs.sentences import Sentence, say

Number = TypeVar("Number", int, float)

ETC: Final = Path("/etc")
STATE: Final = Path("/var/lib/vipgate")
"""Where services keep their state (Filesystem Hierarchy Standard, 5.8)."""
NONE: Final = "none"
_FILE: Final = "vipgate.db"
_KEY: Final = ".key"
_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = "postgresql+psycopg"
_MAGIC: Final = b"SQLite format 3\0"
"""What a database begins with (SQLite's "Database File Format", 1.3.1)."""
_OTHERS: Final = 0o006
"""Of a file's mode: all users may read it, or write."""


def read_store(section: Section) -> Store:
    """The store; by default a SQLite file in STATE if that folder exists, else beside the configuration.

    A SQLite file that this user can't write is a warning: the service may be another one.
    """
    secret = section.url("store")
    folder = STATE if isdir(STATE) or _is_installed(section.folder) else section.folder  # noqa: PTH112 - it may not look
    if secret is None:
        return _sqlite(folder / _FILE, section)
    written = secret.reveal()
    if written == NONE:
        return Store(None)
    if written.startswith(_SQLITE) and "?" not in written:
        return _sqlite(section.folder / written.removeprefix(_SQLITE), section, "store")
    if not _names_a_database(written, section):
        section.error(
            say("this is no URL of a store; allowed: sqlite:///FILE, postgresql+psycopg://USER@HOST/NAME, or none"),
            "store",
        )
        return Store(None)
    return Store(secret, (folder / _FILE).with_suffix(_KEY).absolute())


def _is_installed(folder: Path) -> bool:
    """Whether the configuration is the machine's: its service has its store in STATE, which it may be yet to make."""
    return folder.absolute().is_relative_to(ETC)


def _sqlite(file: Path, section: Section, key: str | None = None) -> Store:
    file = file.absolute()
    if isdir(file) or file.name == ".." or file.suffix == _KEY:  # noqa: PTH112 - as above
        section.error(
            say("this is no file for a store; allowed: sqlite:///FILE, and FILE does not end in {suffix}", suffix=_KEY),
            key,
        )
        return Store(None)
    if obstacle := find_obstacle(str(file)) or _find_other_content(str(file)) or find_open_to_others(str(file)):
        section.warn(obstacle, key)
    return Store(Secret(f"{_SQLITE}{file}"), file.with_suffix(_KEY))


def _names_a_database(written: str, section: Section) -> bool:
    from sqlalchemy import exc, make_url  # noqa: PLC0415 - `vipgate check` waits for it only when it is needed

    try:
        url = make_url(written)
    except (exc.ArgumentError, ValueError):
        return False
    if url.password is not None and isinstance(section.place("store"), Scalar):
        section.report.holds_secrets = True
    return url.drivername == _POSTGRESQL and bool(url.database) and url.port != 0


def find_obstacle(file: str) -> Sentence | None:
    """What keeps this user from having a SQLite store in a file, and what to do; None: nothing that can be seen."""
    folder = dirname(file)  # noqa: PTH120 - as above
    if not isdir(folder):  # noqa: PTH112
        if folder == str(STATE):
            return say(
                "there is no folder {folder} for the store; systemd makes it when the service first starts; "
                "or make it, for the user who runs the service",
                folder=folder,
            )
        return say(
            "there is no folder {folder} for the store; make it, for the user who runs the service", folder=folder
        )
    for path in (folder, file):
        if exists(path) and not access(path, W_OK):  # noqa: PTH110
            return say(
                "the store: user {user} can't write {path}; let the user who runs the service write it",
                user=geteuid(),
                path=path,
            )
    return None


def find_open_to_others(file: str) -> Sentence | None:
    """That any user of the machine can read or write the file, and what to do; None: none can, or there is none."""
    try:
        mode = stat(file).st_mode & 0o777  # noqa: PTH116 - as above
    except OSError:
        return None
    if not mode & _OTHERS:
        return None
    return say("{file} is open to all users (mode {mode:04o}); chmod o-rwx {file}", file=file, mode=mode)


def _find_other_content(file: str) -> Sentence | None:
    """That the file is something else. Not for a process with connections to it: see vipgate_fs.store.database."""
    patient = O_RDONLY | O_NONBLOCK  # a pipe in its place must not make us wait
    with suppress(OSError), open(open_descriptor(file, patient), "rb") as opened:  # noqa: PTH123 - of a descriptor
        if opened.read(len(_MAGIC)) not in (b"", _MAGIC):
            return say("{file} is no SQLite database; move it away, and the service makes another", file=file)
    return None


def read_records(section: Section) -> Records:
    """How call records are kept."""
    return Records(section.duration("retention"), section.flag("mask_numbers"))


def read_lockout(section: Section) -> Lockout:
    """A gate's limits: lockouts grow until one failed attempt is forgiven in each, or the total would not be bounded.

    What is not written is as long, or as much, as what goes before it demands.
    """
    failures = section.integer("failures")
    times = {key: section.duration(key) for key in ("duration", "forgive", "gate_forgive")}
    key = max(times, key=lambda each: times[each])
    return Lockout(
        failures=failures,
        **times,
        longest=_at_least(times[key], key, section, "longest", duration),
        gate_failures=_at_least(failures, "failures", section, "gate_failures", int),
        rejects=section.text("locked_callers") == "reject",
    )


def _at_least(least: Number, of: str, section: Section, key: str, read: Callable[[str], Number]) -> Number:
    def check(text: str) -> None:
        if read(text) < least:
            raise ValueError(
                say(
                    "found {text}; allowed: at least as much as {setting}, {value}",
                    text=text,
                    setting=of,
                    value=section.text(of),
                )
            )

    section.find(key, check)
    return max(section.read(key, read), least)
