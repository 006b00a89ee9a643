"""Calls that meet no gate: counted, and warned about now and then.

A gate that protects nothing looks like one that has nothing to do. Often FreeSWITCH has another destination number than
the one that was dialled, such as the account name of a trunk that registers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

AGAIN_AFTER: Final = 3600.0
"""Seconds until the same number is warned about again."""
MOST_NUMBERS: Final = 5000
"""Numbers that are remembered. When somebody dials more of them at random, calls to the others are only counted."""


class Unmet:
    """Counts calls that meet no gate, and warns about the numbers that were called.

    Args:
        warn: gets a number and a hint, at most once in AGAIN_AFTER a number.
        clock: seconds.

    Attributes:
        count: such calls so far.
    """

    def __init__(self, warn: Callable[[str, str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.count = 0
        self._warn = warn
        self._clock = clock
        self._warned: dict[str, float] = {}

    def note(self, called: str, hint: str = "") -> None:
        """Count a call, and warn about the number if that is due."""
        self.count += 1
        self.warn(called, hint)

    def warn(self, called: str, hint: str = "") -> None:
        """Warn about a number if that is due."""
        now = self._clock()
        while self._warned and next(iter(self._warned.values())) <= now - AGAIN_AFTER:
            del self._warned[next(iter(self._warned))]
        if called not in self._warned and len(self._warned) < MOST_NUMBERS:
            self._warned[called] = now
            self._warn(called, hint)
