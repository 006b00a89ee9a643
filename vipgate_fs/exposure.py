"""Whether others on this machine, besides owner and group, can access a file."""

from __future__ import annotations

import stat
from pathlib import Path


def exposure(path: Path, mode: int, *, holds_secrets: bool) -> str | None:
    """What others can do with a file but should not, and the remedy; None: nothing.

    Args:
        path: of the file.
        mode: as `os.stat` gives it.
        holds_secrets: whether nobody else may read it.
    """
    if not stat.S_ISREG(mode):  # such as /dev/stdin and /dev/null: nobody is to change their mode
        return None
    if mode & stat.S_IWOTH:
        return f"everybody on this machine can change it; chmod o= {path}"
    if mode & stat.S_IROTH and holds_secrets:
        return f"everybody on this machine can read the PINs, passwords or keys in it; chmod o= {path}"
    return None
