"""A call's way through the live dialplan: described step by step, until it meets the gate, gets through, or ends."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from vipgate_fs.doctor.conditions import Action, Choices, Hunt, State, assign, explore
from vipgate_fs.gate.numbers import folded
from vipgate_fs.sentences import Sentence, joined, say

MOST_WAYS: Final = 96
"""Combinations of what only a call knows that are looked at for one number."""
_MOST_TRANSFERS: Final = 20

_GOES_ON: Final = frozenset(
    word
    for line in (
        "set export multiset unset multiunset set_global set_profile_var set_name log info eval event sleep",
        "set_user answer pre_answer ring_ready playback endless_playback say speak gentones limit hash db presence",
        "start_dtmf stop_dtmf flush_dtmf queue_dtmf block_dtmf unblock_dtmf sched_transfer sched_hangup",
        "sched_cancel sched_broadcast sched_heartbeat enable_heartbeat enable_keepalive verbose_events check_acl",
        "privacy set_audio_level set_mute unset_mute cng_plc media_reset rename capture detect_speech bind_meta_app",
        "early_ok bind_digit_action digit_action_set_realm clear_digit_action clear_speech_cache session_loglevel",
        "novideo record_session stop_record_session displace_session stop_displace_session remove_bugs delay_echo",
        "av_options send_info jitterbuffer limit_execute set_zombie_exec curl odbc_query system bgsystem mkdir",
        "unbind_meta_app read phrase play_and_get_digits record loop_playback record_session_mask",
        "record_session_unmask bridge_export record_session_pause record_session_resume acknowledge_call",
        "set_media_stats transfer_vars push unshift break cidlookup lcr enum easyroute nibblebill blacklist",
        "translate strftime preprocess send_display send_dtmf start_dtmf_generate stop_dtmf_generate",
        "deduplicate_dtmf tone_detect stop_tone_detect fax_detect vmd detect_audio detect_silence wait_for_silence",
        "avmd_start avmd_stop spandsp_start_dtmf spandsp_stop_dtmf broadcast debug_media spandsp_start_fax_detect",
        "spandsp_stop_fax_detect spandsp_start_tone_detect spandsp_stop_tone_detect filter_codecs",
    )
    for word in line.split()
)
"""Applications after which the dialplan goes on, and that lead a caller to nobody."""
_ENDS: Final = frozenset(("hangup", "early_hangup", "respond", "deflect", "redirect", "stop"))
_SCRIPTS: Final = frozenset(
    ("lua", "python", "python3", "javascript", "js", "perl", "java", "managed", "httapi", "erlang")
)
_HEARD: Final = frozenset(
    ("answer", "pre_answer", "playback", "say", "speak", "endless_playback", "loop_playback", "phrase", "read")
) | {"play_and_get_digits", "record"}
_PLACES: Final = _ENDS | {"transfer", "execute_extension", "socket", "bridge"}
"""Applications whose argument says where a call goes. Those of others may be secret: a conference's PIN."""
_CLOSING: Final = {"{": "}", "<": ">", "[": "]"}
_CAPTURED: Final = re.compile(r"[$%][0-9]")


def is_preparation(application: str) -> bool:
    """Whether the dialplan goes on after an application, which leads a caller to nobody."""
    return application in _GOES_ON or application in _SCRIPTS


def shown(application: str, data: str) -> str:
    """An action as it may be shown: where it leads, and nothing that may be a password or a PIN.

    The variables of a dial string are left out (`{…}`, `<…>` and `[…]` before an address): one is sip_auth_password.
    """
    if application not in _PLACES:
        return application
    return f"{application} {_addresses(data) if application == 'bridge' else data}".strip()


def _addresses(dial_string: str) -> str:
    kept, closing, before = "", "", ""
    for character in dial_string:
        if character in _CLOSING and (closing or before != "$"):  # `${…}` outside is a part of an address
            closing += _CLOSING[character]
        elif closing and character == closing[-1]:
            closing = closing[:-1]
        elif not closing:
            kept += character
        before = character
    return kept


class End(Enum):
    """How a way ends."""

    GATE = auto()
    """`socket` takes the call."""
    THROUGH = auto()
    """An application takes it that may lead to somebody: bridge, voicemail, conference."""
    REFUSED = auto()
    """It is hung up, or nothing is left to do."""
    NOWHERE = auto()
    """There is no such context, or no extension in it that fits."""
    UNKNOWN = auto()
    """A script had it before, or it goes to another dialplan, or to where only the call knows."""
    ROUND = auto()
    """It is transferred again and again."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way through the dialplan.

    Attributes:
        end: how it ends.
        last: the action that it ends with, or what there is instead.
        steps: in words, one for each context and each transfer.
        provided: what must be so besides the number for a call to go this way; empty: every call to it does.
        state: of the call at the end.
        contexts: that it went through.
        is_heard: whether the caller was answered, or something was played to them.
    """

    end: End
    last: str
    steps: tuple[str, ...]
    provided: tuple[str, ...]
    state: State
    contexts: tuple[str, ...] = ()
    is_heard: bool = False

    @property
    def description(self) -> Sentence:
        """The way in a line."""
        return joined(" → ", (*self.steps, self.last))


