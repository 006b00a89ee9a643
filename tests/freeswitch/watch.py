"""What callers have keyed in during the whole session, and whether it stands anywhere."""

from __future__ import annotations

import re

_ENTRY = re.compile(r"[\d*]{9,}")
"""What is looked for. Shorter ones cannot be told from numbers that mean something else."""
_OTHERS = re.compile(r"\b(?:asserts|refer):\S+")
"""Numbers, which nobody keys in."""
_STAMP = re.compile(r"\d{16}")
"""A time in microseconds: any digits may stand in it."""


class Watch:
    """Remembers entries and finds them.

    Attributes:
        events: names of all events of the switch.
        telling: (name, application) of the events that hold an entry.
    """

    def __init__(self) -> None:
        self._entries: frozenset[str] = frozenset()
        self.events: set[str] = set()
        self.telling: set[tuple[str, str]] = set()

    def keyed_in(self, text: str) -> None:
        """Remember the entries in a text, before the call."""
        self._entries |= frozenset(_ENTRY.findall(_OTHERS.sub("", text)))

    def lines(self, text: str) -> list[str]:
        """The lines that hold an entry, with *** in its place."""
        guilty = (line for line in text.splitlines() if self._tells(line))
        return [re.sub("|".join(map(re.escape, self._entries)), "***", line) for line in guilty]

    def event(self, text: str) -> None:
        """Look at an event of the switch."""
        values = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
        self.events.add(values["Event-Name"])
        if self._tells(text):
            self.telling.add((values["Event-Name"], values.get("Application", "")))

    def _tells(self, text: str) -> bool:
        text = _STAMP.sub("", text)
        return any(entry in text for entry in self._entries)
