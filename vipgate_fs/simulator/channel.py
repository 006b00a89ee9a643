"""A simulated channel: its variables, caller profile, states and queued digits, and the events about them."""

from __future__ import annotations

import re
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from gevent.event import Event as Signal

from vipgate_fs.simulator.arguments import number
from vipgate_fs.simulator.clock import Clock
from vipgate_fs.simulator.events import WITH_VARIABLES, Event, EventSource
from vipgate_fs.simulator.invite import Invite

_STATE_NUMBERS: Final = {"INIT": 1, "ROUTING": 2, "EXECUTE": 4, "PARK": 6, "RESET": 9, "HANGUP": 10, "REPORTING": 11}
_REFERENCE: Final = re.compile(r"\$\{([^{}]*)\}")
_API_CALL: Final = re.compile(r"(\w+)(?:\((.*)\)| (.*))", re.DOTALL)
_CODEC: Final = tuple(
    (f"Channel-{way}-Codec-{name}", value)
    for way in ("Read", "Write")
    for name, value in (("Name", "PCMA"), ("Rate", "8000"), ("Bit-Rate", "64000"))
)


class Endpoint(Protocol):
    """The caller's end of a channel: notified of what reaches it."""

    def ringing(self) -> None:
        """180 Ringing."""

    def early_media(self) -> None:
        """183 Session Progress: the caller hears the switch, and it costs nothing."""

    def answered(self) -> None:
        """200 OK."""

    def ended(self, cause: str, status: int | None, phrase: str | None) -> None:
        """The call is over; status and phrase where an application chose the SIP response itself."""


