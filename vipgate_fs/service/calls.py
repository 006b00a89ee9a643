"""One connection, from start to end: connect → facts → decision → dialogue → outcome, and the log lines about it."""

from __future__ import annotations

import datetime as dt
import resource
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final

import gevent
from gevent import GreenletExit
from gevent.event import Event

from vipgate_fs.config.model import Configuration
from vipgate_fs.esl.channel import EslChannel
from vipgate_fs.esl.directory import Directory
from vipgate_fs.esl.errors import CommandRefused, SessionGone, SwitchUnfit
from vipgate_fs.esl.facts import call_facts
from vipgate_fs.esl.session import Session
from vipgate_fs.figures.counts import Counts
from vipgate_fs.figures.labels import label_of, labels_of_steps
from vipgate_fs.gate.call import REQUEST_URI, WITHHELD, Call, storable
from vipgate_fs.gate.decision import Decision, decide, describe
from vipgate_fs.gate.dialogue import Dialogue, Outcome, Result
from vipgate_fs.gate.gate import Rejection
from vipgate_fs.gate.memory import InMemory, Memory
from vipgate_fs.gate.reason import Reason
from vipgate_fs.gate.step import Step, StepFailed
from vipgate_fs.sentences import said, say
from vipgate_fs.service.asking import Asking
from vipgate_fs.service.course import Course, Tracing
from vipgate_fs.service.lobby import MOST_BYTES, Dropped, Lobby, Place
from vipgate_fs.service.logs import Log
from vipgate_fs.service.unmet import Unmet

Clock = Callable[[], dt.datetime]

UNDECIDED: Final = Rejection(code=480)
"""For a call that can't be decided because something is broken: fail closed (RFC 3261, 21.4.18).

Not 503, which would mean to the carrier that the whole switch is down: it might take the trunk out of service.
"""


REFUSING: Final = 1.0
"""Seconds for a peer that will not be served to present its call, and to take the answer."""
_UNWANTED: Final = (16, 1024 * 1024)
"""How many of them have a place, and bytes that they may have sent all together."""
_PLACES: Final = 0.25
"""Of the file descriptors that a process may have: for peers that have not shown a call."""
_LEAST_PLACES: Final = 64
"""However few descriptors there are: a burst of calls must find room until they have been asked for."""


def system_clock() -> dt.datetime:
    """Now."""
    return dt.datetime.now(dt.UTC)


