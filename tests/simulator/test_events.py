import json
import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.simulator.events import Event, EventSource, as_json, encode, header_block, plain


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("0049 176", b"0049%20176"),
        ("+49176", b"%2B49176"),
        ("Jürgen", b"J%C3%BCrgen"),
        ("J\udcfcrgen", b"J%FCrgen"),
        ("€", b"%E2%82%AC"),
        ("a b%20c", b"a%20b%20c"),
        ("%2b", b"%252b"),
        ("100%", b"100%25"),
        ("%A", b"%25A"),
        ("%%41", b"%25%41"),
        ("+OK\n", b"%2BOK%0A"),
        ('He said \\"hi\\"', b"He%20said%20%5C%22hi%5C%22"),
        ("INVITE, ACK", b"INVITE,%20ACK"),
        ("tone_stream://%(3000,0,600)", b"tone_stream%3A//%25(3000,0,600)"),
        ("a/b_c-d.e!~*'()$", b"a/b_c-d.e!~*'()$"),
    ],
)
def test_values_are_encoded_as_freeswitch_does_it(value, encoded):
    assert encode(value) == encoded


@given(st.text(st.characters(exclude_characters="%", codec="utf-8")))
def test_decoding_gives_the_value_back_where_it_has_no_percent_sign(value):
    assert unquote_to_bytes(encode(value)).decode() == value


@given(st.binary())
def test_encoded_values_are_of_harmless_characters(raw):
    value = raw.decode("utf-8", "surrogateescape")

    assert re.fullmatch(rb"[!-~]*", encode(value))
    assert not set(encode(value)) & set(b'\r\n "#&+:;<=>?@[\\]^`{|}')


def test_an_empty_value_is_undefined():
    assert header_block([("Caller-Caller-ID-Name", ""), ("Unique-ID", "1")]) == (
        b"Caller-Caller-ID-Name: _undef_\nUnique-ID: 1\n\n"
    )


def test_a_plain_event_is_a_header_block_in_a_frame():
    assert plain(Event("DTMF", [("Event-Name", "DTMF"), ("DTMF-Digit", "#")])) == (
        b"Content-Length: 34\nContent-Type: text/event-plain\n\nEvent-Name: DTMF\nDTMF-Digit: %23\n\n"
    )


def test_a_body_has_its_own_length_inside():
    frame = plain(Event("BACKGROUND_JOB", [("Event-Name", "BACKGROUND_JOB")], "+OK\n"))

    head, block = frame.split(b"\n\n", 1)
    assert block == b"Event-Name: BACKGROUND_JOB\nContent-Length: 4\n\n+OK\n"
    assert b"Content-Length: %d\n" % len(block) in head + b"\n"


def test_json_has_values_as_they_are_and_arrays_as_lists():
    event = Event("CHANNEL_PARK", [("Event-Name", "CHANNEL_PARK"), ("variable_DP_MATCH", "ARRAY::7 0|:ü")], "body")

    head, text = as_json(event).split(b"\n\n", 1)
    assert b"Content-Type: text/event-json" in head
    assert json.loads(text) == {
        "Event-Name": "CHANNEL_PARK",
        "variable_DP_MATCH": ["7 0", "ü"],
        "Content-Length": "4",
        "_body": "body",
    }


def test_events_are_numbered_and_timed():
    source = EventSource()

    first, second = (dict(source.head("DTMF", 1795509327799606)) for _ in range(2))

    assert int(second["Event-Sequence"]) == int(first["Event-Sequence"]) + 1
    assert first["Event-Date-Local"] == "2026-11-24 08:35:27"
    assert first["Event-Date-GMT"] == "Tue, 24 Nov 2026 08:35:27 GMT"
    assert first["Event-Date-Timestamp"] == "1795509327799606"
    assert first["Core-UUID"] == second["Core-UUID"] == source.core_uuid


def test_headers_are_found_in_any_case():
    assert Event("DTMF", [("Unique-ID", "1")]).get("unique-id") == "1"
    assert Event("DTMF", [("Unique-ID", "1")]).get("none") is None
