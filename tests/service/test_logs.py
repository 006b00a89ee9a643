from __future__ import annotations

import io
import json

import pytest
import structlog

from vipgate_fs.service.logs import configure


@pytest.fixture(autouse=True)
def reset():
    yield
    structlog.reset_defaults()


def test_json_is_one_object_a_line():
    stream = io.StringIO()
    configure("info", stream).bind(call="1").info("decision", name="a\nb\u2028c\x1b[31m")
    assert stream.getvalue().count("\n") == 1
    line = json.loads(stream.getvalue())
    assert (line["event"], line["level"], line["call"], line["name"]) == (
        "decision",
        "info",
        "1",
        "a\nb\u2028c\x1b[31m",
    )


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31mred", "a\u2028b", "\x00", "\x85"])
def test_on_a_terminal_a_caller_writes_no_lines_and_no_colours(name):
    stream = io.StringIO()
    configure("info", stream, json=False).info("decision", name=name)
    assert stream.getvalue().count("\n") == 1
    assert name not in stream.getvalue()


def test_a_traceback_keeps_its_lines():
    stream = io.StringIO()
    configure("info", stream, json=False).error("oops", exception="Traceback:\n  line 1\n  line 2")
    assert "\n  line 2" in stream.getvalue()


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("trace", ["trace", "debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_levels(level, shown):
    stream = io.StringIO()
    log = configure(level, stream, json=True)
    for name in ("trace", "debug", "info", "warning", "error"):
        getattr(log, name)(name)
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == shown
    assert (log.wire() is None) == (level != "trace")
