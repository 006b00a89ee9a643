from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.esl.wire import MAX_BODY, MAX_HEAD, Decoder, Headers, WireError

REPLY = b"Content-Type: command/reply\nReply-Text: +OK will linger 5 seconds\n\n"
CONNECT = (
    b"Event-Name: CHANNEL_DATA\nUnique-ID: 0ad4\nCaller-Caller-ID-Name: J%C3%BCrgen%20M%FCller%0AX: y\n"
    b"variable_empty: _undef_\nContent-Type: command/reply\nReply-Text: %2BOK%0A\nControl: full\n\n"
)
BODY = b"Event-Name: CHANNEL_EXECUTE_COMPLETE\nApplication: answer\nApplication-UUID: vipgate-1\n\n"
EVENT = b"Content-Length: %d\nContent-Type: text/event-plain\n\n%b" % (len(BODY), BODY)
API = b"Content-Type: api/response\nContent-Length: 4\n\n0815"
NOTICE = (
    b"Content-Type: text/disconnect-notice\nChannel-Name: sofia/test/1%402\nContent-Length: 67\n\n" + b"x" * 66 + b"\n"
)
STREAM = [
    (REPLY, "command/reply", None, "+OK will linger 5 seconds"),
    (CONNECT, "command/reply", None, "+OK"),
    (API, "api/response", None, "0815"),
    (EVENT, "text/event-plain", "CHANNEL_EXECUTE_COMPLETE", BODY.decode()),
    (b"\n\n" + REPLY, "command/reply", None, "+OK will linger 5 seconds"),
    (NOTICE, "text/disconnect-notice", None, "x" * 66 + "\n"),
]


def frames(data, decoder=None):
    """The frames that some bytes complete."""
    decoder = decoder or Decoder()
    decoder.feed(data)
    return list(iter(decoder.frame, None))


def seen(frames):
    return [(frame.content_type, frame.event_name, frame.data) for frame in frames]


@pytest.mark.parametrize(("data", "content_type", "name", "text"), STREAM)
def test_a_frame(data, content_type, name, text):
    decoder = Decoder()
    assert seen(frames(data, decoder)) == [(content_type, name, text)]
    assert not decoder.in_frame


@given(st.lists(st.integers(1, 400), max_size=40))
def test_frames_are_the_same_however_the_stream_is_cut(cuts):
    stream = b"".join(data for data, *_ in STREAM)
    decoder, found, position = Decoder(), [], 0
    for size in [*cuts, len(stream)]:
        found += frames(stream[position : position + size], decoder)
        position += size
    assert seen(found) == [tuple(rest) for _, *rest in STREAM]
    assert not decoder.in_frame


def test_byte_by_byte():
    decoder = Decoder()
    stream = b"".join(data for data, *_ in STREAM)
    found = [frame for byte in stream for frame in frames(bytes([byte]), decoder)]
    assert seen(found) == [tuple(rest) for _, *rest in STREAM]


def test_a_cut_frame_is_known_as_one():
    for cut in range(1, len(EVENT)):
        decoder = Decoder()
        assert frames(EVENT[:cut], decoder) == []
        assert decoder.in_frame


def test_values_are_decoded_one_at_a_time_after_the_lines_are_split():
    headers = frames(CONNECT)[0].headers
    assert headers["Caller-Caller-ID-Name"] == "Jürgen M\ufffdller\nX: y"
    assert headers["variable_empty"] == ""
    assert "X" not in headers
    assert list(headers) == [
        "Event-Name",
        "Unique-ID",
        "Caller-Caller-ID-Name",
        "variable_empty",
        "Content-Type",
        "Reply-Text",
        "Control",
    ]
    assert len(headers) == 7


def test_a_plus_is_a_plus_and_what_is_not_encoded_stays():
    assert frames(b"Content-Type: command/reply\nReply-Text: a+b%20c\n\n")[0].data == "a+b%20c"
    assert Headers(b"N: a+b%20c", encoded=True)["N"] == "a+b c"


def test_where_a_name_stands_twice_the_first_counts():
    headers = Headers(b"A: 1\nA: 2\nBA: 3", encoded=True)
    assert headers["A"] == "1"
    assert dict(headers) == {"A": "1", "BA": "3"}


def test_a_name_that_is_not_utf_8_is_one_like_any_other():
    assert list(Headers(b"A\xff: 1\n\xc3\xa4: 2", encoded=True).values()) == ["1", "2"]


@pytest.mark.parametrize("name", ["B", "A: 1", "Ä", ""])
def test_a_missing_name(name):
    with pytest.raises(KeyError):
        Headers(b"A: 1\nno colon", encoded=True)[name]


@pytest.mark.parametrize(
    ("name", "is_lacking"), [("variable_A", False), ("VARIABLE_a", False), ("a", True), ("ab", True)]
)
def test_what_is_lacking_is_lacking_in_upper_and_lower_case(name, is_lacking):
    assert Headers(b"Variable_A: variable_ab: 1", encoded=True).lacks(["b", name]) == is_lacking


