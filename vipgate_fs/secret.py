"""Passwords, tokens and keys, which are never shown."""

from __future__ import annotations

from typing import Never


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
