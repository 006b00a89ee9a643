from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.simulator.arguments import is_true, number, words
from vipgate_fs.simulator.commands import CommandReader
from vipgate_fs.simulator.session import Command

STREAM = (
    b"connect\n\nlinger\n\n\n\nsendmsg\ncall-command: execute\nexecute-app-name: set\ncontent-type: text/plain\n"
    b"content-length: 13\n\nx=one\ntwo\n\nandmyevents json\r\n\r\nsendmsg\r\nCall-Command:  hangup\r\n\r\nexit\n\n"
)
COMMANDS = [
    ("connect", Command({})),
    ("linger", Command({})),
    (
        "sendmsg",
        Command(
            {
                "call-command": "execute",
                "execute-app-name": "set",
                "content-type": "text/plain",
                "content-length": "13",
            },
            "x=one\ntwo\n\nan",
        ),
    ),
    ("dmyevents json", Command({})),
    ("sendmsg", Command({"call-command": "hangup"})),
    ("exit", Command({})),
]


def test_a_stream_is_cut_into_commands():
    assert CommandReader().feed(STREAM) == COMMANDS


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_wherever_the_stream_is_split(cuts):
    reader, found = CommandReader(), []
    edges = sorted({0, len(STREAM), *cuts})

    for start, end in pairwise(edges):
        found += reader.feed(STREAM[start:end])

    assert found == COMMANDS


def test_byte_by_byte():
    reader = CommandReader()

    assert [command for byte in STREAM for command in reader.feed(bytes([byte]))] == COMMANDS


@pytest.mark.parametrize("unfinished", [b"", b"connect", b"connect\n", b"connect\r\n", b"a\ncontent-length: 3\n\nxy"])
def test_an_unfinished_command_is_none(unfinished):
    assert CommandReader().feed(unfinished) == []


@given(st.binary(max_size=200))
def test_garbage_harms_nobody(data):
    for line, command in CommandReader().feed(data):
        assert line
        assert all(name == name.lower() for name in command.headers)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("4 6 3 5000", ["4", "6", "3", "5000"]),
        ("100  XML default", ["100", "XML", "default"]),
        ("1 20 1 # 'a b' '' pin '' 500", ["1", "20", "1", "#", "a b", "", "pin", "", "500"]),
        (r"pin ^\d+$", ["pin", r"^\d+$"]),
        ("", []),
    ],
)
def test_words(text, found):
    assert words(text) == found


@pytest.mark.parametrize(("text", "found"), [("12", 12), (" -3x", -3), ("5.7", 5), ("x1", 0), ("", 0)])
def test_numbers_are_read_as_atoi_does(text, found):
    assert number(text) == found


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        *((text, True) for text in ("true", "Yes", "t", "allow", "1", "-1", "+5", "1.9")),
        *((text, False) for text in ("0", "no", "", None, "0.5", ".", "5x", " 1", "1 ", "\u0661", "2 of them")),
    ],
)
def test_truth(text, truth):
    assert is_true(text) is truth
