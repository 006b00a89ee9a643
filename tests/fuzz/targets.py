"""What is fuzzed: each target takes bytes, and raises when something happens that must not.

A seed is something good; `Target.inputs` makes bytes of it that are nearly good, or not at all.
"""

from __future__ import annotations

import io
import json
import re
import socket as stdlib_socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from config.test_fuzz import GOOD, TOKENS
from config.test_fuzz import check as check_configuration
from esl_peer import complete, connect_reply, event, notice, reply
from gevent import socket
from hypothesis import strategies as st

from vipgate_fs import config
from vipgate_fs.esl.wire import MAX_BODY, MAX_HEAD, Decoder, WireError
from vipgate_fs.identify.webservice.answers import read_answer
from vipgate_fs.service.calls import CallHandler
from vipgate_fs.service.logs import configure


@dataclass(frozen=True)
class Target:
    """One of them."""

    check: Callable[[bytes], None]
    seeds: Sequence[bytes]
    tokens: Sequence[bytes]

    @property
    def inputs(self):
        """Seeds with pieces replaced by tokens, by noise, or by other pieces of themselves; now and then only noise."""
        return st.one_of(self._changed(), self._changed(), self._changed(), st.binary(max_size=300))

    @st.composite
    @staticmethod
    def _change(draw, target):
        content = draw(st.sampled_from(target.seeds))
        for _ in range(draw(st.integers(1, 6))):
            start = draw(st.integers(0, len(content)))
            end = draw(st.integers(start, min(len(content), start + 60)))
            new = draw(
                st.one_of(st.sampled_from(target.tokens), st.binary(max_size=6), st.just(content[end : end + 80]))
            )
            content = content[:start] + new + content[end:]
        return content

    def _changed(self):
        return Target._change(self)


def decode(data):
    """Frames or a WireError, the same however the bytes are cut, and never more held than the bounds say."""
    whole, cut = Decoder(), Decoder()
    frames, error = feed(whole, [data])
    size = 1 + len(data) // 7
    pieces, cut_error = feed(cut, [data[start : start + size] for start in range(0, len(data), size)])
    seen, seen_cut = ([(frame.content_type, frame.data) for frame in each] for each in (frames, pieces))
    assert seen == seen_cut
    assert error == cut_error
    for frame in frames:
        assert all(isinstance(value, str) for value in [*frame.headers.values(), frame.data, repr(frame)])
        assert len(frame.body) <= MAX_BODY
    assert len(whole._buffer) <= MAX_HEAD + MAX_BODY


def feed(decoder, pieces):
    frames = []
    try:
        for piece in pieces:
            decoder.feed(piece)
            frames += iter(decoder.frame, None)
    except WireError:
        return frames, True
    return frames, False


GATE = config.load_text(
    "version: 1\ngates: {pin: {protects: {numbers: ['700']}, identify: [{static_pin: {pin: '0815'}}]}}"
).configuration


def serve(data):
    """A whole call with a switch that sends all of this at once, whatever it is asked, and goes away."""
    log = io.StringIO()
    handler = CallHandler(GATE, configure("trace", log, json=True))
    ours, theirs = socket.socketpair()
    theirs.setsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_SNDBUF, 1 << 20)
    with theirs:
        theirs.sendall(data)
        theirs.shutdown(stdlib_socket.SHUT_WR)
        handler(ours, ("127.0.0.1", 1))
        logged = log.getvalue()
        exceptions = [line["exception"] for line in map(json.loads, logged.splitlines()) if "exception" in line]
        assert all("CommandRefused" in exception for exception in exceptions), exceptions
        assert ours.fileno() < 0, "the connection was left open"
        assert "variable_vipgate_digits" not in logged


def answer(data):
    """A verdict, None, or a ValueError that shows nothing of the answer."""
    try:
        read_answer(data)
    except ValueError as error:
        shown = str(error)
        assert shown
        assert len(shown) < 500
        assert not re.search(r"\d{4}", shown), shown


DIGITS = {"variable_vipgate_digits": "0815", "variable_read_result": "success"}
CALL = connect_reply() + reply() * 8 + complete("vipgate-1", "play_and_get_digits", **DIGITS) + reply()
WIRE_TOKENS = [
    *(b"\n", b"\n\n", b": ", b"%0A", b"%", b"\xff", b"\r\n", b"\x00", "\u2028".encode()),
    *(
        b"Content-Length: ",
        b"Content-Length: 99999999\n\n",
        b"Content-Length: -1\n",
        b"Content-Type: text/event-plain\n",
    ),
    *(b"Event-Name: ", b"Unique-ID: ", b"_undef_", b"-ERR no\n", notice(), notice("linger"), reply(), reply("-ERR x")),
    *(event("CHANNEL_HANGUP"), complete("vipgate-1"), complete("vipgate-2", "play_and_get_digits", **DIGITS)),
]
ANSWERS = [
    b'{askForPin: {expectedPIN: "1234", forwardCorrectPIN: "100", forwardIncorrectPIN: "120", maxRetries: 3}}',
    b'{"reject": true}',
    b"{reject: false}",
    b'{ "forward": "123" }',
    b"{}",
]
ANSWER_TOKENS = [
    *(b"{", b"}", b"[", b"]", b":", b",", b'"', b"\\", b"\\u0000", b"\\ud800", b"null", b"true", b"NaN", b"1e999"),
    *(b"reject", b"forward", b"askForPin", b"expectedPIN", b"maxRetries", b"9" * 5000, b"-1", b"0.5", b"\xef\xbb\xbf"),
    *(b"<html>", b"/*", b"//", b"'", b"\n", b"${system(x)}", b"__proto__", b"12 XML default", b"\xff", b"[" * 40),
]
TARGETS = {
    "wire": Target(decode, [CALL, CALL + notice(), event("X") * 3], WIRE_TOKENS),
    "session": Target(serve, [CALL, CALL + event("CHANNEL_HANGUP"), CALL + notice()], WIRE_TOKENS),
    "configuration": Target(check_configuration, GOOD, TOKENS),
    "answer": Target(answer, ANSWERS, ANSWER_TOKENS),
}
