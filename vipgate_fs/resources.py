"""Locate the files that ship with the package: JSON schemas, sounds, examples."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """The folder `name` (`examples`, `schemas`, `sounds`): inside an installed package, at the top of a checkout."""
    inside = _PACKAGE / name
    return (inside if inside.exists() else _PACKAGE.parent / name).resolve()
