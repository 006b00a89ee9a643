"""Which events an event socket has asked for (mod_event_socket.c: event_handler, and the commands about events)."""

from __future__ import annotations

import re
from typing import Final

from vipgate_fs.simulator.events import Event

_CHANNEL_EVENTS: Final = frozenset(
    """CHANNEL_ANSWER CHANNEL_APPLICATION CHANNEL_BRIDGE CHANNEL_CREATE CHANNEL_DATA CHANNEL_DESTROY CHANNEL_EXECUTE
    CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE CHANNEL_ORIGINATE CHANNEL_UUID CHANNEL_OUTGOING
    CHANNEL_PARK CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_STATE CHANNEL_UNBRIDGE CHANNEL_UNPARK DETECTED_SPEECH
    DTMF NOTALK TALK""".split()  # noqa: SIM905 - one name after the other reads better
)
"""What `myevents` asks for."""
_NAMES: Final = _CHANNEL_EVENTS | frozenset(
    """ALL API BACKGROUND_JOB CALL_UPDATE CHANNEL_CALLSTATE CHANNEL_HOLD CHANNEL_UNHOLD CODEC CUSTOM HEARTBEAT MESSAGE
    PLAYBACK_START PLAYBACK_STOP PRESENCE_IN RECORD_START RECORD_STOP SESSION_HEARTBEAT SHUTDOWN""".split()  # noqa: SIM905
)
_FORMATS: Final = ("plain", "json", "xml")


class Subscription:
    """The events that a peer wants.

    Attributes:
        format: "plain" or "json"; "xml" is taken and answered in plain.
    """

    def __init__(self, uuid: str) -> None:
        self.format = "plain"
        self._uuid = uuid
        self._wanted: set[str] = set()
        self._is_on = self._only_mine = False
        self._filters: list[tuple[str, str]] = []

    def wants(self, event: Event) -> bool:
        """Whether an event is sent. Filters add up: one that fits is enough, one with a minus that fits forbids."""
        if not self._is_on or not self._wanted & {event.name, "ALL"}:
            return False
        if self._only_mine and self._uuid not in (event.get("Unique-ID"), event.get("Job-Owner-UUID")):
            return False
        return not self._filters or self._passes(event)

    def _passes(self, event: Event) -> bool:
        passes = False
        for name, text in self._filters:
            value, wanted = event.get(name), text.lstrip("+- ")
            positive = "-" not in text[: len(text) - len(wanted)]
            if value is None or (passes and positive):
                continue
            fits = re.search(text[1:].rstrip("/"), value) if text.startswith("/") else value.lower() == wanted.lower()
            if fits and not positive:
                return False
            passes = passes or bool(fits)
        return passes

    def my_events(self, argument: str) -> str:
        """`myevents`: the reply."""
        if self._only_mine:
            return "-ERR aready enabled."
        self._wanted |= _CHANNEL_EVENTS
        self._is_on = self._only_mine = True
        self.format = next((name for name in ("json", "xml") if name in argument.lower()), self.format)
        return "+OK Events Enabled"

    def add(self, argument: str) -> str:
        """`event`: the reply."""
        names = argument.split()
        if names and names[0].lower() in _FORMATS:
            self.format = names.pop(0).lower()
        known = _known(names)
        if not known:
            return "-ERR no keywords supplied"
        self._wanted |= _NAMES if "ALL" in known else known
        self._is_on = True
        return f"+OK event listener enabled {self.format}"

    def remove(self, argument: str) -> str:
        """`nixevent`: the reply."""
        known = _known(argument.split())
        if not known:
            return "-ERR no keywords supplied"
        self._wanted -= _NAMES if "ALL" in known else known | {"ALL"}
        self._is_on = True
        return "+OK events nixed"

    def clear(self) -> str:
        """`noevents`: the reply."""
        if not self._is_on:
            return "-ERR not listening for events"
        self._is_on = False
        self._wanted.clear()
        return "+OK no longer listening for events"

    def filter(self, argument: str) -> str:
        """`filter`: the reply."""
        name, space, value = argument.partition(" ")
        if name.lower() == "delete" and space:
            name, _, value = value.partition(" ")
            kept = [(header, text) for header, text in self._filters if header != name or value not in ("", text)]
            self._filters = [] if name.lower() == "all" else kept
            return f"+OK filter deleted. [{name}][{value}]"
        if not space:
            return "-ERR invalid syntax"
        if name.lower() == "add":
            name, _, value = value.partition(" ")
        self._filters.append((name, value))
        return f"+OK filter added. [{name}]=[{value}]"


def _known(names: list[str]) -> set[str]:
    return {name.upper() for name in names} & _NAMES
