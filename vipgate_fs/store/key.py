"""The secret file beside the store. Who has the store alone can't find guest PINs by trying all digits."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from vipgate_fs.document.sources import LARGEST_SECRET, read_file
from vipgate_fs.sentences import say
from vipgate_fs.sentences.system import of_file

_BYTES: Final = 32


class KeyUnusable(Exception):
    """There is no key, or it is none to be used. The text says why, and what to do."""


class NoKey(KeyUnusable):
    """There is none."""


def read_key(path: Path) -> bytes:
    """The key in a file that nobody but its owner may read.

    Raises:
        NoKey: it is not there.
        KeyUnusable: it can't be read, is not private, or is something else.
    """
    try:
        _, text, mode = read_file(path, LARGEST_SECRET)
    except FileNotFoundError:
        raise NoKey(
            say("there is no {path}; copy it from the machine on which guest PINs are issued", path=path)
        ) from None
    except OSError as error:
        raise KeyUnusable(of_file(error, path)) from None
    mode = stat.S_IMODE(mode)
    if mode & 0o077:
        raise KeyUnusable(say("{path} may be read by others (mode {mode:04o}); chmod 600 {path}", path=path, mode=mode))
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != _BYTES:
        raise KeyUnusable(
            say("{path} holds no key of VIPgate: {digits} hexadecimal digits", path=path, digits=2 * _BYTES)
        )
    return key


class KeyFile:
    """The key as the service uses it: read again only when the file is another one, or may be read by others now.

    Attributes:
        missed: the gate and the reason of the last time that somebody could not do without it; None: it is there.
    """

    def __init__(self, path: Path) -> None:
        self.missed: tuple[str, str] | None = None
        self._path = path
        self._key = b""
        self._state: tuple[int, ...] = ()

    def read(self) -> bytes:
        """See `read_key`."""
        try:
            status = self._path.stat()
        except OSError:
            self._state = ()
        else:
            state = (
                status.st_dev,
                status.st_ino,
                status.st_mode,
                status.st_size,
                status.st_mtime_ns,
                status.st_ctime_ns,
            )
            if state == self._state:
                return self._key
            self._state = state
        try:
            self._key = read_key(self._path)
        except KeyUnusable:
            self._state = ()
            raise
        self.missed = None
        return self._key

    def miss(self, gate: str, error: KeyUnusable) -> None:
        """Remember that a guest PIN of a gate can't be checked without it."""
        self.missed = gate, str(error)


def make_key(path: Path) -> bytes:
    """The key in a file, which is made if it is not there. Raises KeyUnusable: see `read_key`."""
    with suppress(NoKey):
        return read_key(path)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(secrets.token_hex(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # two who make it at once have one key
            path.hardlink_to(draft)
    except OSError as error:
        raise KeyUnusable(of_file(error, path)) from None
    finally:
        draft.unlink(missing_ok=True)
    return read_key(path)
