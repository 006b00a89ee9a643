"""Events as FreeSWITCH builds and writes them: headers in its order, percent-encoded as only FreeSWITCH does it.

Values are str; bytes that are not UTF-8 (a Latin-1 display name) are kept as surrogate escapes.
"""

from __future__ import annotations

import itertools
import json
import re
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

Headers = list[tuple[str, str]]

UNDEFINED: Final = "_undef_"
"""How an empty value is written (facts: "URL encoding")."""
_ARRAY: Final = "ARRAY::"
_UNSAFE: Final = re.compile(rb'%(?![0-9A-F]{2})|[^ -~]|[ "#&+:;<=>?@\[\\\]^`{|}]')
_SOURCES: Final = {
    "CHANNEL_DATA": ("mod_event_socket.c", "parse_command", "2029"),
    "CHANNEL_CREATE": ("switch_core_state_machine.c", "switch_core_session_run", "626"),
    "CHANNEL_STATE": ("switch_channel.c", "switch_channel_perform_set_running_state", "2409"),
    "CHANNEL_PARK": ("switch_ivr.c", "switch_ivr_park", "1002"),
    "CHANNEL_UNPARK": ("switch_ivr.c", "switch_ivr_park", "1213"),
    "CHANNEL_EXECUTE": ("switch_core_session.c", "switch_core_session_exec", "2949"),
    "CHANNEL_EXECUTE_COMPLETE": ("switch_core_session.c", "switch_core_session_exec", "2972"),
    "CHANNEL_PROGRESS": ("switch_channel.c", "switch_channel_perform_mark_ring_ready_value", "3509"),
    "CHANNEL_PROGRESS_MEDIA": ("switch_channel.c", "switch_channel_perform_mark_pre_answered", "3562"),
    "CHANNEL_ANSWER": ("switch_channel.c", "switch_channel_perform_mark_answered", "3848"),
    "CHANNEL_HANGUP": ("switch_channel.c", "switch_channel_perform_hangup", "3447"),
    "CHANNEL_HANGUP_COMPLETE": ("switch_core_state_machine.c", "switch_core_session_reporting_state", "943"),
    "DTMF": ("switch_channel.c", "switch_channel_dequeue_dtmf", "678"),
    "BACKGROUND_JOB": ("mod_event_socket.c", "api_exec", "1572"),
}
WITH_VARIABLES: Final = frozenset(_SOURCES) - {"CHANNEL_STATE", "DTMF", "BACKGROUND_JOB"}
"""The events that carry all channel variables (switch_channel.c, switch_channel_event_set_extended_data)."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `body` is only there for BACKGROUND_JOB."""

    name: str
    headers: Headers
    body: str = ""

    def get(self, name: str) -> str | None:
        """The value of a header; the names of headers do not know case."""
        wanted = name.lower()
        return next((value for header, value in self.headers if header.lower() == wanted), None)


@lru_cache(maxsize=8192)
def encode(value: str) -> bytes:
    """A header's value as it stands in a connect reply and in text/event-plain (switch_utils.c, switch_url_encode).

    Not invertible: a literal % before two upper-case hexadecimal digits stays as it is.
    """
    raw = value.encode("utf-8", "surrogateescape")
    return _UNSAFE.sub(lambda unsafe: b"%%%02X" % unsafe[0][0], raw)


def header_block(headers: Iterable[tuple[str, str]]) -> bytes:
    """Encoded header lines and the empty line that ends them."""
    return b"".join(b"%b: %b\n" % (name.encode(), encode(value or UNDEFINED)) for name, value in headers) + b"\n"


def plain(event: Event) -> bytes:
    """The event as a text/event-plain frame."""
    body = event.body.encode("utf-8", "surrogateescape")
    if body:
        block = header_block(event.headers)[:-1] + b"Content-Length: %d\n\n%b" % (len(body), body)
    else:
        block = header_block(event.headers)
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n%b" % (len(block), block)


def as_json(event: Event) -> bytes:
    """The event as a text/event-json frame: values unencoded, arrays as lists."""
    fields: dict[str, str | list[str]] = {
        name: value.removeprefix(_ARRAY).split("|:") if value.startswith(_ARRAY) else value
        for name, value in event.headers
    }
    if event.body:
        fields |= {"Content-Length": str(len(event.body.encode())), "_body": event.body}
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogateescape")
    return b"Content-Length: %d\nContent-Type: text/event-json\n\n%b" % (len(text), text)


class EventSource:
    """What all events of one switch begin with, and their sequence."""

    def __init__(self) -> None:
        self.core_uuid = str(uuid.uuid4())
        self._sequence = itertools.count(425)

    def head(self, name: str, micros: int) -> Headers:
        """The headers that come before an event's own (switch_event.c, switch_event_prep_for_delivery).

        Args:
            name: the event.
            micros: its time, microseconds since 1970.
        """
        moment = time.gmtime(micros // 1_000_000)
        file, function, line = _SOURCES[name]
        return [
            ("Event-Name", name),
            ("Core-UUID", self.core_uuid),
            ("FreeSWITCH-Hostname", "simulator"),
            ("FreeSWITCH-Switchname", "simulator"),
            ("FreeSWITCH-IPv4", "192.0.2.2"),
            ("FreeSWITCH-IPv6", "2001:db8::2"),
            ("Event-Date-Local", time.strftime("%Y-%m-%d %H:%M:%S", moment)),
            ("Event-Date-GMT", time.strftime("%a, %d %b %Y %H:%M:%S GMT", moment)),
            ("Event-Date-Timestamp", str(micros)),
            ("Event-Calling-File", file),
            ("Event-Calling-Function", function),
            ("Event-Calling-Line-Number", line),
            ("Event-Sequence", str(next(self._sequence))),
        ]
