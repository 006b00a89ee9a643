"""The event socket's wire format as a pure thing: bytes in, frames out. No sockets, no greenlets.

A frame is a block of header lines, an empty line, and a body if Content-Length says so (mod_event_socket.c). The
operations wanted, and what they should cost:

- take in bytes however they were cut, scan none of them twice, and never hold more than a bound of them;
- find out what a frame is, and read three or four of the ~150 headers of an event, without decoding the others
  (a search through 6 kB of bytes costs about 3 µs, decoding all headers 90 µs).

Lines are split before values are decoded, at LF only: a value with `%0A` or U+2028 in it stays one value. FreeSWITCH's
own encoding leaves a literal `%0A` of a caller as it is, so decoding first would let them write headers of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final, TypeVar, overload
from urllib.parse import unquote_to_bytes

MAX_HEAD: Final = 4 * 1024 * 1024
"""Bytes of one header block: 5 kB for a usual call, 1 MB and more if a caller wants it so (facts: "Connect")."""
MAX_BODY: Final = MAX_HEAD
"""Bytes of one body: an event shows the call's variables once more."""
T = TypeVar("T")
_ENCODED: Final = b"Event-Name: "
"""How the reply to `connect` begins, the one block outside of a body whose values FreeSWITCH encodes."""
_REPLY: Final = b"Content-Type: command/reply\nReply-Text: "
_NAME: Final = re.compile(r"[A-Za-z_/-]{1,40}")
_SHORT: Final = 1024
"""Bytes that came together and are kept read: with every call, commands get the same replies."""


class WireError(Exception):
    """The peer does not speak the event socket protocol, or too much of it. The connection is of no further use."""


class Headers(Mapping[str, str]):
    """A block of header lines, decoded one value at a time, when asked for.

    Where a name stands twice the first line counts. Values are percent-decoded where the block is one of those that
    FreeSWITCH encodes (connect reply, event bodies); bytes that are not UTF-8 become U+FFFD; `_undef_` is the empty
    value.
    """

    __slots__ = ("_block", "_encoded")

    def __init__(self, block: bytes, *, encoded: bool) -> None:
        self._block = b"\n" + block + b"\n"
        self._encoded = encoded

    def raw(self, name: str) -> bytes | None:
        """The value as it came, or None."""
        key = _key(name)
        start = self._block.find(key)
        if start < 0:
            return None
        start += len(key)
        return self._block[start : self._block.index(b"\n", start)]

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, /, default: str | T) -> str | T: ...
    def get(self, name: str, /, default: str | T | None = None) -> str | T | None:
        """The value, or the default."""
        raw = self.raw(name)
        if raw is None:
            return default
        if raw == b"_undef_":
            return ""
        if self._encoded and b"%" in raw:
            raw = unquote_to_bytes(raw)
        return raw.decode("utf-8", "replace")

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.raw(name) is not None

    def lacks(self, names: Iterable[str]) -> bool:
        """Whether it has none of these names, not in upper or lower case either. Nothing is decoded for that."""
        block = self._block.lower()
        return not any(_key(name).lower() in block for name in names)

    def _names(self) -> dict[bytes, None]:
        lines = self._block.split(b"\n")
        return dict.fromkeys(line.partition(b": ")[0] for line in lines if b": " in line)

    def __iter__(self) -> Iterator[str]:
        return (name.decode("utf-8", "surrogateescape") for name in self._names())  # each can be asked for

    def __len__(self) -> int:
        return len(self._names())

    def __repr__(self) -> str:
        return f"<Headers {len(self._block)} bytes>"


@lru_cache(256)
def _key(name: str) -> bytes:
    return b"\n%b: " % name.encode("utf-8", "surrogateescape")


def _shown(name: str) -> str:
    """The name of a type or an event; `?` for what is none, for a garbled line may hold anything."""
    return name if _NAME.fullmatch(name) else "?"


