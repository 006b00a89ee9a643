"""Leaving somebody alone who fails again and again, and asking him again later."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from vipgate_fs.gate.gate import StepFailed


class Breaker:
    """Counts failures in a row; after `failures` of them it skips whoever fails for `pause` seconds.

    Then one question goes through as a probe: it ends the pause or begins another.

    Args:
        name: of the one who is asked, for the log; without secrets.
        failures: how many in a row, from 1.
        pause: seconds.
        clock: monotonic, in seconds.
    """

    def __init__(self, name: str, failures: int, pause: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._limit = failures
        self._pause = pause
        self._clock = clock
        self._failures = 0
        self._until = 0.0

    @contextmanager
    def question(self) -> Iterator[None]:
        """One question, in the block; its StepFailed counts as a failure.

        Raises:
            StepFailed: instead of the block, while questions are skipped.
        """
        is_probe = self._is_open
        if is_probe:
            left = self._until - self._clock()
            if left > 0:
                raise StepFailed(f"not asked after {self._failures} failures in a row; next try in {left:.0f} s")
            self._until = self._clock() + self._pause  # nobody else meanwhile
        try:
            yield
        except StepFailed as failure:
            self._failed(failure)
            raise
        except BaseException:  # the caller hung up, which tells nothing
            if is_probe:
                self._until = 0.0
            raise
        if self._is_open:
            _log().warning("webservice answers again", url=self._name)
        self._failures = 0

    @property
    def _is_open(self) -> bool:
        return self._failures >= self._limit

    def _failed(self, failure: StepFailed) -> None:
        self._failures += 1
        self._until = self._clock() + self._pause
        if self._failures == self._limit:
            _log().warning(
                "webservice is skipped", url=self._name, why=str(failure), failures=self._limit, seconds=self._pause
            )


def _log() -> Any:
    import structlog  # noqa: PLC0415 - `vipgate check` has no use for it

    return structlog.get_logger()
