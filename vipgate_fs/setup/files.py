"""A first configuration as files: nobody's work is overwritten, and only the service can read them."""

from __future__ import annotations

import grp
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from vipgate_fs.preview.expectations import SUFFIX
from vipgate_fs.resources import resource
from vipgate_fs.setup.making import Made

SERVICE: Final = "vipgate"
"""The group of the service, as docs/installation.md has it."""
_ETC: Final = Path("/etc/vipgate")


def path_of(named: Path | None) -> Path:
    """Where a first configuration goes: as named, by $VIPGATE_CONFIG, in /etc/vipgate if that is there, or here."""
    named = named or (Path(os.environ["VIPGATE_CONFIG"]) if os.environ.get("VIPGATE_CONFIG") else None)
    return named or (_ETC if _ETC.is_dir() else Path()) / "vipgate.yaml"


def beside(path: Path) -> Path:
    """The file of a configuration's expectations."""
    return path.with_name(path.stem + SUFFIX)


def taken(path: Path) -> Iterable[Path]:
    """Which of both files there is, and would be lost."""
    return (file for file in (path, beside(path)) if file.exists() and not _is_placeholder(file))


def write(path: Path, made: Made) -> None:
    """Both files, or none, readable by the service and nobody else. Raises OSError: one of them can't be written."""
    written: list[Path] = []
    new = path.with_name(path.name + ".new") if path.exists() else path
    try:
        for file, text in ((new, made.configuration), (beside(path), made.expectations)):
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
                written.append(file)
                opened.write(text)
            with suppress(KeyError, PermissionError):
                os.chown(file, -1, grp.getgrnam(SERVICE).gr_gid)
                file.chmod(0o640)
        new.replace(path)
    except OSError:
        for file in written:
            file.unlink(missing_ok=True)
        raise


def _is_placeholder(file: Path) -> bool:
    """It is what the Debian package installs, byte for byte: nobody's work."""
    return file.is_file() and file.read_bytes() == resource("deploy/placeholder.yaml").read_bytes()
