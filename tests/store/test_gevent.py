"""A store that hangs, in a process that gevent has patched as the service is."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import database_servers
import pytest

from vipgate_fs.secret import Secret


@contextmanager
def locked_file(url):
    blocker = sqlite3.connect(url.reveal().removeprefix("sqlite:///"), isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    yield
    blocker.execute("ROLLBACK")
    blocker.close()


@pytest.fixture
def store(url, request):
    """A URL, and what makes its store hang for the length of a block."""
    if url.reveal().startswith("sqlite"):
        yield url, lambda: locked_file(url)
        return
    proxy = database_servers.Proxy(request.getfixturevalue("postgresql").port)

    @contextmanager
    def silent():
        proxy.silent.set()
        yield
        proxy.silent.clear()

    yield Secret(database_servers.url("postgresql", proxy.port)), silent
    proxy.close()


def test_other_calls_go_on_and_the_store_comes_back(store, tmp_path):
    url, hanging = store
    command = [sys.executable, Path(__file__).with_name("under_gevent.py"), url.reveal(), tmp_path / "vipgate.key"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    said = []

    def until(word):
        for line in process.stdout:
            said.append(line.strip())
            if line.strip() == word:
                return
        pytest.fail("\n".join(said))

    with process:
        until("ready")
        with hanging():
            process.stdin.write("\n")
            until("done")
        process.stdin.write("\n")
        until("ended")
    assert process.returncode == 0
    messages = [line.partition(" {")[0] for line in said]
    assert messages.count("error store unavailable, counting lockouts in memory") == 1
    assert messages.count("info store available again") == 1
    assert not any("lost" in line for line in messages)
