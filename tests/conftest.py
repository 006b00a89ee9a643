from __future__ import annotations

import functools
import gc
import re
import shutil
import signal
import tempfile
from pathlib import Path

import database_servers
import hypothesis
import pytest
import structlog
from esl_peer import Peer
from gevent import monkey, socket
from gevent.hub import Hub

from vipgate_fs.service import audit_trail

pytest_plugins = ["secrets_watch", "watchdog"]

for profile, derandomize in {"suite": True, "properties": False}.items():
    hypothesis.settings.register_profile(
        profile,
        derandomize=derandomize,  # a new counterexample is a finding (`make properties`), not a fault of the change at hand
        deadline=None,  # how long an example takes says nothing on a busy machine; each test has its time-out
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
hypothesis.settings.load_profile("suite")

gc.disable()
"""Until all tests are collected: half of the time that it takes is spent on looking for garbage among them in vain."""

Hub.SYSTEM_ERROR = (*Hub.SYSTEM_ERROR, pytest.fail.Exception)
"""A time-out that strikes while gevent's hub or another greenlet runs ends the test, not only that greenlet."""


def pytest_collection_finish():
    """What has been collected stays until the end."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """Give each run a folder of its own, unless `--basetemp` names one that is to be kept.

    The one that all runs of pytest share is closed to other users whenever one of them starts.
    """
    if not config.option.basetemp and not hasattr(config, "workerinput"):
        config.option.basetemp = tempfile.mkdtemp(prefix="vipgate-tests-")
        config.add_cleanup(functools.partial(shutil.rmtree, config.option.basetemp, ignore_errors=True))


@pytest.fixture
def connection():
    """A connected pair of sockets: the session's, and the peer's."""
    ours, theirs = socket.socketpair()
    peer = Peer(theirs)
    yield ours, peer
    theirs.close()
    ours.close()


@pytest.fixture(scope="session", autouse=True)
def python_stays_as_it_is():
    """No test makes this process cooperative: it would change the meaning of all the others."""
    yield
    assert not monkey.is_module_patched("socket")


@pytest.fixture(autouse=True)
def exit_statuses_stay():
    """No test has gevent's loop take the exit status of each child of this process: later tests would find 0 for all."""
    yield
    caught = re.search(r"SigCgt:\t(\w+)", Path("/proc/self/status").read_text("ascii"))
    assert not int(caught[1], 16) >> signal.SIGCHLD - 1 & 1


@pytest.fixture(autouse=True)
def logging_as_it_was():
    """Commands and services configure logging for their whole process."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def audited(monkeypatch):
    """What went to the system's log in place of it: of each line what was done, and its facts."""
    lines = []

    def write(_priority, line):
        action, _, facts = line.partition(" user=")
        lines.append([action, *f"user={facts}".split(" ")])

    monkeypatch.setattr(audit_trail.syslog, "syslog", write)
    return lines


@pytest.fixture(scope="session")
def postgresql():
    """A real PostgreSQL, which who stops it starts again."""
    with database_servers.postgresql() as server:
        yield server
