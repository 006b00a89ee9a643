"""Root's commands work in the service's folder as the service's user, who can thus never abuse root's rights.

Whoever owns a folder decides what its names lead to, and may change that between any two system calls: to check a file
and then to write it protects nothing (CWE-59, CWE-367), and SQLite opens files by itself. So root gives up its rights
before it touches anything: what is then made belongs to the service's user, and links lead only where that user may go.
"""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path
from typing import Final

from vipgate_fs.sentences import say

ROOT: Final = 0
_MOST_LINKS: Final = 40
"""Symbolic links on the way to a file; as many as Linux follows (path_resolution(7))."""
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class OwnerUnknown(Exception):
    """Others can write into a folder of root's on the way to a file, whose owner they decide. The text says so."""


def act_as_owner(file: Path) -> None:
    """Go on with the rights of whoever owns a file, or its folder, for as long as this process lives.

    Does nothing where root is not at work, or where nobody but root can change what the path leads to. The real user id
    stays: the system's log names who did it.

    Raises:
        OwnerUnknown: see there.
    """
    if os.geteuid() != ROOT:
        return
    owner, group = find_owner(file)
    if owner == ROOT:
        return
    try:
        user = pwd.getpwuid(owner)
    except KeyError:  # a user without a name, as in a container, has no other groups
        os.setgroups([group])
    else:
        group = user.pw_gid
        os.initgroups(user.pw_name, group)
    os.setegid(group)
    os.seteuid(owner)


def find_owner(file: Path) -> tuple[int, int]:
    """The user and group ids of the first on the way to a file who is not root; root's when there is none.

    Raises:
        OwnerUnknown: a folder of root's on the way lets others write, and what follows is not there yet or could be
            replaced.
    """
    path, rest, links = Path("/"), list(file.absolute().parts[1:]), 0
    shared: Path | None = None
    while rest:
        entry, mode = path / rest.pop(0), path.lstat().st_mode
        try:
            status = entry.lstat()
        except OSError:  # what is not there yet is made by whoever owns the folder
            shared = path if mode & _OTHERS_WRITE else shared
            break
        if status.st_uid != ROOT:
            return status.st_uid, status.st_gid
        if mode & _OTHERS_WRITE and not mode & stat.S_ISVTX:  # they may put something else in its place
            shared = path
        if stat.S_ISLNK(status.st_mode) and links < _MOST_LINKS:
            links += 1
            target = entry.readlink()
            rest[:0] = target.parts[1:] if target.is_absolute() else target.parts
            path = Path("/") if target.is_absolute() else path
            continue
        path = path.parent if entry.name == ".." else entry
    if shared is not None:
        raise OwnerUnknown(
            say(
                "{folder} is root's, and others can write in it: run this as the user who runs the service "
                "(runuser -u USER -- vipgate …)",
                folder=shared,
            )
        )
    return ROOT, ROOT


def find_foreign(file: Path) -> str | None:
    """That root would write into a folder of somebody else's, who could make it write anywhere; None: it would not."""
    if os.geteuid() != 0:
        return None
    try:
        owner, _ = find_owner(file)
    except OwnerUnknown as error:
        return str(error)
    if not owner:
        return None
    return say(
        "{folder} belongs to user {user}: run the service as that user, not as root", folder=file.parent, user=owner
    )
