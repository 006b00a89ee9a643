"""How a call goes on at the gate, for its record, its figures and its trace."""

from __future__ import annotations

import datetime as dt
import time
from functools import partial
from typing import Protocol

from vipgate_fs.gate.call import WITHHELD, Call, storable
from vipgate_fs.gate.decision import Decision, describe
from vipgate_fs.gate.dialogue import Outcome
from vipgate_fs.gate.record import CallRecord
from vipgate_fs.gate.verdict import AskForPin
from vipgate_fs.sentences import joined
from vipgate_fs.sentences.keeping import cleaned


class Trace(Protocol):
    """The trace of one call; `vipgate_fs.service.tracing` has the only kind.

    Attributes:
        trace_id: in the log, so that a line leads to the trace.
    """

    trace_id: str

    def begin_step(self, gate: str, step: str) -> str:
        """A step is asked; gives the `traceparent` for whoever it asks in turn (W3C Trace Context)."""

    def end_step(self, why: str) -> None:
        """It has answered, or it has not: `why` is "" or the kind of failure."""

    def begin_dialogue(self, gate: str) -> None:
        """The caller is asked for a PIN; this lasts until the call has ended at the gate."""

    def end(self, gate: str, verdict: str, outcome: str, attempts: int) -> None:
        """The call has ended."""


class Tracing(Protocol):
    """Where traces go."""

    def begin(self, uuid: str) -> Trace:
        """A call has begun."""

    def close(self) -> None:
        """Send what has not been sent, if that is possible soon."""


class Course:
    """How a call goes on at the gate.

    Attributes:
        began: when the gate had the call's facts.
        trace: of the call; None: nobody wants one.
        decision: None until there is one.
        deciding: seconds until there was one.
    """

    def __init__(self, began: dt.datetime, trace: Trace | None = None) -> None:
        self.began, self.trace = began, trace
        self.decision: Decision | None = None
        self.deciding = 0.0
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._started

    def begin_dialogue(self) -> None:
        """Note in the trace, if there is one, that the caller is asked for a PIN; if the decision says so."""
        if self.trace and self.decision and self.decision.gate and isinstance(self.decision.verdict, AskForPin):
            self.trace.begin_dialogue(self.decision.gate.name)

    def record(self, call: Call, outcome: Outcome) -> CallRecord:
        """The call's record, now that it is over."""
        decision = self.decision
        caller = WITHHELD if call.restricted and not decision else call.caller  # perhaps no gate may know it
        reasons = [decision.why] if decision else []
        return CallRecord(
            uuid=storable(call.uuid),
            began=self.began.timestamp(),
            gate=decision.gate.name if decision and decision.gate else None,
            caller=caller,
            called=call.called,
            verdict=describe(decision.verdict) if decision else "none",
            entries=outcome.entries,
            outcome=outcome.result,
            target=outcome.target,
            reason=cleaned(joined("; ", [*reasons, outcome.why]), partial(storable, longest=500)),
            deciding=round(self.deciding, 3),
            seconds=round(self.seconds, 3),
        )
