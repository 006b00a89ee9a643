"""Passwords, tokens and keys: written in the file, or taken from the environment; shown nowhere."""

from __future__ import annotations

import os
from functools import reduce
from typing import TYPE_CHECKING, Any, Never

if TYPE_CHECKING:
    from vipgate_fs.identify import Settings


class Secret:
    """A text that neither repr, str nor pickle shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text, for the one place that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> Never:
        raise TypeError("a secret is not written anywhere")


def read_secret(settings: Settings, *path: str | int) -> Secret | None:
    """What stands at `path`: a text (or an integer), or `{env: NAME}` for a variable of the environment.

    None when nothing stands there, or when the variable is missing or empty, which is a finding. That a secret is
    written in the file is noted.
    """
    if isinstance(_at(settings, path), str | int):
        settings.note_secret()
    return read_url(settings, *path)


def read_url(settings: Settings, *path: str | int) -> Secret | None:
    """The same for a URL, which is only a secret when it has a password in it: whoever finds one notes that."""
    value = _at(settings, path)
    if isinstance(value, str | int):
        return Secret(str(value))
    if not value:
        return None
    name = value["env"]
    text = os.environ.get(name)
    if not text:
        settings.error(f"the environment has no variable {name}, or it is empty", *path, "env")
        return None
    return Secret(text)


def _at(settings: Settings, path: tuple[str | int, ...]) -> Any:
    return reduce(_within, path, settings.values)


def _within(node: Any, key: str | int) -> Any:
    return node[key] if isinstance(key, int) else node.get(key, {})
