"""A plug-in of pytest: a test that nothing else can end is ended.

pytest-timeout raises an exception in the test. That is no help to a test that hangs a second time while it is cleaned
up, or where Python does not look at signals. For these the process ends itself, by a thread of C that needs nothing of
Python's: it prints its stacks, and pytest-xdist reports the test that was running as failed and goes on with another
process.
"""

from __future__ import annotations

import faulthandler
import os

import pytest

GRACE = float(os.environ.get("VIPGATE_GRACE", "60"))
"""Seconds that the set-up, the call or the tear-down of a test may go on after its time-out."""


class Watchdog:
    """Counts anew for each phase, because pytest stops it after a phase that failed."""

    def __init__(self, timeout):
        self._timeout = timeout
        self._stderr = os.dup(2)  # pytest redirects it while tests run

    def _count(self, item):
        mark = item.get_closest_marker("timeout")
        timeout = mark.args[0] if mark else self._timeout
        if timeout:
            faulthandler.dump_traceback_later(timeout + GRACE, exit=True, file=self._stderr)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        self._count(item)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item):
        self._count(item)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item):
        self._count(item)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logfinish(self):
        """Between two tests a process of pytest-xdist waits for what it is given to do."""
        faulthandler.cancel_dump_traceback_later()


def pytest_configure(config):
    option = config.getoption("--timeout")
    timeout = float(config.getini("timeout") if option is None else option)
    if not config.option.usepdb:
        config.pluginmanager.register(Watchdog(timeout))
