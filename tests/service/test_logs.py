from __future__ import annotations

import datetime as dt
import io
import json
import os
import re

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


def test_a_time_stamp_has_its_offset():
    stream = io.StringIO()
    configure("info", stream).info("now")
    stamp = json.loads(stream.getvalue())["timestamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d", stamp)  # RFC 3339, section 5.6
    assert abs(dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(stamp)) < dt.timedelta(hours=1)


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    ("named", "is_journal"), [("{0.st_dev}:{0.st_ino}", True), ("{0.st_dev}:1", False), ("", False)]
)
def test_the_journal_gets_priorities_and_no_time(tmp_path, monkeypatch, as_json, named, is_journal):
    with (tmp_path / "log").open("w") as stream:
        monkeypatch.setenv("JOURNAL_STREAM", named.format(os.fstat(stream.fileno())))
        log = configure("trace", stream, json=as_json)
        for level in ("trace", "debug", "info", "warning", "error"):
            getattr(log, level)("what", exception="Traceback:\n  more")
    lines = (tmp_path / "log").read_text().splitlines()
    if is_journal:
        per_level = len(lines) // 5
        assert [line[:3] for line in lines] == [f"<{priority}>" for priority in "77643" for _ in range(per_level)]
        assert not any(re.search(r"\d\d:\d\d:\d\d", line) for line in lines)
    else:
        assert not any(line.startswith("<") for line in lines)