class Frame:
    """One frame: `content_type`, its headers, and its body.

    Attributes:
        headers: of the event where the frame is one, else of the frame itself; an event's header never hides one of the
            frame that carries it.
        body: as it came.
        is_refusal: whether it refuses a command.
    """

    __slots__ = ("body", "content_type", "headers", "is_refusal")

    def __init__(self, head: Headers, body: bytes) -> None:
        self.content_type = head.get("Content-Type", "")
        self.body = body
        is_event = self.content_type == "text/event-plain"
        self.headers = Headers(body.partition(b"\n\n")[0], encoded=True) if is_event else head
        self.is_refusal = self.content_type == "command/reply" and self.data.startswith("-ERR")

    @property
    def data(self) -> str:
        """What the frame answers: the reply text, or the body of an `api` response."""
        if self.content_type == "command/reply":
            return self.headers.get("Reply-Text", "").rstrip("\n")
        return self.body.decode("utf-8", "replace")

    @property
    def event_name(self) -> str | None:
        """The event's name; None for a frame that is not an event."""
        return self.headers.get("Event-Name") if self.content_type == "text/event-plain" else None

    def __repr__(self) -> str:
        names = [_shown(name) for name in (self.content_type, self.event_name) if name is not None]
        return f"<Frame {' '.join(names)}, {len(self.body)} bytes of body>"


class Decoder:
    """Cuts a stream of bytes into frames.

    `feed` takes what has arrived, `frame` gives the next one that is complete. What is not complete waits for more.
    """

    __slots__ = ("_buffer", "_head", "_length", "_ready", "_scanned")

    def __init__(self) -> None:
        self._ready: list[Frame] = []
        """Frames from before the buffer, the last one first."""
        self._buffer = bytearray()
        self._scanned = 0
        self._head: Headers | None = None
        self._length = 0

    def feed(self, data: bytes) -> None:
        """Take in bytes."""
        is_new = not (self._ready or self._buffer or self._head)
        if is_new and len(data) <= _SHORT and (replies := _replies(data)):
            self._ready = [*reversed(replies)]
        else:
            self._buffer += data

    def frame(self) -> Frame | None:
        """The next frame; None until it is complete.

        Raises:
            WireError: for what can't become a frame, or only one larger than MAX_HEAD or MAX_BODY.
        """
        if self._ready:
            return self._ready.pop()
        if self._head is None:
            block = self._next_block()
            if block is None:
                return None
            self._head = Headers(block, encoded=block.startswith(_ENCODED))
            self._length = _content_length(self._head)
        if len(self._buffer) < self._length:
            return None
        frame = Frame(self._head, self._take(self._length))
        self._head = None
        return frame

    @property
    def unfinished(self) -> Headers:
        """The header lines of the frame that is not complete, as far as they have come; the last one may be cut."""
        block = bytes(self._buffer)
        return self._head or Headers(block, encoded=block.startswith(_ENCODED))

    @property
    def in_frame(self) -> bool:
        """Whether a frame has begun and is not complete: at the end of the stream, something is missing."""
        return self._head is not None or bool(self._buffer.strip(b"\n"))

    def _next_block(self) -> bytes | None:
        buffer = self._buffer
        if buffer.startswith(b"\n"):
            self._take(len(buffer) - len(buffer.lstrip(b"\n")))
        end = buffer.find(b"\n\n", self._scanned)
        if (end if end >= 0 else len(buffer)) > MAX_HEAD:
            raise WireError(f"a header block of more than {MAX_HEAD} bytes")
        if end < 0:
            self._scanned = max(len(buffer) - 1, 0)
            return None
        block = bytes(buffer[:end])
        del buffer[: end + 2]
        self._scanned = 0
        return block

    def _take(self, length: int) -> bytes:
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._scanned = 0
        return taken


@lru_cache(256)
def _replies(data: bytes) -> tuple[Frame, ...]:
    """The frames of which the bytes consist, if these are replies and nothing else; else none."""
    *blocks, rest = data.split(b"\n\n")
    if rest or b"Content-Length" in data or not all(block.startswith(_REPLY) for block in blocks):
        return ()
    return tuple(Frame(Headers(block, encoded=False), b"") for block in blocks)


def _content_length(head: Headers) -> int:
    text = head.raw("Content-Length") or b"0"
    if not text.isdigit() or len(text) > len(str(MAX_BODY)) or int(text) > MAX_BODY:
        raise WireError(f"a body of {text[:20]!r} bytes; at most {MAX_BODY} are taken")
    return int(text)