class Channel:
    """The state of one call on the switch.

    Attributes:
        variables: the channel variables. Setting one moves it to the end, as in FreeSWITCH.
        state: where the channel is going; `running_state` follows when the state's work begins.
        cause: the hang-up cause; None while the call is up.
        transferred: a transfer waits for the channel to leave what it does; so does `uuid_park`.
        is_to_park: it is then to be parked, and not to be routed.
        changed: set when something happens that a waiting application must look at.
        subscribers: called with each event, at once.
    """

    def __init__(
        self, invite: Invite, source: EventSource, clock: Clock, endpoint: Endpoint, run_api: Callable[[str], str]
    ) -> None:
        self.invite = invite
        self.profile = invite.profile
        self.clock = clock
        self.variables = dict(invite.variables)
        self._spelled = {name.lower(): name for name in self.variables}
        self.state = self.running_state = "INIT"
        self.call_state = "DOWN"
        self.is_early = self.is_answered = self.transferred = self.is_to_park = False
        self.cause: str | None = None
        self.digits: deque[tuple[str, bool]] = deque()
        self.dialled = ""
        self.changed = Signal()
        self.subscribers: list[Callable[[Event], None]] = []
        self._source = source
        self._endpoint = endpoint
        self._run_api = run_api

    @property
    def uuid(self) -> str:
        """The channel's Unique-ID."""
        return self.invite.profile.uuid

    @property
    def name(self) -> str:
        """The channel's name, with the caller's own text in it, unencoded."""
        return self.invite.profile.channel_name

    @property
    def is_ready(self) -> bool:
        """Whether applications go on (switch_channel_ready)."""
        return self.cause is None and self.state in ("EXECUTE", "PARK") and not self.transferred

    @property
    def has_media(self) -> bool:
        """Whether the caller can hear the switch."""
        return self.is_early or self.is_answered

    def set(self, name: str, value: str | None) -> None:
        """Set a variable, whose name FreeSWITCH finds in upper and lower case alike; None or "" removes it."""
        self.variables.pop(self._spelled.pop(name.lower(), name), None)
        if value:
            self.variables[name] = value
            self._spelled[name.lower()] = name

    def get(self, name: str) -> str | None:
        """A variable or, where there is none of that name, a fact of the caller profile."""
        if (value := self.variables.get(self._spelled.get(name.lower(), name))) is not None:
            return value
        profile = self.profile
        facts = {
            "caller_id_name": profile.name,
            "caller_id_number": profile.number,
            "destination_number": profile.destination,
            "username": profile.username,
            "ani": profile.username,
            "context": profile.context,
            "dialplan": profile.dialplan,
            "rdnis": profile.rdnis,
            "chan_name": profile.channel_name,
            "uuid": profile.uuid,
        }
        return facts.get(name)

    def expand(self, text: str) -> str:
        """The text with each ${variable} replaced by its value, each ${api(argument)} by its answer."""
        return _REFERENCE.sub(lambda reference: self._value_of(reference[1]), text)

    def _value_of(self, reference: str) -> str:
        call = _API_CALL.fullmatch(reference)
        if call is None:
            return self.get(reference) or ""
        return self._run_api(f"{call[1]} {call[2] or call[3] or ''}".rstrip())

    def event(self, name: str, *more: tuple[str, str]) -> Event:
        """An event of the channel as it is now, with further headers at its end."""
        headers = self._source.head(name, self.clock.micros())
        if name == "CHANNEL_HANGUP_COMPLETE":
            headers.append(("Hangup-Cause", self.cause or ""))
        if name == "CHANNEL_DATA":
            headers += self.profile.headers("Channel")
        headers += self._basic_headers()
        if name in WITH_VARIABLES:
            headers += [(f"variable_{variable}", value) for variable, value in self.variables.items()]
        headers += more
        return Event(name, headers)

    def job_event(self, job: str, text: str, answer: str) -> Event:
        """The BACKGROUND_JOB of a bgapi command that came for this channel."""
        command, _, argument = text.partition(" ")
        headers = self._source.head("BACKGROUND_JOB", self.clock.micros())
        headers += [("Job-UUID", job), ("Job-Owner-UUID", self.uuid), ("Job-Command", command)]
        return Event("BACKGROUND_JOB", headers + ([("Job-Command-Arg", argument)] if argument else []), answer)

    def fire(self, name: str, *more: tuple[str, str]) -> None:
        """Give an event to all subscribers."""
        if self.subscribers:
            event = self.event(name, *more)
            for subscriber in self.subscribers:
                subscriber(event)

    def enter(self, state: str) -> None:
        """Begin a state's work: it becomes the running state, which CHANNEL_STATE announces."""
        self.state = self.running_state = state
        if state == "ROUTING":
            self.call_state = "RINGING"
        elif state == "EXECUTE" and self.is_answered:
            self.call_state = "ACTIVE"
        elif state == "REPORTING":
            self.call_state = "HANGUP"
            self.profile = self.profile.at(hung_up=self.clock.micros())
        self.fire("CHANNEL_STATE")

    def ring(self) -> None:
        """180 Ringing, unless there is more than that already."""
        if not self.has_media:
            self.profile = self.profile.at(progress=self.clock.micros())
            self.fire("CHANNEL_PROGRESS")
            self._endpoint.ringing()

    def pre_answer(self) -> None:
        """Early media, unless there is media already."""
        if not self.has_media:
            self._start_media()
            self._endpoint.early_media()

    def answer(self) -> None:
        """200 OK, after early media if there was none (facts: traces a…)."""
        if self.is_answered:
            return
        if not self.has_media:
            self._start_media()
        self.is_answered = True
        self.profile = self.profile.at(answered=self.clock.micros())
        self.fire("CHANNEL_ANSWER")
        self.call_state = "ACTIVE"
        self.set("endpoint_disposition", "ANSWER")
        self._endpoint.answered()

    def acknowledge(self) -> None:
        """The caller's ACK has come."""
        self._set_all(self.invite.ack_variables(self.invite.profile.destination))

    def press(self, digits: str) -> None:
        """The caller presses keys. With `sensitive_dtmf` set they are in no DTMF event and in no call record."""
        sensitive = self.variables.get("sensitive_dtmf") == "true"
        self.digits.extend((digit, sensitive) for digit in digits)
        self.changed.set()

    def take_digit(self) -> str | None:
        """The next digit, which a DTMF event now announces; None if there is none."""
        if not self.digits:
            return None
        digit, sensitive = self.digits.popleft()
        if not sensitive:
            self.dialled += digit
            self.fire("DTMF", ("DTMF-Digit", digit), ("DTMF-Duration", "800"), ("DTMF-Source", "RTP"))
        return digit

    def leave_to_park(self) -> None:
        """Leave for being parked, by nobody in particular (switch_ivr_park_session)."""
        if self.cause is None:
            self.transferred = self.is_to_park = True
            self.changed.set()

    def transfer(self, extension: str, dialplan: str | None, context: str | None) -> None:
        """Leave for another extension; a call that goes round in circles is hung up (switch_ivr_session_transfer)."""
        if self.cause is not None:
            return
        forwards = number(self.variables.get("max_forwards", "70")) - 1
        if forwards <= 0:
            self.hang_up("EXCHANGE_ROUTING_ERROR")
            return
        self.set("max_forwards", str(forwards))
        micros = self.clock.micros()
        old = self.profile
        dialplan, context = dialplan or old.dialplan, context or old.context
        source = f"{micros // 1_000_000}:{uuid.uuid4()}:bl_xfer:{extension}/{context}/{dialplan}"
        self.profile = replace(
            old,
            destination=extension,
            context=context,
            dialplan=dialplan,
            rdnis=old.destination,
            transfer_source=source,
            index=old.index + 1,
        ).at(profile_created=micros)
        self.state, self.transferred = "ROUTING", True
        history = self.variables.get("transfer_history")
        self.set("transfer_history", f"ARRAY::{history.removeprefix('ARRAY::')}|:{source}" if history else source)
        self.set("transfer_source", source)
        self.changed.set()

    def hang_up(self, cause: str, status: int | None = None, phrase: str | None = None) -> None:
        """End the call.

        Args:
            cause: the hang-up cause.
            status: the SIP response to give, where the cause's own is not meant.
            phrase: its reason phrase.
        """
        if self.cause is not None:
            return
        self.cause, self.state = cause, "HANGUP"
        self.fire("CHANNEL_HANGUP")
        self._endpoint.ended(cause, status, phrase)
        self.changed.set()

    def _start_media(self) -> None:
        self._set_all(self.invite.media_variables())
        self.is_early = True
        self.profile = self.profile.at(progress_media=self.clock.micros())
        self.fire("CHANNEL_PROGRESS_MEDIA")
        self.call_state = "EARLY"
        self._set_all(self.invite.answer_variables())

    def _set_all(self, variables: dict[str, str]) -> None:
        for name, value in variables.items():
            self.set(name, value)

    def _basic_headers(self) -> list[tuple[str, str]]:
        hung_up = self.cause is not None
        answer_state = (
            "hangup" if hung_up else "answered" if self.is_answered else "early" if self.is_early else "ringing"
        )
        return [
            ("Channel-State", f"CS_{self.running_state}"),
            ("Channel-Call-State", self.call_state),
            ("Channel-State-Number", str(_STATE_NUMBERS[self.state])),
            ("Channel-Name", self.name),
            ("Unique-ID", self.uuid),
            ("Call-Direction", "inbound"),
            ("Presence-Call-Direction", "inbound"),
            ("Channel-HIT-Dialplan", "true"),
            ("Channel-Call-UUID", self.uuid),
            ("Answer-State", answer_state),
            *((("Hangup-Cause", self.cause),) if self.cause is not None else ()),
            *(_CODEC if self.has_media else ()),
            *self.profile.headers("Caller"),
        ]
