"""What the suite itself promises: a test that waits for ever fails, wherever it waits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import database_servers
import pytest

WAITS = {
    "in gevent's loop": "gevent.sleep(60)",
    "in a greenlet that never yields": "gevent.spawn(lambda: time.sleep(60)).join()",
    "for a lock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "for a process": "subprocess.run(['sleep', '60'])",
    "for a socket, after a bounded wait": "\n    with within(0.5):\n        pass\n    ours, theirs = socket.socketpair()\n    ours.recv(1)",
}


def test_each_test_that_waits_for_ever_fails_and_the_next_one_runs(tmp_path):
    tests = "".join(
        f"def test_{number}():  # {where}\n    {wait}\n" for number, (where, wait) in enumerate(WAITS.items())
    )
    imports = "import gevent, socket, subprocess, threading, time\nfrom esl_peer import within\n"
    tmp_path.joinpath("test_it.py").write_text(f"{imports}{tests}def test_next():\n    pass\n")
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "--import-mode=importlib", "--timeout", "1"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=50, check=False
    )
    assert f"{len(WAITS)} failed, 1 passed" in run.stdout, run.stdout + run.stderr
    assert run.stdout.count("Failed: Timeout (>1.0s)") >= len(WAITS)


def test_a_server_whose_user_is_missing_is_named_and_no_error(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"no user nobody-there, .*\.ci/packages lists"):
        database_servers.unprivileged("nobody-there")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no user nobody-there"):
        database_servers.unprivileged("nobody-there")
