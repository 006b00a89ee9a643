"""A configuration as it was at a revision of git, with the lists that it names."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import Final

from vipgate_fs.document.sources import Content, Machine
from vipgate_fs.sentences import said, say

_SECONDS: Final = 60
_MODE: Final = stat.S_IFREG | 0o600
_OF_A_HOOK: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
"""What git tells a hook of the repository that it runs for, relative to a folder that may be another."""


class NoRevision(Exception):
    """Git can't say what the file was. The text says why."""


class Revision(Machine):
    """The machine, but with files as they were: those that git does not have at the revision are read as they are now.

    Args:
        path: of the configuration.
        revision: what git calls it, such as HEAD.
    """

    def __init__(self, path: Path, revision: str) -> None:
        self._folder = path.resolve().parent
        self._revision = revision
        self.text = self._shown(path.resolve())

    def secret(self, name: str, folder: Path) -> Content:
        """See `vipgate_fs.document.sources.Sources`."""
        return self._then(self._place(name, folder)) or super().secret(name, folder)

    def list(self, name: str, folder: Path) -> Content:
        """See `vipgate_fs.document.sources.Sources`."""
        return self._then(folder / name) or super().list(name, folder)

    def _then(self, path: Path) -> Content | None:
        try:
            return Content(path, self._shown(path.resolve()), _MODE)
        except NoRevision:
            return None

    def _shown(self, path: Path) -> bytes:
        """A file as it would be checked out, line ends and filters included."""
        name = os.path.relpath(path, self._folder)
        git = ["git", "cat-file", "--filters", f"{self._revision}:./{name}"]
        ours = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
        if self._revision.startswith("-"):
            raise NoRevision(say("{revision} is no revision of git", revision=self._revision))
        try:
            shown = subprocess.run(  # noqa: S603 - git of the user's PATH
                git, check=False, capture_output=True, timeout=_SECONDS, cwd=self._folder, env=ours
            )
        except FileNotFoundError:
            raise NoRevision(say("--since needs git")) from None
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise NoRevision(said(error)) from None
        if shown.returncode:
            raise NoRevision(said(shown.stderr.decode(errors="replace").strip()))
        return shown.stdout
