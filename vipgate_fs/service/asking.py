"""Ask a slow step while the caller waits."""

from __future__ import annotations

from typing import Final

import gevent

from vipgate_fs.esl.channel import EslChannel
from vipgate_fs.esl.session import Session
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.step import Step
from vipgate_fs.gate.verdict import Verdict

RING_AFTER: Final = 0.3
"""Seconds of silence that callers do not notice; after that they hear ringing until the step has answered."""


class Asking:
    """Asks steps for a live call; see `vipgate_fs.gate.step.Ask`.

    A step that waits is asked in a greenlet of its own: a caller who hangs up meanwhile breaks it off, and so does who
    takes the call away.
    """

    def __init__(self, channel: EslChannel, session: Session) -> None:
        self._channel = channel
        self._session = session

    def __call__(self, step: Step, call: Call) -> Verdict | None:
        """The step's answer. Raises StepFailed, and SessionGone when the call leaves the gate."""
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
