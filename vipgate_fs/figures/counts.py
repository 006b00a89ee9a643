"""What a process counts: plain numbers under plain keys, because every call passes here.

A key is what is counted, followed by its labels; `vipgate_fs.figures.families` lists them. Workers send what has been
added since the last time, and the supervisor adds it up: so no count falls when a worker ends, however it ends.

Labels come from the configuration or from lists in the code. No number, no name and no id of a call is one.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

Key = tuple[str, ...]

BUCKETS: Final = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds: the upper bounds of a step's durations. Below the first are all steps that ask nobody."""
_BOUNDS: Final = (*map(str, BUCKETS), "+Inf")
_UPSTREAM: Final = "upstream"
_AT_ONCE: Final = 8
"""Rows of a message: one has at most 230 bytes, and a message 2048 (`vipgate_fs.service.children`)."""

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""One for all: `json.dumps` would make one each time, which takes as long as all the rest."""


class Counts:
    """Numbers that only grow, and states that change.

    Attributes:
        sums: how many, or how many seconds, by key.
        states: whether something is in order, by key: 1 or 0.
    """

    def __init__(self) -> None:
        self.sums: dict[Key, float] = {}
        self.states: dict[Key, int] = {}

    def call(self, gate: str, verdict: str, outcome: str) -> None:
        """A call has ended; `gate` is "" when it met none."""
        self._add(("calls", gate, verdict, outcome))

    def attempt(self, gate: str, result: str) -> None:
        """A caller has been heard out for a PIN."""
        self._add(("attempts", gate, result))

    def error(self, kind: str) -> None:
        """Something went wrong on a connection."""
        self._add(("errors", kind))

    def step(self, gate: str, step: str, seconds: float) -> None:
        """A step has been asked, and has said something within so many seconds."""
        self._add(("step_bucket", gate, step, _BOUNDS[bisect_left(BUCKETS, seconds)]))
        self._add(("step_seconds", gate, step), seconds)

    def step_failed(self, gate: str, step: str) -> None:
        """A step has failed."""
        self._add(("step_failures", gate, step))

    def upstream(self, gate: str, step: str, *, is_up: bool) -> None:
        """Whether what a step asks has answered."""
        self.states[_UPSTREAM, gate, step] = int(is_up)

    def _add(self, key: Key, by: float = 1) -> None:
        self.sums[key] = self.sums.get(key, 0) + by

    def take(self) -> Iterator[bytes]:
        """All of it, as messages; from now on it is counted from zero."""
        if not self.sums and not self.states:
            return
        rows = list(self.rows())
        self.sums, self.states = {}, {}
        for start in range(0, len(rows), _AT_ONCE):
            yield _encode(rows[start : start + _AT_ONCE]).encode()

    def rows(self) -> Iterator[list[str | float]]:
        """All of it: the words of each key, and its value."""
        for numbers in (self.sums, self.states):
            for key, value in numbers.items():
                yield [*key, value]

    def merge(self, message: bytes, *, is_latest: bool) -> None:
        """Add what another process has counted.

        Args:
            message: see `take`.
            is_latest: whether its states are; not those of a worker that ends under an old configuration.
        """
        for row in json.loads(message):
            value = row.pop()
            key = tuple(row)
            if key[0] == _UPSTREAM:
                if is_latest:
                    self.states[key] = value
            else:
                self._add(key, value)
