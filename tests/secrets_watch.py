"""A plug-in of pytest: a run in which gates show what was keyed in has failed, whichever of its processes it was in.

Looked at is all that gates log, record and send, and what tests print. Entries of six digits and more are looked for:
shorter ones cannot be told from numbers that mean something else.
"""

from __future__ import annotations

import re

import pytest
import structlog
from running_service import Service

from vipgate_fs.esl.session import Session
from vipgate_fs.simulator import Caller
from vipgate_fs.store.writer import Writer

PIN_SHOWN = 3
"""The exit status of a run that showed one."""
_DIGITS = re.compile(r"\d{6,}")
_CHANCE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Timestamps and UUIDs: any digits may stand in them."""


class Watch:
    """Remembers what was keyed in, and where which digits were seen."""

    def __init__(self):
        self._entries = set()
        self._seen = {}

    def keyed_in(self, digits):
        self._entries.update(_DIGITS.findall(digits))

    def saw(self, where, text):
        for digits in _DIGITS.findall(_CHANCE.sub("", text)):
            self._seen.setdefault(digits, f"{where}: {text.replace(digits, '***')[:300]}")

    def found(self):
        """Where entries were seen, without them."""
        return [where for digits, where in self._seen.items() if digits in self._entries]

    def attach(self, patch):
        """Watch simulated callers, and what gates of this process and services log, record and send.

        Args:
            patch: a pytest.MonkeyPatch.
        """

        def before(owner, name, tell):
            do = getattr(owner, name)

            def watched(self, *arguments, **more):
                tell(self, *arguments, **more)
                return do(self, *arguments, **more)

            patch.setattr(owner, name, watched)

        before(Caller, "entry", lambda caller, prompt: self.keyed_in(keys_of(caller, prompt)))
        before(structlog.WriteLogger, "msg", lambda _, message: self.saw("log", message))
        before(Session, "_encode", lambda _, commands: self.saw("argument", "\n".join(commands)))
        before(Writer, "record", lambda _, record: self.saw("record", repr(record)))
        before(Service, "destroy", lambda service: self.saw("log of a service", service.log.read_text()))


def keys_of(caller, prompt):
    """What a caller keys in at a prompt; `Caller.entry` itself is watched."""
    entries = (caller.dial,) if isinstance(caller.dial, str) else caller.dial
    return entries[prompt] if prompt < len(entries) else ""


class SecretsWatch:
    """The watch of a run: of this process, and of those that pytest-xdist distributes tests to."""

    def __init__(self):
        self._watch, self._patch, self._found = Watch(), pytest.MonkeyPatch(), []
        self._watch.attach(self._patch)

    def pytest_runtest_logreport(self, report):
        for title, text in report.sections:
            self._watch.saw(f"{title} of {report.nodeid}", text)

    def pytest_sessionfinish(self, session):
        self._found += self._watch.found()
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["pins shown"] = self._found
        elif self._found:
            session.exitstatus = PIN_SHOWN

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node, error):
        self._found += getattr(node, "workeroutput", {}).get("pins shown", ())

    def pytest_terminal_summary(self, terminalreporter):
        if self._found:
            terminalreporter.section("a PIN was shown", red=True)
            terminalreporter.write_line("\n".join(self._found))

    def pytest_unconfigure(self):
        self._patch.undo()


def pytest_configure(config):
    config.pluginmanager.register(SecretsWatch())
