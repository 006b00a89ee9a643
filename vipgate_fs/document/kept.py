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
from vipgate_fs.sentences import NOTHING, Sentence, say
from vipgate_fs.sentences.system import system_says

_LINE_BREAKS: Final = "\r\n"


def from_environment(name: str, _folder: Path, sources: Sources = MACHINE) -> tuple[str, list[Sentence]]:
    """The value of an environment variable, and remarks about it.

    Raises:
        ValueError: there is none, or it holds no text.
    """
    nothing = say("the environment has no variable {name}, or it is empty", name=name)
    return _text(os.fsencode(sources.variable(name)), name, nothing)


def from_file(name: str, folder: Path, sources: Sources = MACHINE) -> tuple[str, list[Sentence]]:
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
        hint = _NO_CREDENTIALS if is_elsewhere and not Path(name).is_absolute() else NOTHING
        raise ValueError(
            say("{path} can't be read: {why}{hint}", path=error.filename, why=system_says(error), hint=hint)
        ) from None
    text, remarks = _text(content, path, say("{path} is empty", path=path))
    if mode & stat.S_IROTH and not path.is_relative_to(_OF_CONTAINERS):
        remarks.append(say("everybody can read {path}; chmod o-r, and chgrp it to the service's group", path=path))
    return text, remarks


Reader = Callable[[str, Path, Sources], tuple[str, list[Sentence]]]
READERS: Final[Mapping[str, Reader]] = MappingProxyType({"env": from_environment, "file": from_file})
"""By the key that says where a secret is kept."""
WORDS: Final = MappingProxyType({"env": say("variable"), "file": say("file")})
"""What such a key stands for."""
_OF_CONTAINERS: Final = "/run/secrets"
"""Where containers have theirs, with whatever mode."""
_NO_CREDENTIALS: Final = say(" (systemd's credentials are only there for the service itself)")


def _text(content: bytes, path: object, nothing: Sentence) -> tuple[str, list[Sentence]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(say("{path} is no text in UTF-8", path=path)) from None
    left = text.rstrip(_LINE_BREAKS)
    if not left:
        raise ValueError(nothing)
    return left, [_ENDS_IN_A_LINE_BREAK] if left != text else []


_ENDS_IN_A_LINE_BREAK: Final = say("ends in a line break, which is not taken for a part of the secret")
