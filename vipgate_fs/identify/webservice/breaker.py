"""Circuit breaker: stop asking a service that keeps being unavailable, and probe it later.

An answer in time that no verdict can be had of is no outage: whoever could bring one about for a call of their own
would else decide about everybody's calls.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from vipgate_fs.gate.step import StepFailed
from vipgate_fs.identify.webservice.streams import Unavailable
from vipgate_fs.sentences import say


class Breaker:
    """Counts outages in a row; after `failures` of them it skips the service for `pause` seconds.

    Then one question goes through as a probe: it ends the pause or begins another.

    Args:
        name: of the service, for the log; without secrets.
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
        """One question, in the block; Unavailable counts as an outage, any other StepFailed as an answer.

        Raises:
            Unavailable: instead of the block, while questions are skipped.
        """
        is_probe = self._is_open
        if is_probe:
            left = self._until - self._clock()
            if left > 0:
                raise Unavailable(
                    say(
                        "not asked after {failures} failures in a row; next try in {left:.0f} s",
                        failures=self._failures,
                        left=left,
                    )
                )
            self._until = self._clock() + self._pause  # nobody else meanwhile
        try:
            yield
        except Unavailable as outage:
            self._failed(outage)
            raise
        except StepFailed:
            self._answered()
            raise
        except BaseException:  # the caller hung up, which says nothing about the service
            if is_probe:
                self._until = 0.0
            raise
        self._answered()

    @property
    def _is_open(self) -> bool:
        return self._failures >= self._limit

    def _answered(self) -> None:
        if self._is_open:
            _log().warning("webservice answers again", url=self._name)
        self._failures = 0

    def _failed(self, outage: Unavailable) -> None:
        self._failures += 1
        self._until = self._clock() + self._pause
        if self._failures == self._limit:
            _log().warning(
                "webservice is skipped", url=self._name, why=str(outage), failures=self._limit, seconds=self._pause
            )


def _log() -> Any:
    """The process's log; of a command that has set up none, stderr: what it shows is on stdout."""
    if structlog.is_configured():
        return structlog.get_logger()
    return structlog.wrap_logger(structlog.PrintLogger(sys.stderr))
