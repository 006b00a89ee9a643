"""Ask a slow step while the caller waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import gevent

from vipgate_fs.esl.channel import EslChannel
from vipgate_fs.esl.session import Session
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.step import NotAsked, Step, StepFailed
from vipgate_fs.gate.verdict import Verdict
from vipgate_fs.service.course import Trace

RING_AFTER: Final = 0.3
"""Seconds of silence that callers do not notice; after that they hear ringing until the step has answered."""


Labels = tuple[str, str]
"""What figures and traces call a step: its gate, and its own name."""
Observe = Callable[[Step, Labels, float, StepFailed | None], None]


def _ignore(step: Step, labels: Labels, seconds: float, failure: StepFailed | None) -> None:
    """Nobody wants to know."""


class Asking:
    """Asks steps for a live call; see `vipgate_fs.gate.step.Ask`.

    A step that waits is asked in a greenlet of its own: a caller who hangs up meanwhile breaks it off, and so does who
    takes the call away.

    Args:
        channel, session: of the call.
        labels: of the steps, by their `id`.
        observe: hears of each step that answered or failed: the step, after how many seconds, why it failed.
        trace: of the call; None: there is none.
    """

    def __init__(
        self,
        channel: EslChannel,
        session: Session,
        labels: Mapping[int, Labels] = MappingProxyType({}),
        observe: Observe = _ignore,
        trace: Trace | None = None,
    ) -> None:
        self._channel, self._session = channel, session
        self._labels, self._observe, self._trace = labels, observe, trace

    def __call__(self, step: Step, call: Call) -> Verdict | None:
        """The step's answer. Raises StepFailed, and SessionGone when the call leaves the gate."""
        labels = self._labels.get(id(step), ("", step.kind))
        if self._trace is not None:
            return self._traced(self._trace, step, labels, call)
        return self._observed(step, labels, call)

    def _traced(self, trace: Trace, step: Step, labels: Labels, call: Call) -> Verdict | None:
        call = replace(call, traceparent=trace.begin_step(*labels))
        why = "broken off"
        try:
            verdict = self._observed(step, labels, call)
            why = ""
        except NotAsked:
            why = "not asked"
            raise
        except StepFailed:
            why = "failed"
            raise
        finally:
            trace.end_step(why)
        return verdict

    def _observed(self, step: Step, labels: Labels, call: Call) -> Verdict | None:
        began = time.monotonic()
        try:
            verdict = self._ask(step, call)
        except NotAsked:
            raise
        except StepFailed as failure:
            self._observe(step, labels, time.monotonic() - began, failure)
            raise
        self._observe(step, labels, time.monotonic() - began, None)
        return verdict

    def _ask(self, step: Step, call: Call) -> Verdict | None:
        if not step.waits:
            return step.identify(call)
        asked = gevent.spawn(_answer, step, call)
        try:
            self._channel.watch()
            asked.join(RING_AFTER)
            if not asked.ready():
                self._channel.ring()
                self._wait(asked)
            answer = asked.value
        finally:
            asked.kill()
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    def _wait(self, asked: gevent.Greenlet) -> None:
        watching = gevent.spawn(self._session.end)
        try:
            gevent.wait([asked, watching], count=1)
            if not asked.ready():
                raise watching.value
        finally:
            watching.kill()


def _answer(step: Step, call: Call) -> Verdict | Exception | None:
    """The answer, or what the step raised: a greenlet that dies of an exception prints it."""
    try:
        return step.identify(call)
    except Exception as error:  # noqa: BLE001 - it is raised again where it is waited for
        return error
