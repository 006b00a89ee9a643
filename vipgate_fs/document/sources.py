"""What a configuration reads besides itself: environment variables, files with secrets, and lists.

A service remembers what it has read (`Recorder`), so that it can say what it has applied (`Reading`): by now the files
may be others. Whoever compares loads the same text again from that, and reads nothing of this machine.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from vipgate_fs.sentences import say

LARGEST_SECRET: Final = 64 * 1024
"""Bytes of a file that holds a secret."""
SECRET, LIST, VARIABLE = "secret", "list", "variable"
"""What is read: what a setting names as `{file: NAME}`, as a list, and as `{env: NAME}`."""
_PASSED_ON: Final = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/", "/dev/null")
Bytes = Callable[[int, int], bytes]
"""Reads so many bytes from a place on, fewer only at the end."""
_LENGTH: Final = 8
"""Bytes in front of an encoded reading that say how long its index is."""


class Content(NamedTuple):
    """A file as it was read.

    Attributes:
        path: where it was.
        data: all of it.
        mode: as `os.stat` gives it.
    """

    path: Path
    data: bytes
    mode: int

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal; as secret as what is in the file."""
        return hashlib.sha256(self.data).hexdigest()


class Sources(Protocol):
    """Where a configuration reads what it names."""

    def variable(self, name: str) -> str:
        """An environment variable; "" when there is none."""

    def secret(self, name: str, folder: Path) -> Content:
        """A file with a secret.

        Args:
            name: an absolute path, the name of a credential (systemd.exec(5), LoadCredential=), or a path in `folder`.
            folder: where relative paths start.

        Raises:
            OSError: it can't be read, is no file, or has more than LARGEST_SECRET bytes.
        """

    def list(self, name: str, folder: Path) -> Content:
        """A list. Raises OSError: it can't be read, or is no file."""


class Machine:
    """The machine, as it is now."""

    def variable(self, name: str) -> str:
        """See `Sources`."""
        return os.environ.get(name, "")

    def secret(self, name: str, folder: Path) -> Content:
        """See `Sources`."""
        return read_file(self._place(name, folder), LARGEST_SECRET)

    def list(self, name: str, folder: Path) -> Content:
        """See `Sources`."""
        return read_file(folder / name)

    def _place(self, name: str, folder: Path) -> Path:
        credentials = os.environ.get("CREDENTIALS_DIRECTORY")
        if credentials is not None and os.path.lexists(credential := Path(credentials) / name):
            return credential
        return folder / name


def read_file(path: Path, largest: int | None = None) -> Content:
    """Read a regular file: whoever opens a named pipe or a device may wait for ever.

    What the shell passes on (`/dev/stdin`, `<(…)`) is read to its end, whatever it is.

    Raises:
        OSError: it can't be read, is no regular file, or has more than `largest` bytes.
    """
    is_passed_on = str(path).startswith(_PASSED_ON)
    waits_never = 0 if is_passed_on else os.O_NONBLOCK
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | waits_never)) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) and not is_passed_on:
            raise OSError(0, say("not a regular file"), str(path))
        if largest is not None and status.st_size > largest:
            raise OSError(0, say("larger than {most} KiB", most=largest // 1024), str(path))
        return Content(path, file.read() if largest is None else file.read(largest), status.st_mode)


MACHINE: Final = Machine()


class Named(NamedTuple):
    """What a configuration names, and how it was when it was read.

    Attributes:
        kind: SECRET, LIST or VARIABLE.
        name: as it is written there.
        path: of the file; of a variable "".
        mode: of the file.
        digest: see `Content`.
        length: bytes.
    """

    kind: str
    name: str
    path: str
    mode: int
    digest: str
    length: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A configuration with everything that it has read: all that it takes to load it again.

    Attributes:
        path: of the configuration, absolute.
        text: its content.
        found: what it names, by kind and name.
    """

    path: Path
    text: bytes = field(repr=False)
    found: Mapping[tuple[str, str], Content] = field(repr=False)

    def variable(self, name: str) -> str:
        """See `Sources`."""
        found = self.found.get((VARIABLE, name))
        return os.fsdecode(found.data) if found else ""

    def secret(self, name: str, _folder: Path) -> Content:
        """See `Sources`."""
        return self._read(SECRET, name)

    def list(self, name: str, _folder: Path) -> Content:
        """See `Sources`."""
        return self._read(LIST, name)

    def _read(self, kind: str, name: str) -> Content:
        if (kind, name) not in self.found:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        return self.found[kind, name]

    def encode(self) -> Iterable[bytes]:
        """Piece by piece, first an index that says what is in the others."""
        named = [
            Named(kind, name, str(one.path.absolute()), one.mode, one.digest, len(one.data))
            for (kind, name), one in self.found.items()
        ]
        index = json.dumps({"path": str(self.path), "length": len(self.text), "named": named}).encode()
        return (len(index).to_bytes(_LENGTH), index, self.text, *(one.data for one in self.found.values()))


class Index(NamedTuple):
    """What an encoded reading begins with.

    Attributes:
        path: of the configuration.
        length: of its text, in bytes.
        named: what else follows, in this order.
        start: of the text, in bytes from the beginning.
    """

    path: Path
    length: int
    named: tuple[Named, ...]
    start: int


def decode_index(read: Bytes) -> Index:
    """The index of an encoded reading. Raises ValueError: it is none, or of another version."""
    length = int.from_bytes(read(_LENGTH, 0))
    try:
        index = json.loads(read(length, _LENGTH))
        named = tuple(Named(*one) for one in index["named"])
        return Index(Path(index["path"]), index["length"], named, _LENGTH + length)
    except (KeyError, TypeError, OverflowError, OSError, MemoryError) as error:
        raise ValueError(str(error)) from None


def decode(read: Bytes) -> Reading:
    """An encoded reading. Raises ValueError: see `decode_index`."""
    index = decode_index(read)
    place = index.start + index.length
    found: dict[tuple[str, str], Content] = {}
    for one in index.named:
        found[one.kind, one.name] = Content(Path(one.path), read(one.length, place), one.mode)
        place += one.length
    return Reading(index.path, read(index.length, index.start), found)


class Recorder(Machine):
    """The machine, and a memory of what was read."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Content] = {}

    def variable(self, name: str) -> str:
        """See `Sources`."""
        value = super().variable(name)
        self._found[VARIABLE, name] = Content(Path(), os.fsencode(value), 0)
        return value

    def secret(self, name: str, folder: Path) -> Content:
        """See `Sources`."""
        self._found[SECRET, name] = found = super().secret(name, folder)
        return found

    def list(self, name: str, folder: Path) -> Content:
        """See `Sources`."""
        self._found[LIST, name] = found = super().list(name, folder)
        return found

    def reading(self, path: Path, text: bytes) -> Reading:
        """All that was read, and the configuration that named it."""
        return Reading(path, text, dict(self._found))


class AsTheService(Machine):
    """The machine as a service sees it: with its environment, and its credentials.

    Args:
        applied: what the service has read.
    """

    def __init__(self, applied: Reading) -> None:
        self._applied = applied

    def variable(self, name: str) -> str:
        """See `Sources`. A service keeps the environment that it was started with."""
        return self._applied.variable(name) or super().variable(name)

    def _place(self, name: str, folder: Path) -> Path:
        found = self._applied.found.get((SECRET, name))
        return found.path if found else super()._place(name, folder)
