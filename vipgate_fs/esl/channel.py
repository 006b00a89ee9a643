"""A gate's channel on a real switch: answer, ask, transfer and reject as event socket commands.

Commands wait in `_pending` until one needs an answer, and go out with it in one write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, Never

from vipgate_fs.esl.commands import sendmsg
from vipgate_fs.esl.errors import CommandRefused, SessionGone, SwitchUnfit
from vipgate_fs.esl.session import REPLY_TIMEOUT, Session
from vipgate_fs.gate.channel import Prompt
from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.gate.gate import Rejection, Route
from vipgate_fs.sentences import say

MAX_DIGITS: Final = 20
"""The longest attempt, in digits; the switch never learns the length of the PIN."""
_VARIABLE: Final = "vipgate_digits"
_RESULT: Final = "read_result"
_UNSET: Final = ("multiunset", f"{_VARIABLE} {_VARIABLE}_invalid {_RESULT}")
"""The result, too: a later prompt that can't be played would still show it (facts: k9)."""
_SUBSCRIPTION: Final = (
    "filter Application-UUID /^vipgate-/",
    "filter Event-Name CHANNEL_HANGUP",
    "filter Event-Name CHANNEL_UNPARK",
    "filter Event-Name -CHANNEL_EXECUTE",
    "myevents",
)
"""The events that are waited for: the end of what has an Event-UUID of ours, and the channel's leaving.

For answer and one prompt FreeSWITCH then sends one event of 6 kB. `nixevent` needs `full`, the last filter does not.
"""
_STATE: Final = "Channel-State-Number"
_UNTAKEN: Final = "vipgate_untaken"
_PASSED: Final = "vipgate_passed"
_RESUME: Final = "socket_resume"
_TONE: Final = "tone_stream://%(500,200,425)"
_CAUSES: Final = {
    404: "UNALLOCATED_NUMBER",
    480: "SUBSCRIBER_ABSENT",
    484: "INVALID_NUMBER_FORMAT",
    486: "USER_BUSY",
    600: "USER_BUSY",
}
"""SIP response → hang-up cause (RFC 3398, 8.2.6.1), for channels that know no SIP; any other is CALL_REJECTED."""
_SIP: Final = "mod_sofia"
_SOUND_TIMEOUT: Final = 120.0
"""Seconds that a sound file may last."""
_WORD: Final = re.compile(r"[A-Za-z0-9_.@-]+", re.ASCII)
_TASK: Final = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_UUID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
"""A verto client chooses its own."""
_SOUND: Final = re.compile(r"/?[A-Za-z0-9_.-][A-Za-z0-9_./-]*", re.ASCII)


