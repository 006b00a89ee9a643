"""The caller's end of a call: acts as the Caller says, and notes what they experience."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import gevent

from vipgate_fs.simulator import causes
from vipgate_fs.simulator.caller import Caller
from vipgate_fs.simulator.channel import Channel
from vipgate_fs.simulator.experience import Experience, Moment, Transfer, What
from vipgate_fs.simulator.invite import Profile

SILENCE: Final = 5.0
"""Seconds without any sound that a caller who hears the switch notices."""
_ACK: Final = 0.0005
"""Seconds from the 200 OK to the caller's ACK."""


class Phone:
    """One caller in one call.

    Args:
        caller: how they behave.
        experience: where it is noted.
        is_abandoned: returns whether the call is parked and nobody controls it.
    """

    def __init__(self, caller: Caller, experience: Experience, is_abandoned: Callable[[], bool]) -> None:
        self.experience = experience
        self._caller = caller
        self._is_abandoned = is_abandoned
        self._prompts = 0
        self._actions: list[Any] = []
        self._channel: Channel | None = None
        self._began = 0.0
        self._quiet_since: float | None = None
        self._sounds: list[str] = []

    def call(self, channel: Channel) -> None:
        """Begin to behave, on a channel."""
        self._channel, caller = channel, self._caller
        self._began = channel.clock.now()
        self._after(caller.patience, self.hang_up, What.GAVE_UP)
        if caller.hang_up_after is not None:
            self._after(caller.hang_up_after, self.hang_up)
        for at, digits in caller.keys:
            self._after(at, channel.press, digits)

    def hang_up(self, what: What = What.HUNG_UP) -> None:
        """Hang up: BYE when answered, CANCEL before that."""
        channel = self._here
        if channel.cause is not None:
            return
        self.experience.hung_up_by = "caller"
        self.experience.parked_for_ever = self._is_abandoned()
        self._end_sounds()
        self._note(what, "by the caller")
        terms = {"sip_term_status": "200", "proto_specific_hangup_cause": "sip:200", "sip_term_cause": "16"}
        if not channel.is_answered:
            channel.set("sip_hangup_disposition", "recv_cancel")
            channel.set("sip_invite_failure_status", "487")
            channel.set("sip_invite_failure_phrase", "CANCEL")
            terms = {"sip_term_status": "487", "proto_specific_hangup_cause": "sip:487", "sip_term_cause": "487"}
        for name, value in terms.items():
            channel.set(name, value)
        channel.hang_up("NORMAL_CLEARING" if channel.is_answered else "ORIGINATOR_CANCEL")
        if channel.is_answered:
            channel.set("sip_hangup_disposition", "recv_bye")

    def ringing(self) -> None:
        """180 Ringing."""
        self.experience.provisional.append(180)
        self._note(What.RINGING)

    def early_media(self) -> None:
        """183 Session Progress."""
        self.experience.provisional.append(183)
        self._note(What.EARLY_MEDIA)
        self._quiet_since = self._now

    def answered(self) -> None:
        """200 OK."""
        self.experience.status, self.experience.phrase = 200, "OK"
        self._note(What.ANSWERED)
        self._quiet_since = self._quiet_since or self._now
        self._after(_ACK, self._here.acknowledge)

    def asked(self) -> None:
        """A prompt that waits for digits begins."""
        entry = self._caller.entry(self._prompts)
        self._prompts += 1
        for turn, digit in enumerate(entry):
            self._after(self._caller.dial_after + turn * self._caller.interval, self._here.press, digit)

    def hears(self, sound: str) -> None:
        """A sound begins."""
        self._end_silence()
        self._quiet_since = None
        self._sounds.append(sound)

    def heard(self, sound: str, *, whole: bool) -> None:
        """A sound has ended."""
        if sound in self._sounds:
            self._sounds.remove(sound)
            self._note(What.HEARD if whole else What.HEARD_PART, sound)
            self._quiet_since = self._now

    def transferred(self, profile: Profile, *, exists: bool) -> None:
        """The call is sent on."""
        answered = self._here.is_answered
        target = Transfer(profile.destination, profile.dialplan, profile.context, exists, answered)
        self.experience.transfers.append(target)
        self._note(What.TRANSFERRED, f"to {target.extension} {target.dialplan} {target.context}")

    def ended(self, cause: str, status: int | None, phrase: str | None) -> None:
        """The call is over."""
        experience = self.experience
        self._end_sounds()
        experience.cause = cause
        experience.hung_up_by = experience.hung_up_by or "switch"
        if not experience.answered:
            experience.status = status or causes.sip_status(cause)
            experience.phrase = phrase or causes.phrase(experience.status)
        if experience.hung_up_by == "switch":
            if experience.answered:
                self._note(What.HUNG_UP, f"by the switch, {cause}")
            else:
                self._note(What.REJECTED, f"{experience.status} {experience.phrase}")
        gevent.killall([action for action in self._actions if action is not gevent.getcurrent()], block=False)

    @property
    def _here(self) -> Channel:
        assert self._channel is not None, "a phone first calls"
        return self._channel

    @property
    def _now(self) -> float:
        return self._here.clock.now() - self._began

    def _note(self, what: What, detail: str = "") -> None:
        self.experience.moments.append(Moment(round(self._now, 3), what, detail))

    def _end_sounds(self) -> None:
        """The end of the call interrupts what the caller hears, silence included."""
        while self._sounds:
            self.heard(self._sounds[-1], whole=False)
        self._end_silence()
        self._quiet_since = None

    def _end_silence(self) -> None:
        if self._quiet_since is not None and self._now - self._quiet_since > SILENCE:
            self._note(What.SILENCE, f"{self._now - self._quiet_since:.0f} s")

    def _after(self, seconds: float, do: Callable[..., None], *arguments: Any) -> None:
        self._actions.append(self._here.clock.later(seconds, do, *arguments))
