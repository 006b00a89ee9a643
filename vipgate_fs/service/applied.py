"""What a service has applied, in memory that it can hand to another process (memfd_create(2)).

It is written once, by the process that reads the configuration, and sealed. The supervisor keeps the descriptor and
hands it on as it is: however long the lists are, nothing of them goes through its hands, and a core dump has nothing
of it.
"""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import suppress
from functools import partial
from typing import Final

from vipgate_fs.document.sources import LIST, SECRET, Reading, decode, decode_index

LARGEST: Final = 1 << 30
"""Bytes that are read from somebody else's descriptor."""
_SEALS: Final = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


def seal(reading: Reading) -> int:
    """A descriptor of it. Raises OSError: the system has none, or no memory."""
    descriptor = os.memfd_create("vipgate-applied", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        for piece in reading.encode():
            left = memoryview(piece)
            while left:
                left = left[os.write(descriptor, left) :]
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def unseal(descriptor: int) -> Reading:
    """What a service has handed over. Raises ValueError: it is nothing of the kind, or of another version."""
    with suppress(OSError):
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST:
            return decode(partial(os.pread, descriptor))
    raise ValueError("not what a service hands over")


class Applied:
    """The supervisor's end of it.

    Args:
        descriptor: of what was read; None: there is none.

    Attributes:
        files: that it names, each with its digest, as sha256sum(1) prints them; as secret as what is in them.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = descriptor
        named = () if descriptor is None else decode_index(partial(os.pread, descriptor)).named
        self.files = tuple(f"{one.digest}  {one.path}" for one in named if one.kind in (LIST, SECRET))

    def handed(self) -> tuple[int, ...]:
        """The descriptor once more, for whoever closes it; none when there is none."""
        return () if self._descriptor is None else (os.dup(self._descriptor),)

    def close(self) -> None:
        """Close it here."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