class EslChannel:
    """`vipgate_fs.gate.channel.Channel` over an event socket session.

    Attributes:
        missing_sounds: of the last prompt or announcement that the switch could not play; "" when all were played.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.missing_sounds = ""
        self._pending: list[str] = []
        self._subscribed = False

    def take(self) -> None:
        """Cancel what the dialplan has scheduled in case that no gate takes the call; `transfer` would not end it.

        The dialplan leaves the task's id in a variable of its own: sites schedule other things for a call as well.

        Raises:
            SessionTaken: when the gate was so late that the dialplan has led the call past it already.
        """
        facts = self._session.session_data
        if facts.get(f"variable_{_PASSED}"):
            raise self._session.lost_to_others()
        task = facts.get(f"variable_{_UNTAKEN}", "")
        if _TASK.fullmatch(task):
            self._flush(sendmsg("sched_cancel", task), sendmsg("unset", _UNTAKEN))

    def watch(self) -> None:
        """Hear from now on when the caller hangs up, or somebody takes the call away."""
        self._subscribe()
        self._flush()

    def ring(self) -> None:
        """Let the caller hear that something happens (SIP 180), without answering."""
        self._subscribe()
        self._flush(sendmsg("ring_ready"))

    def answer(self) -> None:
        """Answer the call, with the digits to come kept out of FreeSWITCH's log and DTMF events."""
        self._subscribe()
        self._pending += [sendmsg("set", "sensitive_dtmf=true"), sendmsg("answer")]

    def ask(self, prompt: Prompt) -> str:
        """Play the prompt, collect digits.

        A prompt that the switch can't play ends without any result (facts: k9). Then a tone takes its place, so that
        callers who know what to do get their chance, and `missing_sounds` says what an administrator should look at.
        One that somebody broke off by taking the call away ends without a result, too. The state that its end shows
        says so, except for a moment: FreeSWITCH breaks off first, and changes the state then. So what has no entry must
        be ours still when the channel's own thread comes to its next command, after leaving `socket` and saying so.
        """
        result = self._collect(prompt, _sounds(prompt.sounds))
        if entry := _entry(result):
            return entry
        event_uuid = self._session.expect_completion()
        self._flush(sendmsg(*_UNSET, event_uuid))
        self._end_of(event_uuid, REPLY_TIMEOUT)
        if f"variable_{_RESULT}" in result:
            return ""
        self.missing_sounds = " ".join(prompt.sounds)
        return _entry(self._collect(prompt, _TONE))

    def _collect(self, prompt: Prompt, sounds: str) -> Mapping[str, str]:
        """What completes one try of play_and_get_digits, which compares nothing.

        The expression is empty: FreeSWITCH would write what it tests with one into its log. The digits are unset by a
        command that waits on the switch from the beginning: so they are gone at once, and do not get into a call record
        even when the caller hangs up with the last digit, or when this gate dies (seen on FreeSWITCH 1.11).
        """
        timing = prompt.timing
        first, after = (round(seconds * 1000) for seconds in (timing.first_digit, timing.next_digit))
        event_uuid = self._session.expect_completion()
        argument = f"1 {MAX_DIGITS} 1 {first} # {sounds} '' {_VARIABLE} '' {after}"
        self._pending.append(sendmsg("play_and_get_digits", argument, event_uuid))
        self._flush(sendmsg(*_UNSET))
        return self._end_of(event_uuid, timing.first_digit + MAX_DIGITS * timing.next_digit + _SOUND_TIMEOUT)

    def _end_of(self, event_uuid: str, seconds: float) -> Mapping[str, str]:
        """What completes an application, on a call that is still the gate's."""
        result = self._session.completion(event_uuid, seconds).headers
        if result.get("Answer-State") == "hangup":
            raise SessionGone(say("the caller hung up ({cause})", cause=result.get("Hangup-Cause", "no cause")))
        if result.get(_STATE) != self._session.session_data.get(_STATE):
            raise self._session.lost_to_others()
        return result

    def transfer(self, target: str, route: Route) -> None:
        """Transfer; when it is accepted, the connection is no longer needed."""
        if not is_dialable(target):
            _refuse(target)
        command = sendmsg("transfer", f"{target} {_word(route.dialplan)} {_word(route.context)}")
        if self._resumes:
            self._forget_resume()
        self._flush(command, lets_go=True)

    def reject(self, rejection: Rejection) -> None:
        """Turn away with a SIP response, after the announcement if there is one, without answering."""
        if rejection.announcement is not None:
            event_uuid = self._session.expect_completion()
            self._subscribe()
            self._pending.append(sendmsg("pre_answer"))
            self._flush(sendmsg("playback", _sounds((rejection.announcement,)), event_uuid))
            played = self._end_of(event_uuid, _SOUND_TIMEOUT)
            if played.get("Application-Response") == "FILE NOT FOUND":
                self.missing_sounds = rejection.announcement
        self._flush((_respond if self._knows_sip else _hangup)(rejection), lets_go=True)

    def leave(self) -> None:
        """Leave a call alone that somebody else has taken, until it is over. Raises nothing.

        Only `socket_resume` is unset, in case this process does not live that long.
        """
        with suppress(ValueError):
            self._session.outlast([self._resume_off()] if self._resumes else [])

    @property
    def _resumes(self) -> bool:
        """Whether the dialplan has set `socket_resume`.

        With that variable the end of this connection takes the channel out of whatever it does. It is meant for a gate
        that dies: of a call that was let through or taken away nothing would be left (facts: "socket_resume").
        """
        return f"variable_{_RESUME}" in self._session.session_data

    def _resume_off(self) -> str:
        """The command that unsets it: by `api`, at once. An application would wait for its turn."""
        uuid = self._session.session_data["Unique-ID"]
        return f"api uuid_setvar {uuid if _UUID.fullmatch(uuid) else _refuse(uuid)} {_RESUME}"

    def _forget_resume(self) -> None:
        try:
            answer = self._session.send(self._resume_off()).data
        except CommandRefused as refusal:
            answer = str(refusal)
        if not answer.startswith("+OK"):
            raise SwitchUnfit(
                say(
                    "the dialplan sets {variable}, but FreeSWITCH answers `api uuid_setvar` with {answer}: the "
                    "socket action needs `async full`, and mod_commands must be loaded",
                    variable=_RESUME,
                    answer=answer.strip(),
                )
            )

    def abandon(self, rejection: Rejection) -> None:
        """Turn away a call whose connection can't be understood any more. Raises nothing."""
        self._session.last_words([_respond(rejection), _hangup(rejection)])

    @property
    def _knows_sip(self) -> bool:
        """Only mod_sofia does `respond`; on other channels (loopback, verto) it is accepted and does nothing."""
        return self._session.session_data.get("Caller-Source", _SIP) == _SIP

    def _subscribe(self) -> None:
        if not self._subscribed:
            self._subscribed = True
            self._pending += _SUBSCRIPTION

    def _flush(self, *last: str, lets_go: bool = False) -> None:
        commands, self._pending = [*self._pending, *last], []
        self._session.pipeline(commands, lets_go=lets_go)


def _respond(rejection: Rejection) -> str:
    """The command that turns a SIP call away."""
    return sendmsg("respond", str(int(rejection.code)))


def _hangup(rejection: Rejection) -> str:
    """The command that turns a call on any channel away; like `respond`, it does nothing when the call is over."""
    return sendmsg("hangup", _CAUSES.get(int(rejection.code), "CALL_REJECTED"))


def _entry(result: Mapping[str, str]) -> str:
    """The digits that count by its facts ("play_and_get_digits")."""
    if result.get(f"variable_{_RESULT}") not in ("success", "timeout"):
        return ""
    return result.get(f"variable_{_VARIABLE}", "")


def _sounds(files: tuple[str, ...]) -> str:
    for file in files:
        if not _SOUND.fullmatch(file):
            _refuse(file)
    return files[0] if len(files) == 1 else "file_string://" + "!".join(files)


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) else _refuse(text)


def _refuse(text: str) -> Never:
    raise ValueError(f"{text!r} may not go into an application's argument")