def ways(dialplan: ET.Element, start: State, most: int = MOST_WAYS) -> Iterator[Way]:
    """Every way that a call may take, as far as the dialplan says; the one that needs nothing special first."""

    def run(choices: Choices) -> Way:
        state = State(start.number, start.context, start.rdnis, dict(start.variables), start.settings)
        return _Walk(dialplan, state, choices).walk()

    yield from explore(run, most)


def begin(number: str, context: str, settings: Mapping[str, str], headers: Mapping[str, str] | None = None) -> State:
    """A call as it comes to a context, whose caller has written these headers, by the names of their variables."""
    return State(number, context, variables=lowered(headers or {}), settings=lowered(settings))


def lowered(variables: Mapping[str, str | None]) -> dict[str, str | None]:
    """Variables as `State` has them."""
    return {name.lower(): value for name, value in variables.items()}


class _Walk:
    def __init__(self, dialplan: ET.Element, state: State, choices: Choices) -> None:
        self._dialplan = dialplan
        self._state = state
        self._choices = choices
        self._steps: list[str] = []
        self._contexts: list[str] = []
        self._is_heard = self._is_scripted = False

    def walk(self) -> Way:
        found = self._enter()
        while found is None:
            found = self._enter()
        end, last = found
        if self._is_scripted and end is not End.GATE:
            end = End.UNKNOWN
        questions = self._choices.questions
        return Way(end, last, tuple(self._steps), questions, self._state, tuple(self._contexts), self._is_heard)

    def _enter(self) -> tuple[End, str] | None:
        """Hunt in the state's context and run what is found; None: the call was transferred."""
        state = self._state
        context = find_context(self._dialplan, state.context)
        if context is None:
            return End.NOWHERE, say("there is no context {context}", context=state.context)
        hunt = Hunt(state, self._choices)
        hunt.through(context)
        names = ", ".join(hunt.extensions)
        self._contexts.append(state.context)
        dialled = state.number if state.number is not None else say("another number")
        where = say("{number} in context {context}", number=dialled, context=state.context)
        self._steps.append(joined(": ", (where, names)))
        if not hunt.actions:
            return End.NOWHERE, say(
                "no extension of context {context} does anything for {number}", context=state.context, number=dialled
            )
        return self._run(hunt.actions)

    def _run(self, actions: list[Action]) -> tuple[End, str] | None:
        for application, data in actions:
            assign(self._state, application, data)
            self._is_heard |= application in _HEARD
            self._is_scripted |= application in _SCRIPTS
            if is_preparation(application):
                continue
            action = shown(application, self._state.expand(data) or data)
            if application == "socket":
                return End.GATE, action
            if application in _ENDS:
                return End.REFUSED, action
            if application in ("transfer", "execute_extension"):
                return self._transfer(data, action)
            return End.THROUGH, action
        return End.REFUSED, say("nothing more to do")

    def _transfer(self, data: str, action: str) -> tuple[End, str] | None:
        if len(self._contexts) > _MOST_TRANSFERS:
            return End.ROUND, action
        words = [None if _CAPTURED.search(word) else self._state.expand(word) for word in data.split()]
        number, dialplan, context = (*words, *("XML", self._state.context)[max(len(words) - 1, 0) :], None)[:3]
        if not words or dialplan is None or context is None or (number or "").startswith("-"):
            return End.UNKNOWN, action
        if dialplan.lower() == "inline" and number is not None:
            return self._run([_inline(part) for part in number.split(",")])
        if dialplan.upper() != "XML":
            return End.UNKNOWN, action
        self._state.rdnis, self._state.number, self._state.context = self._state.number, number, context
        return None


def _inline(part: str) -> Action:
    application, _, data = part.partition(":")
    return application.lower(), data


def find_context(dialplan: ET.Element, name: str) -> ET.Element | None:
    """The context of a name as the switch finds it: the first of several, else the one called `global`."""
    contexts = {folded(each.get("name", "")): each for each in reversed(dialplan.findall("context"))}
    return contexts.get(folded(name), contexts.get("global"))
