"""Whether others on this machine can access a file: those who should not, and those who must."""

from __future__ import annotations

import os
import stat
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

from vipgate_fs.sentences import Sentence, say

_ROOT: Final = 0


def exposure(path: Path, mode: int, *, holds_secrets: bool) -> Sentence | None:
    """What others can do with a file but should not, and the remedy, which are its parts; None: nothing.

    Args:
        path: of the file.
        mode: as `os.stat` gives it.
        holds_secrets: whether nobody else may read it.
    """
    if not stat.S_ISREG(mode):  # such as /dev/stdin and /dev/null: nobody is to change their mode
        return None
    if mode & stat.S_IWOTH:
        return _with_remedy(say("everybody on this machine can change it"), path)
    if mode & stat.S_IROTH and holds_secrets:
        return _with_remedy(say("everybody on this machine can read the PINs, passwords or keys in it"), path)
    return None


def _with_remedy(what: Sentence, path: Path) -> Sentence:
    return say("{what}; {remedy}", what=what, remedy=f"chmod o= {path}")


def may_read(path: Path, user: int, groups: AbstractSet[int]) -> bool:
    """Whether a user may read a file, and enter each folder above it, by their modes. Raises OSError."""
    wanted = [(path, stat.S_IROTH), *((folder, stat.S_IXOTH) for folder in path.absolute().parents)]
    return user == _ROOT or all(_may(each.stat(), bit, user, groups) for each, bit in wanted)


def _may(status: os.stat_result, bit: int, user: int, groups: AbstractSet[int]) -> bool:
    """Whether somebody has a right that is given as others have it."""
    shift = 6 if status.st_uid == user else 3 if status.st_gid in groups else 0
    return bool(status.st_mode >> shift & bit)
