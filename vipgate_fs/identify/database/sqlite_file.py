"""A SQLite file that belongs to somebody else, such as a CRM: it is read, and nothing is left behind.

Whoever opens a file in WAL mode (https://sqlite.org/wal.html), even to read only, makes `-wal` and `-shm` beside it if
they are not there, and a reader does not remove them. They would belong to our user, and the file's owner could not
write any more.
So such a file is opened in one of two ways:

- While its owner has it open, both are there: they are kept from vanishing until SQLite has opened them, so that it
  makes none.
- Else nobody writes: the file is read as one that can't change (`immutable`), without locks and helpers. Should its
  owner have opened it meanwhile, it is read again.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import struct
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import quote

_HEADER: Final = 100
_VERSIONS: Final = slice(18, 20)
_WAL: Final = b"\2\2"
"""The file format's write and read version in WAL mode (SQLite's "Database File Format", 1.3.3)."""
_SHARED: Final = 0x40000002, 510
"""The bytes that readers lock (os_unix.c, SHARED_FIRST): whoever closes the file last locks them all to remove -wal."""
_FLOCK: Final = "hhqqi4x"
_PAUSE: Final = 0.01

Snapshot = tuple[int, int, int, bytes]


class Reading(sqlite3.Connection):
    """A connection, and what the file was like if it is read as one that can't change."""

    snapshot: Snapshot | None = None


class SqliteFile:
    """A file, by its absolute path. Connections may be opened in many threads at once."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptors: deque[int] = deque()
        self._outlived: list[int] = []

    def open(self, patience: float) -> Reading:
        """A connection that can only read. It is closed by whoever opened it.

        Args:
            patience: seconds to wait for somebody who has locked the file.

        Raises:
            sqlite3.Error: there is no such file, or it can't be read.
        """
        try:
            descriptor = self._descriptor()
        except OSError:
            return self._connect("mode=ro", patience)  # raises with the reason
        try:
            with _held(descriptor, patience):
                return self._open(descriptor, patience)
        finally:
            self._descriptors.append(descriptor)

    def is_as_it_was(self, connection: Reading) -> bool:
        """Whether what a connection has read may be believed: nobody has changed a file that was taken for constant."""
        if connection.snapshot is None:
            return True
        try:
            descriptor = self._descriptor()
        except OSError:
            return False
        try:
            return not self._is_written_to() and _snapshot(descriptor) == connection.snapshot
        finally:
            self._descriptors.append(descriptor)

    def _open(self, descriptor: int, patience: float) -> Reading:
        if os.pread(descriptor, _HEADER, 0)[_VERSIONS] != _WAL:
            return self._connect("mode=ro", patience)
        if self._is_written_to():
            if not os.path.exists(f"{self._path}-shm"):  # noqa: PTH110 - as _size
                raise sqlite3.OperationalError("its -wal is there without -shm: its owner must open it first")
            connection = self._connect("mode=ro", patience)
            try:
                connection.execute("PRAGMA schema_version").fetchone()  # it has opened what is there, and holds locks
            except BaseException:
                connection.close()
                raise
            return connection
        snapshot = _snapshot(descriptor)
        connection = self._connect("mode=ro&immutable=1", patience)
        connection.snapshot = snapshot
        return connection

    def _is_written_to(self) -> bool:
        """Whether there is a -wal that somebody may be writing to, or that holds what the file does not have yet."""
        with suppress(OSError):
            return os.stat(f"{self._path}-wal").st_size > 0 or os.path.exists(f"{self._path}-shm")  # noqa: PTH110, PTH116
        return False

    def _connect(self, how: str, patience: float) -> Reading:
        return sqlite3.connect(
            f"file:{quote(self._path)}?{how}",
            uri=True,
            timeout=patience,
            check_same_thread=False,
            isolation_level=None,
            factory=Reading,
        )

    def _descriptor(self) -> int:
        """One that is open on the file as it is now.

        None is closed while the file exists: the kernel would take the locks of all of this process's connections to
        it along (fcntl(2)).
        """
        there = os.stat(self._path)  # noqa: PTH116 - a string as SQLite has it
        with suppress(IndexError):
            while True:
                descriptor = self._descriptors.pop()
                status = os.fstat(descriptor)
                if os.path.samestat(status, there):
                    return descriptor
                if status.st_nlink:
                    self._outlived.append(descriptor)
                else:
                    os.close(descriptor)
        return os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)


def _snapshot(descriptor: int) -> Snapshot:
    status = os.fstat(descriptor)
    return status.st_ino, status.st_size, status.st_mtime_ns, os.pread(descriptor, _HEADER, 0)


@contextmanager
def _held(descriptor: int, patience: float) -> Iterator[None]:
    """Be a reader of the file. Where the file system knows no such locks, go without."""
    until = time.monotonic() + patience
    while True:
        try:
            _lock(descriptor, fcntl.F_RDLCK)
        except BlockingIOError:
            if time.monotonic() > until:
                raise sqlite3.OperationalError("database is locked") from None
            time.sleep(_PAUSE)
        except OSError:
            yield
            return
        else:
            break
    try:
        yield
    finally:
        _lock(descriptor, fcntl.F_UNLCK)


def _lock(descriptor: int, kind: int) -> None:
    """A lock of the descriptor, not of the process: the process's own are SQLite's."""
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack(_FLOCK, kind, os.SEEK_SET, *_SHARED, 0))
