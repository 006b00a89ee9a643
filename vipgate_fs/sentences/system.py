"""What the operating system says, by its number: its texts are in whatever language the machine speaks."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vipgate_fs.sentences import Sentence, said, say

_KNOWN: Final[Mapping[int, Sentence]] = MappingProxyType(
    {
        errno.EPERM: say("Operation not permitted"),
        errno.ENOENT: say("No such file or directory"),
        errno.EIO: say("Input/output error"),
        errno.EACCES: say("Permission denied"),
        errno.EEXIST: say("File exists"),
        errno.ENOTDIR: say("Not a directory"),
        errno.EISDIR: say("Is a directory"),
        errno.EMFILE: say("Too many open files"),
        errno.EFBIG: say("File too large"),
        errno.ENOSPC: say("No space left on device"),
        errno.EROFS: say("Read-only file system"),
        errno.ENAMETOOLONG: say("File name too long"),
        errno.ELOOP: say("Too many levels of symbolic links"),
        errno.EADDRINUSE: say("Address already in use"),
        errno.EADDRNOTAVAIL: say("Cannot assign requested address"),
        errno.ECONNRESET: say("Connection reset by peer"),
        errno.ETIMEDOUT: say("Connection timed out"),
        errno.ECONNREFUSED: say("Connection refused"),
        errno.EHOSTUNREACH: say("No route to host"),
        errno.ENETUNREACH: say("Network is unreachable"),
        errno.EDQUOT: say("Disk quota exceeded"),
    }
)


def system_says(error: OSError) -> Sentence:
    """What went wrong, without the file: ours, if it was raised with a sentence, else the system's."""
    if isinstance(error.strerror, Sentence):
        return error.strerror
    known = _KNOWN.get(error.errno or 0)
    is_the_systems = error.strerror in (None, os.strerror(error.errno or 0))
    return known if known and is_the_systems else said(error.strerror or error)


def of_file(error: OSError, otherwise: object = "") -> Sentence:
    """The same with the file; `otherwise` where the system does not say which."""
    return say("{path}: {why}", path=error.filename or otherwise, why=system_says(error))
