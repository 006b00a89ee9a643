"""stderr: whoever writes there does not wait for who reads."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import socket as stdlib_socket
import time
from contextlib import suppress
from pathlib import Path

import pytest
import structlog
from forked import COMMAND, Process

from vipgate_fs.service.logs import configure
from vipgate_fs.service.stderr import Stderr


@pytest.fixture(autouse=True)
def reset():
    yield
    structlog.reset_defaults()


def a_pipe():
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    return reader, writer


def a_socket():
    """As systemd's journal has it."""
    return [end.detach() for end in stdlib_socket.socketpair()]


@pytest.fixture(params=[a_pipe, a_socket, pty.openpty])
def ends(request):
    reader, writer = request.param()
    os.set_blocking(reader, False)
    yield reader, writer
    os.close(reader)
    os.close(writer)


def log_to(descriptor):
    return configure("info", io.TextIOWrapper(Stderr(descriptor), "utf-8", write_through=True), json=True)


def there(reader):
    with suppress(BlockingIOError):
        return os.read(reader, 1 << 20)
    return b""


def read(got):
    """Lines that are complete, and how many the others say were lost."""
    lines = []
    for line in got.splitlines():
        with suppress(ValueError):
            lines.append(json.loads(line))
    lost = [line["lines"] for line in lines if line["event"] == "lines of the log were lost: nobody took them"]
    return len(lines) - len(lost), sum(lost)


@pytest.mark.parametrize(("logged", "length"), [(3000, 500), (3, 300_000)])
def test_a_reader_who_has_stopped_is_waited_for_once_and_each_line_is_read_or_counted(ends, logged, length):
    """A long line is torn where nobody reads: a part of it was taken."""
    reader, writer = ends
    log, got = log_to(writer), b""
    for _ in range(logged):
        log.info("before", text="x" * length)
    until = time.monotonic() + 20
    while b"after" not in got and time.monotonic() < until:
        got += there(reader)
        log.info("after")
        logged += 1
    while sum(read(got)) < logged and time.monotonic() < until:
        got += there(reader)
    taken, lost = read(got)
    assert taken + lost == logged
    assert min(taken, lost) > 0
    assert os.get_blocking(writer), "as others have it, who share it"


def test_a_full_disk_costs_lines_and_a_process_that_is_forked_counts_its_own():
    with Path("/dev/full").open("wb") as full:
        raw = Stderr(full.fileno())
        for _ in range(3):
            raw.write(b"a line\n")
        assert raw.lost == 3
        pid = os.fork()
        if pid == 0:
            os._exit(raw.lost)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_the_service_has_such_a_stderr_from_its_first_line_on(tmp_path):
    os.mkfifo(tmp_path / "log")
    reader = os.open(tmp_path / "log", os.O_RDWR | os.O_NONBLOCK)
    try:
        with suppress(BlockingIOError):
            while True:
                os.write(reader, b"." * 512)
        process = Process(COMMAND, "serve", "--config", tmp_path / "none.yaml", err=tmp_path / "log")
        try:
            assert process.wait(30) == 2
        finally:
            process.destroy()
    finally:
        os.close(reader)
