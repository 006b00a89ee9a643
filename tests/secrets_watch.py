"""Whether anything that gates logged, recorded or sent in a test run shows a PIN that was keyed in during it.

Entries of six digits and more are looked for: shorter ones cannot be told from numbers that mean something else.
"""

from __future__ import annotations

import re

import structlog
from running_service import Service

from vipgate_fs.esl.session import Session
from vipgate_fs.simulator import Caller
from vipgate_fs.store.records import Recorder

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

            def told(self, *arguments, **more):
                tell(self, *arguments, **more)
                return do(self, *arguments, **more)

            patch.setattr(owner, name, told)

        before(Caller, "entry", lambda caller, prompt: self.keyed_in(keys_of(caller, prompt)))
        before(structlog.WriteLogger, "msg", lambda _, message: self.saw("log", message))
        before(Session, "_write", lambda _, data: self.saw("argument", data.decode()))
        before(Recorder, "record", lambda _, record: self.saw("record", repr(record)))
        before(Service, "destroy", lambda service: self.saw("log of a service", service.log.read_text()))


def keys_of(caller, prompt):
    """What a caller keys in at a prompt; `Caller.entry` itself is watched."""
    entries = (caller.dial,) if isinstance(caller.dial, str) else caller.dial
    return entries[prompt] if prompt < len(entries) else ""
