"""A call that the switch makes to itself: through the trunk's context to the gate, reported step by step, and hung up.

It runs on a loopback channel with `max_forwards=1`: the switch then refuses to make any further channel for it
(switch_core_session.c, switch_core_session_outgoing_channel), so that a bridge rings nobody's telephone; transfers are
counted apart (switch_ivr.c, switch_ivr_session_transfer). It is hung up
as soon as it has passed the gate, which is before a queue or a mailbox could matter.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from vipgate_fs.doctor.finding import Severity
from vipgate_fs.doctor.way import is_preparation, shown
from vipgate_fs.esl.inbound import Inbound, Unreachable, expect_callable
from vipgate_fs.sentences import say

LONGEST: Final = 25.0
"""Seconds that a call is watched for: longer than a dialplan waits for a gate (10), and most webservices."""
_MARK: Final = "vipgate_doctor"
_EVENTS: Final = "CHANNEL_EXECUTE CHANNEL_ANSWER CHANNEL_HANGUP_COMPLETE"
_ASKS: Final = "play_and_get_digits"
_REJECTS: Final = frozenset(("hangup", "respond"))


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened.

    Attributes:
        seconds: since the call began.
        text: what.
    """

    seconds: float
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the call went.

    Attributes:
        severity: OK when a gate decided, whatever it decided.
        text: in a sentence.
    """

    severity: Severity
    text: str


@dataclass(frozen=True, slots=True)
class Request:
    """The call to make.

    Attributes:
        number, caller: dialable.
        context: that the trunk's calls begin in.
        passed: contexts in which those calls go on that a gate lets through.
        longest: seconds that it is watched for.

    Raises:
        ValueError: a number that can't be dialled, or a context that is none.
    """

    number: str
    caller: str
    context: str
    passed: frozenset[str]
    longest: float = LONGEST

    def __post_init__(self) -> None:
        expect_callable(self.context, self.number, self.caller)


class Story:
    """Makes steps, and an outcome, of the events of one call.

    Args:
        passed: contexts in which those calls go on that a gate lets through.
    """

    def __init__(self, passed: Collection[str]) -> None:
        self._passed = passed
        self._is_asked = False
        self._context = ""
        self.outcome: Outcome | None = None

    def describe(self, event: Mapping[str, str]) -> str | None:
        """What an event says, in words; None: nothing worth a line."""
        name = event.get("Event-Name")
        if name == "CHANNEL_ANSWER":
            return say("answered")
        if name == "CHANNEL_HANGUP_COMPLETE":
            cause = event.get("Hangup-Cause", "?")
            if self.outcome is None:
                self.outcome = self._ended(cause)
            return say("hung up: {cause}", cause=cause)
        if name != "CHANNEL_EXECUTE":
            return None
        application, data = event.get("Application", ""), event.get("Application-Data", "")
        context = event.get("Caller-Context", "")
        entered = f"{context}: " if context != self._context else ""
        self._context = context
        self._judge(application, data, context)
        if is_preparation(application) and not entered and application not in ("answer", _ASKS):
            return None
        return f"{entered}{shown(application, data)}"

    def _judge(self, application: str, data: str, context: str) -> None:
        """Find out how the call goes, once it can be known."""
        if self.outcome is not None:
            return
        action = shown(application, data)
        if application == "socket":
            self._is_asked = True
        elif application == _ASKS:
            self.outcome = Outcome(Severity.OK, say("a gate took the call, and asks the caller for digits"))
        elif context.endswith("-no-gate") and application in (*_REJECTS, "transfer"):
            self.outcome = Outcome(Severity.CRITICAL, say("no gate took the call: {action}", action=action))
        elif self._is_asked and context in self._passed and not is_preparation(application):
            self.outcome = Outcome(Severity.OK, say("the gate let the call through: {action}", action=action))
        elif not self._is_asked and application not in ("transfer", *_REJECTS) and not is_preparation(application):
            self.outcome = Outcome(
                Severity.CRITICAL, say("no gate was asked; the call got through: {action}", action=action)
            )
        elif self._is_asked and application in _REJECTS:
            self.outcome = Outcome(Severity.OK, say("the gate rejected the call: {action}", action=action))

    def _ended(self, cause: str) -> Outcome:
        if self._is_asked:
            return Outcome(Severity.OK, say("a gate had the call, and it ended with {cause}", cause=cause))
        return Outcome(Severity.CRITICAL, say("the call never met a gate, and ended with {cause}", cause=cause))


def place(switch: Inbound, request: Request, show: Callable[[Step], None]) -> Outcome:
    """Make the call, show each step when it happens, and hang it up. Raises Unreachable."""
    mark = str(uuid.uuid4())
    switch.command(f"event plain {_EVENTS}")
    switch.command(f"filter variable_{_MARK} {mark}")
    variables = {
        _MARK: mark,
        "max_forwards": "1",
        "max_session_transfers": "20",
        "origination_caller_id_number": request.caller,
        "origination_caller_id_name": "doctor",
        "originate_timeout": str(round(request.longest)),
    }
    began = time.monotonic()
    if answer := switch.originate(mark, request.number, request.context, variables):
        return Outcome(Severity.UNKNOWN, say("the switch does not make the call: {answer}", answer=answer))
    try:
        return _watch(switch, Story(request.passed), began, request.longest, show)
    finally:
        with suppress(Unreachable):
            switch.api(f"uuid_kill {mark}")


def _watch(switch: Inbound, story: Story, began: float, longest: float, show: Callable[[Step], None]) -> Outcome:
    for event in _of_the_called_side(switch, longest):
        if (text := story.describe(event)) is not None:
            show(Step(time.monotonic() - began, text))
        if story.outcome is not None:
            return story.outcome
    return Outcome(Severity.CRITICAL, say("nothing was decided within {seconds:.0f} s", seconds=longest))


def _of_the_called_side(switch: Inbound, seconds: float) -> Iterator[Mapping[str, str]]:
    """Events of the channel that goes through the dialplan; the other one only waits."""
    for frame in switch.events(seconds):
        if frame.event_name is not None and frame.headers.get("Channel-Name", "").endswith("-b"):
            yield frame.headers
