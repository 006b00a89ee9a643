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


def run_suite(folder, plug_in, *options, **environment):
    """What pytest says of the tests in `folder`, run with a plug-in of this suite."""
    command = [sys.executable, "-m", "pytest", "-p", plug_in, "--import-mode=importlib", "--timeout", "1", *options]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), **environment}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=150, check=False
    )


@pytest.mark.timeout(180)
def test_each_test_that_waits_for_ever_fails_and_the_next_one_runs(tmp_path):
    tests = "".join(
        f"def test_{number}():  # {where}\n    {wait}\n" for number, (where, wait) in enumerate(WAITS.items())
    )
    imports = "import gevent, socket, subprocess, threading, time\nfrom esl_peer import within\n"
    tmp_path.joinpath("test_it.py").write_text(f"{imports}{tests}def test_next():\n    pass\n")
    run = run_suite(tmp_path, "conftest")
    assert f"{len(WAITS)} failed, 1 passed" in run.stdout, run.stdout + run.stderr
    assert run.stdout.count("Failed: Timeout (>1.0s)") >= len(WAITS)


HANGS_AGAIN = {
    "test_in_its_clean_up": "try:\n        time.sleep(60)\n    finally:\n        time.sleep(60)",
    "test_in_a_fixtures": "request.addfinalizer(lambda: time.sleep(60))\n    time.sleep(60)",
    "test_deaf": "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n    time.sleep(60)",
}


@pytest.mark.timeout(180)
def test_a_test_that_cannot_be_interrupted_costs_its_process_and_the_next_one_runs(tmp_path):
    tests = "".join(f"def {name}(request):\n    {hangs}\n" for name, hangs in HANGS_AGAIN.items())
    tmp_path.joinpath("test_it.py").write_text(f"import signal, time\n{tests}def test_next():\n    pass\n")
    run = run_suite(tmp_path, "watchdog", "-n", "1", VIPGATE_GRACE="1")
    for name in HANGS_AGAIN:
        assert f"crashed while running 'test_it.py::{name}'" in run.stdout, run.stdout + run.stderr
    assert " 1 passed" in run.stdout
    assert run.stderr.count("most recent call first") >= len(HANGS_AGAIN)


def test_a_server_whose_user_is_missing_is_named_and_no_error(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"no user nobody-there, .*\.ci/packages lists"):
        database_servers.unprivileged("nobody-there")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no user nobody-there"):
        database_servers.unprivileged("nobody-there")