def test_an_events_headers_do_not_hide_the_frames():
    body = b"Event-Name: X\nContent-Type: text/disconnect-notice\nContent-Length: 7\n\ninner body: 1"
    frame = frames(b"Content-Length: %d\nContent-Type: text/event-plain\n\n%b" % (len(body), body))[0]
    assert frame.content_type == "text/event-plain"
    assert "inner body" not in frame.headers


@pytest.mark.parametrize(
    "data",
    [
        b"Content-Length: x\n\n",
        b"Content-Length: -1\n\n",
        b"Content-Length: %d\n\n" % (MAX_BODY + 1),
        b"Content-Length: " + b"9" * 5000 + b"\n\n",
        "Content-Length: ٣\n\n".encode(),
        b"A: " + b"x" * MAX_HEAD,
        b"A: " + b"x" * MAX_HEAD + b"\n\n",
        b"A: 1\n" * (1 + MAX_HEAD // 5),
    ],
)
def test_what_can_not_become_a_frame(data):
    with pytest.raises(WireError):
        frames(data)


def test_what_is_as_long_as_it_may_be_is_a_frame():
    body = b"x" * MAX_BODY
    (frame,) = frames(b"Content-Length: %d\n\n%b" % (MAX_BODY, body))
    assert frame.body == body
    (frame,) = frames(b"A: " + b"x" * (MAX_HEAD - 3) + b"\n\n")
    assert len(frame.headers["A"]) == MAX_HEAD - 3


def test_frames_before_garbage_are_frames():
    decoder = Decoder()
    decoder.feed(REPLY + EVENT + b"Content-Length: x\n\n")
    assert [decoder.frame().content_type for _ in range(2)] == ["command/reply", "text/event-plain"]
    with pytest.raises(WireError):
        decoder.frame()


def test_empty_lines_are_dropped():
    decoder = Decoder()
    assert frames(b"\n" * 100_000, decoder) == []
    assert not decoder._buffer


@given(st.binary(max_size=300))
def test_garbage_gives_frames_or_an_error(data):
    decoder = Decoder()
    try:
        for frame in frames(data, decoder):
            assert isinstance(frame.data, str)
            assert all(isinstance(value, str) for value in frame.headers.values())
    except WireError as error:
        assert str(error)


class CountingBuffer(bytearray):
    """Counts the bytes that are searched for the end of a header block."""

    searched = 0

    def find(self, what, start=0, *more):
        CountingBuffer.searched += len(self) - start
        return super().find(what, start, *more)


def test_no_byte_is_searched_twice():
    decoder, CountingBuffer.searched = Decoder(), 0
    decoder._buffer = CountingBuffer()
    head = b"A: " + b"x" * 50_000
    for start in range(0, len(head), 10):
        assert frames(head[start : start + 10], decoder) == []
    assert CountingBuffer.searched < 1.2 * len(head)


def test_a_repr_shows_no_content():
    frame = frames(EVENT)[0]
    assert repr(frame) == f"<Frame text/event-plain CHANNEL_EXECUTE_COMPLETE, {len(BODY)} bytes of body>"
    assert "vipgate" not in repr(frame.headers)
    assert repr(frames(b"A: 1\n\n")[0]) == "<Frame ?, 0 bytes of body>"


REPLY = b"Content-Type: command/reply\nReply-Text: +OK %d\n\n"


def test_the_same_replies_are_read_only_once():
    first, second = frames(REPLY % 1 + REPLY % 2), frames(REPLY % 1 + REPLY % 2)
    assert first[0] is second[0]
    assert [(frame.content_type, frame.data, frame.body) for frame in first] == [
        ("command/reply", "+OK 1", b""),
        ("command/reply", "+OK 2", b""),
    ]


def test_replies_come_in_their_order_however_they_are_cut():
    stream = b"".join(REPLY % number for number in range(3)) + EVENT + REPLY % 3 + b"\n" + REPLY % 4
    whole = frames(stream)
    for first in range(0, len(stream), 7):
        for second in (first, min(first + 60, len(stream)), len(stream)):
            decoder = Decoder()
            for piece in (stream[:first], stream[first:second], stream[second:]):
                decoder.feed(piece)
            assert [(frame.content_type, frame.data) for frame in frames(b"", decoder)] == [
                (frame.content_type, frame.data) for frame in whole
            ]
    assert [frame.data for frame in whole if frame.event_name is None] == [f"+OK {number}" for number in range(5)]


@pytest.mark.parametrize("body", [b"", b"1", b"22"])
def test_a_short_frame_has_its_own_body(body):
    decoder = Decoder()
    decoder.feed(b"Content-Length: %d\nContent-Type: api/response\n\n%bContent-Type: x\n\n" % (len(body), body))
    assert (decoder.frame().body, decoder.frame().content_type) == (body, "x")