class CallHandler:
    """Serves connections by one configuration; called in a greenlet for each connection.

    Args:
        configuration: checked.
        log: of each call.
        clock: gives the time to decide for, with a time zone.
        memory: what is remembered across calls; default: that of this process.
        unmet: notes calls that meet no gate; default: warns in the log.
        counts: gets the figures; default: nobody looks at them.
        tracing: gets a trace of each call; None: there are no traces.

    Attributes:
        calls: that are being served: a connection counts as soon as its peer has shown to be a FreeSWITCH with a call,
            so that those of a port scanner take nobody's place.
        begun: calls since the start.
        changed: set when a call begins or ends.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it works with
        self,
        configuration: Configuration,
        log: Log,
        clock: Clock = system_clock,
        memory: Memory | None = None,
        unmet: Unmet | None = None,
        counts: Counts | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self.calls = self.begun = 0
        self.changed = Event()
        self._clock = clock
        self._memory = memory or InMemory(log)
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._lobby, self._unwanted = Lobby(max(round(_PLACES * most), _LEAST_PLACES), MOST_BYTES), Lobby(*_UNWANTED)
        self._unmet = unmet or Unmet(partial(warn_of_unmet, log))
        self._counts, self._tracing = counts or Counts(), tracing
        self._site = configuration.site
        self._gates = configuration.gates
        enabled = [gate for gate in self._gates if gate.enabled]
        self._directory = Directory(
            enabled, self._report_unknown, self._site.domain, variable=self._site.domain_variable
        )
        asked = frozenset(name for gate in self._gates for step in gate.steps for name in step.variables)
        self._variables = asked | frozenset(filter(None, [self._site.domain_variable]))
        self._log = log
        self._labels = {id(step): labels for gate in self._gates for step, labels in labels_of_steps(gate)}

    def __call__(self, sock: Any, address: tuple[Any, ...]) -> None:
        """Serve one connection to its end. Raises nothing: an error concerns the call that it happens to."""
        log = self._log.bind(peer=address[0])
        with self._lobby.place() as place:
            session = Session(address, sock, log.wire())
            session.heard = place
            self._receive(session, place, log)

    def _receive(self, session: Session, place: Place, log: Log) -> None:
        is_connected = False
        try:
            channel = session.connect()
            place.leave()
            is_connected = True
            log = log.bind(call=channel["Unique-ID"])
            facts = call_facts(channel, self._site.trunk, self._variables)
            shown = WITHHELD if facts.restricted else facts.caller  # perhaps no gate may know it
            log = log.bind(caller=shown or "withheld", called=facts.called)
            with self._counted():
                self._serve(facts, session, log)
            if session.is_taken:
                EslChannel(session).leave()
        except Dropped:
            self._counts.error("dropped")
            session.holds_call = is_connected
            log.debug("connection dropped: too many have shown no call, or they have sent too much")
        except SessionGone as end:
            if session.holds_call:
                self._reject_unread(session, str(end), log)
            else:
                if not session.was_probe:
                    self._counts.error("no_call")
                (log.debug if session.was_probe else log.info)("connection ended early", why=str(end))
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not reach the calls beside this one
            self._counts.error("refused" if isinstance(error, CommandRefused) else "internal")
            log.error("error while serving a call", exception=traceback.format_exc())
        finally:
            if session.holds_call:  # the dialplan must not go on with a call that nobody has decided on
                EslChannel(session).abandon(UNDECIDED)
            session.stop()

    def refuse(self, sock: Any, address: tuple[Any, ...]) -> None:
        """Reject the call of a connection that is not to be served: closing it would leave the call parked.

        Who has no call to reject is disconnected soon. Raises nothing.
        """
        with suppress(Dropped), self._unwanted.place() as heard:
            session = Session(address, sock)
            session.heard = heard
            try:
                with gevent.Timeout(REFUSING, exception=False):
                    session.connect()
                    EslChannel(session).reject(UNDECIDED)
            except (SessionGone, CommandRefused):
                pass
            finally:
                session.stop()

    def _report_unknown(self, kind: str, name: str) -> None:
        what = f"a protected {kind} is not in the switch's directory, the name protects nobody"
        self._log.error(what, **{kind: name})

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.calls += 1
        self.begun += 1
        self.changed.set()
        try:
            yield
        finally:
            self.calls -= 1
            self.changed.set()

    def _serve(self, call: Call, session: Session, log: Log) -> None:
        trace = self._tracing.begin(call.uuid) if self._tracing else None
        course, outcome = Course(self._clock(), trace), Outcome(Result.HUNG_UP)
        log = log.bind(trace=trace.trace_id) if trace else log
        channel = EslChannel(session)
        try:
            channel.take()
            call = self._choose(call, session)
            course.decision = decide(
                self._gates,
                call,
                course.began,
                self._site.calendar,
                Asking(channel, session, self._labels, self._observe, trace),
                self._memory.overrides,
            )
            course.deciding = course.seconds
            call = course.decision.sees(call)
            log = log.bind(caller=call.caller or "withheld", called=call.called)
            if course.decision.gate is None:
                self._unmet.note(call.called, self._hint(call))
            _tell(course.decision, call, log)
            course.begin_dialogue()
            dialogue = Dialogue(call, channel, self._memory)
            outcome = dialogue.outcome
            dialogue.conduct(course.decision)
        except SessionGone as end:
            outcome.result, outcome.why = Result.of(end), said(end)
        except GreenletExit:
            outcome.result, outcome.target, outcome.why = Result.CUT_OFF, None, say("the service ended")
        except Exception as error:
            outcome.result, outcome.target = Result.REJECTED, None
            outcome.why = say("something is broken; see the log")
            self._record(course, call, outcome)
            with suppress(SessionGone):  # else it would hide the error
                channel.reject(UNDECIDED)
            if not isinstance(error, SwitchUnfit):
                raise
            self._counts.error("unfit")
            log.error(error.what, why=str(error))
            return
        if (
            session.holds_call and outcome.result is not Result.CUT_OFF
        ):  # the switch has fallen silent, or says what can't be understood
            outcome.result, outcome.target = Result.REJECTED, None
            self._counts.error("no_answer")
            log.error("rejected: no valid answer from the switch", why=outcome.why)
        if channel.missing_sounds:
            self._counts.error("missing_sound")
            log.error("the switch could not play a sound", sounds=channel.missing_sounds)
        self._record(course, call, outcome)
        log.info("outcome", **_in_short(outcome), seconds=round(course.seconds, 3))

    def _reject_unread(self, session: Session, why: str, log: Log) -> None:
        """Report and record a call whose facts did not come whole; who called whom is not known for sure."""
        call = Call(uuid=storable(session.session_data.get("Unique-ID", "")), caller="", called="", dialled="")
        outcome = Outcome(Result.REJECTED, why=say("the call can't be read: {why}", why=why))
        self._counts.error("unreadable")
        log.error("rejected: the call can't be read", call=call.uuid, why=why)
        self._record(Course(self._clock()), call, outcome)

    def _record(self, course: Course, call: Call, outcome: Outcome) -> None:
        """The call is over: keep its record, and count it."""
        self._memory.record(course.record(call, outcome))
        decision = course.decision
        gate = decision.gate.name if decision and decision.gate else ""
        verdict = label_of(decision.verdict) if decision else "none"
        self._counts.call(gate, verdict, outcome.result)
        for result in outcome.attempts:
            self._counts.attempt(gate, result)
        if course.trace:
            course.trace.end(gate, verdict, outcome.result, outcome.entries)

    def _observe(self, step: Step, labels: tuple[str, str], seconds: float, failure: StepFailed | None) -> None:
        self._counts.step(*labels, seconds)
        if failure:
            self._counts.step_failed(*labels)
        if step.waits:
            self._counts.upstream(*labels, is_up=failure is None)

    def _hint(self, call: Call) -> str:
        """Which other header has a number that a gate protects."""
        for header, number in call.called_in.items():
            if number != call.called and (found := self._gates.find(replace(call, called=number))):
                return (
                    f"gate {found[0].name} protects {number}, which is in the header {header}: see site.called_number"
                )
        return ""

    def _choose(self, call: Call, session: Session) -> Call:
        """The call to the first of its numbers that a gate protects; to what FreeSWITCH has when there is none."""
        headers = (header for header in self._site.called_number if header in call.called_in)
        readings = (self._reading(call, header, session) for header in headers)
        return next((reading for reading in readings if self._gates.find(reading)), call)

    def _reading(self, call: Call, header: str, session: Session) -> Call:
        """The call to the number in a header; where Pass leads to stays as it is."""
        if header == REQUEST_URI:
            return self._locate(call, session)
        number = call.called_in[header]
        return replace(self._locate(replace(call, called=number, dialled=number), session), dialled=call.dialled)

    def _locate(self, call: Call, session: Session) -> Call:
        """The call with its users and groups, if they can make a difference to which gate takes it."""
        return self._directory.locate(call, session) if self._gates.needs_directory(call) else call


def warn_of_unmet(log: Log, called: str, hint: str) -> None:
    """Log that calls to a number meet no gate, and pass."""
    hint = hint or "if another number was dialled: docs/freeswitch.md, Who is called"
    log.warning("no gate protects a called number, so its calls pass", called=called, hint=hint)


def _tell(decision: Decision, call: Call, log: Log) -> None:
    if log.writes("debug"):
        for reason in decision.reasons:
            log.debug("considered", **_in_short(reason))
    decisive = decision.reasons[-1]
    where = {"gate": decision.gate.name} if decision.gate else {}
    line = {"line": decisive.line} if decisive.line else {}
    write = log.warning if any(reason.failed for reason in decision.reasons) else log.info
    who = {"caller_from": call.caller_source} | ({"restricted": True} if call.restricted else {})
    write("decision", **where, verdict=describe(decision.verdict), reason=decision.why, **line, **who)


def _in_short(of: Outcome | Reason) -> dict[str, Any]:
    """What is worth a word in a log line; not `asdict`, which copies deeply and takes as long as the decision."""
    return {name: value for name in of.__slots__ if (value := getattr(of, name))}
