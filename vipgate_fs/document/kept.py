"""Secrets kept outside the configuration: in the environment, or in a file."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from vipgate_fs.document.sources import MACHINE, Sources

_LINE_BREAKS: Final = "\r\n"


def from_environment(name: str, _folder: Path, sources: Sources = MACHINE) -> tuple[str, list[str]]:
    """The value of an environment variable, and remarks about it.

    Raises:
        ValueError: there is none, or it is empty.
    """
    text, remarks = _without_line_break(sources.variable(name))
    if not text:
        raise ValueError(f"the environment has no variable {name}, or it is empty")
    return text, remarks


def from_file(name: str, folder: Path, sources: Sources = MACHINE) -> tuple[str, list[str]]:
    """The contents of a file, and remarks about it.

    Args:
        name: see `Sources.secret`.
        folder: where relative paths start.
        sources: where it is read.

    Raises:
        ValueError: it can't be read, or holds no text.
    """
    try:
        path, content, mode = sources.secret(name, folder)
    except OSError as error:
        is_elsewhere = error.errno == errno.ENOENT and "CREDENTIALS_DIRECTORY" not in os.environ
        hint = _NO_CREDENTIALS if is_elsewhere and not Path(name).is_absolute() else ""
        raise ValueError(f"{error.filename} can't be read: {error.strerror}{hint}") from None
    try:
        text, remarks = _without_line_break(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text in UTF-8") from None
    if not text:
        raise ValueError(f"{path} is empty")
    if mode & stat.S_IROTH and not path.is_relative_to(_OF_CONTAINERS):
        remarks.append(f"everybody can read {path}; chmod o-r, and chgrp it to the service's group")
    return text, remarks


Reader = Callable[[str, Path, Sources], tuple[str, list[str]]]
READERS: Final[Mapping[str, Reader]] = MappingProxyType({"env": from_environment, "file": from_file})
"""By the key that says where a secret is kept."""
WORDS: Final = MappingProxyType({"env": "variable", "file": "file"})
"""What such a key stands for."""
_OF_CONTAINERS: Final = "/run/secrets"
"""Where containers have theirs, with whatever mode."""
_NO_CREDENTIALS: Final = " (systemd's credentials are only there for the service itself)"


def _without_line_break(text: str) -> tuple[str, list[str]]:
    left = text.rstrip(_LINE_BREAKS)
    return left, [_ENDS_IN_A_LINE_BREAK] if left != text else []


_ENDS_IN_A_LINE_BREAK: Final = "ends in a line break, which is not taken for a part of the secret"
