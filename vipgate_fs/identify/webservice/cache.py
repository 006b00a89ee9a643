"""What is remembered of a webservice's verdicts."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from vipgate_fs.gate.verdict import AskForPin, Verdict
from vipgate_fs.identify.webservice.exchange import Request

MOST_CACHED: Final = 1024
"""Verdicts that a step remembers."""


class Cache:
    """Verdicts of the last `seconds`, by the request that they answer. A PIN is never kept, nor "don't know"."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._verdicts: OrderedDict[Request, tuple[float, Verdict]] = OrderedDict()

    def get(self, request: Request) -> Verdict | None:
        """The verdict, if it is known and fresh."""
        until, verdict = self._verdicts.get(request, (0.0, None))
        return verdict if until > self._clock() else None

    def put(self, request: Request, verdict: Verdict | None) -> None:
        """Keep a verdict, in the place of the oldest when there are MOST_CACHED."""
        if verdict is None or isinstance(verdict, AskForPin) or self._seconds == 0:
            return
        self._verdicts.pop(request, None)
        self._verdicts[request] = (self._clock() + self._seconds, verdict)
        while len(self._verdicts) > MOST_CACHED:
            self._verdicts.popitem(last=False)
