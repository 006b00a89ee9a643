"""Writing a file whole or not at all, and only if nobody else has changed it."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

_ID: Final = 8
"""Bytes."""
_LEFT_BEHIND: Final = 60.0
"""Seconds, after which nobody writes any more what is not in its place yet."""


class ChangedMeanwhile(Exception):
    """The file is not what it was when the change was begun.

    Attributes:
        content: what it is now.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.content = content


def digest(content: bytes) -> str:
    """What tells one version from another: SHA-256, in hexadecimal. As secret as the PINs in it."""
    return hashlib.sha256(content).hexdigest()


def save(path: Path, content: bytes, before: str) -> None:
    """Put a content in the place of a file's, which still has to be the one of that digest; "": it is not there yet.

    A file of its own is written beside it, with the same owner and mode, brought to the disk and renamed: whenever the
    machine stops, there is the old file or the new one, and it is whole. A symbolic link stays one.

    Raises:
        ChangedMeanwhile: see there; nothing was written.
        OSError: it can't be written, and is as it was.
    """
    path = Path(os.path.realpath(path))
    expect(path, before)
    status = path.stat() if before else None
    draft = path.with_name(f".{path.name}.{secrets.token_hex(_ID)}")
    _sweep(path)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if status is not None:
                if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(descriptor, status.st_uid, status.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        expect(path, before)
        draft.rename(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _sweep(path: Path) -> None:
    """Remove what a save has left behind that was killed: it holds PINs, as the file does."""
    for each in path.parent.glob(f".{path.name}.{'[0-9a-f]' * 2 * _ID}"):
        with suppress(OSError):
            if each.stat().st_mtime < time.time() - _LEFT_BEHIND:
                each.unlink()


def expect(path: Path, before: str) -> None:
    """Raise ChangedMeanwhile unless a file is still the one of that digest, or, for "", still not there."""
    if not before and not os.path.lexists(path):
        return
    if not before or digest(path.read_bytes()) != before:
        raise ChangedMeanwhile(path.read_bytes())


def obstacle(path: Path) -> str | None:
    """What keeps this user from saving a file, as a path that can't be written; None: nothing that can be seen."""
    path = Path(os.path.realpath(path))
    return next((str(each) for each in (path, path.parent) if not os.access(each, os.W_OK)), None)
