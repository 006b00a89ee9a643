"""The health of the service, as reported to `vipgate status` and systemd."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from vipgate_fs.document.sources import MACHINE
from vipgate_fs.sentences import NOTHING, Sentence, joined, say
from vipgate_fs.service.plan import Plan
from vipgate_fs.service.port import Port, address

VERSION: Final = version("vipgate-fs")
"""Of the code that runs; the installed one may be newer."""
PATIENCE: Final = 4.0
"""Seconds for files to be compared with what was applied; most monitors wait for ten."""
MANY: Final = 10
"""From so many calls on, it is no coincidence that none has met a gate."""


class WorkerState(NamedTuple):
    """A worker's report about itself.

    Attributes:
        calls: that it serves now.
        begun: calls since it started.
        store_gone_since: Unix time; 0 while the store is there, or when there is to be none.
        overrides: gates that a person has switched on or off.
        full: 1 when it has few file descriptors left, else 0.
        unmet: of the calls begun, those that met no gate.
        lockouts: in force, as far as it knows.
    """

    calls: int = 0
    begun: int = 0
    store_gone_since: int = 0
    overrides: int = 0
    full: int = 0
    unmet: int = 0
    lockouts: int = 0

    def encode(self) -> bytes:
        """As a message of a few bytes."""
        return " ".join(map(str, self)).encode()

    @classmethod
    def decode(cls, message: bytes) -> WorkerState:
        """The other way round."""
        return cls(*map(int, message.split()))


@dataclass(frozen=True, slots=True)
class Status:
    """The service at a moment. Holds neither PINs nor telephone numbers.

    Attributes:
        version: that runs.
        pid: of the supervisor.
        uptime: seconds.
        address: that is listened on.
        accepting: whether connections are accepted; False: they are refused.
        workers: that serve calls.
        workers_wanted: by the configuration.
        calls: now, those of workers that are ending included.
        calls_since_start: of the service.
        unmet: those of them that met no gate, and passed.
        store: `ok`, `gone`, or `none` when there is to be none.
        store_gone_since: Unix time; None unless it is gone.
        configuration: the file, by its absolute path.
        taken_over: Unix time at which it was applied.
        overrides: gates that a person has switched on or off.
        ending: whether it accepts no more and ends with its last call.
        refused: Unix time of the last reload, if that was refused; else None.
        page: host and port of the administration page, `down`, or `none` when there is to be none.
        digest: SHA-256 of what was applied, in hexadecimal; as secret as the PINs in it.
        files: the lists and secrets that it named then, each with its digest, as sha256sum(1) prints them.
    """

    version: str
    pid: int
    uptime: float
    address: str
    accepting: bool
    workers: int
    workers_wanted: int
    calls: int
    calls_since_start: int
    unmet: int
    store: str
    store_gone_since: float | None
    configuration: str
    taken_over: float
    overrides: int
    ending: bool
    refused: float | None
    page: str
    digest: str = field(repr=False)
    files: tuple[str, ...] = field(default=(), repr=False)

    @property
    def problems(self) -> tuple[Sentence, ...]:
        """Why the service is degraded; a changed file is no reason."""
        return tuple(self._problems())

    @property
    def summary(self) -> Sentence:
        """In a line."""
        serve = say("{serving} of {wanted} workers serve", serving=self.workers, wanted=self.workers_wanted)
        return joined("; ", self.problems) or serve

    @property
    def obstacle(self) -> Sentence:
        """Why no calls are taken, in a line; "" when they are."""
        if self.ending:
            return next(self._problems())
        if not self.accepting:
            return say("connections are refused")
        return NOTHING if self.workers else say("no worker serves")

    def is_changed(self) -> bool:
        """Whether the file differs, or can't be shown within PATIENCE not to differ, from what was applied.

        Call it in the asking command, not in the supervisor: a mount that hangs would take all calls with it.
        """
        return bool(_changed({self.configuration: self.digest}))

    @property
    def named(self) -> tuple[str, ...]:
        """The paths of `files`."""
        return tuple(line.partition("  ")[2] for line in self.files)

    def changed_files(self) -> tuple[str, ...]:
        """Those of `named` that differ, or can't be shown not to differ, from what was applied; see `is_changed`."""
        named = (line.partition("  ") for line in self.files)
        return _changed({path: digest for digest, _, path in named})

    def _problems(self) -> Iterator[Sentence]:
        if self.ending:
            yield say("stopping, with {count} call left", "stopping, with {count} calls left", count=self.calls)
            return
        if not self.accepting:
            yield say("connections are refused")
        if self.workers < self.workers_wanted:
            yield say("only {serving} of {wanted} workers serve", serving=self.workers, wanted=self.workers_wanted)
        if self.unmet >= MANY and self.unmet >= self.calls_since_start - self.calls:
            yield say(
                "none of {unmet} calls met a gate: they are to other numbers than those under `protects`",
                unmet=self.unmet,
            )
        if self.store_gone_since is not None:
            yield say("store unavailable since {at}", at=as_time(self.store_gone_since))
        if self.refused is not None:
            yield say("the reload of {at} was refused; vipgate check says why", at=as_time(self.refused))
        if self.page == "down":
            yield say("the administration page is down, and started again; the log says why")


def _changed(files: Mapping[str, str]) -> tuple[str, ...]:
    """The paths of those whose digest is another by now; of those, too, that can't be read in time, or are none."""
    same = []

    def compare() -> None:
        for path, digest in files.items():
            with suppress(OSError):
                if MACHINE.list(path, Path()).digest == digest:
                    same.append(path)

    comparing = threading.Thread(target=compare, daemon=True)
    comparing.start()
    comparing.join(PATIENCE)
    return tuple(path for path in files if path not in same)


def as_time(moment: float) -> str:
    """A Unix time as RFC 3339 has it, in the machine's time zone."""
    return dt.datetime.fromtimestamp(moment, dt.UTC).astimezone().isoformat(timespec="seconds")


def status_of(  # noqa: PLR0913 - each is a fact of its own
    plan: Plan,
    port: Port,
    serving: Sequence[WorkerState],
    *,
    calls: int,
    calls_since_start: int,
    unmet: int,
    uptime: float,
    taken_over: float,
    ending: bool,
    refused: float | None,
    files: tuple[str, ...],
    page: str,
) -> Status:
    """Put together by the supervisor, from what it knows and the reports of the workers that serve."""
    gone_since = min((report.store_gone_since for report in serving if report.store_gone_since), default=None)
    there = "ok" if plan.has_store else "none"
    return Status(
        version=VERSION,
        pid=os.getpid(),
        uptime=round(uptime, 1),
        address=address(plan.host, port.number),
        accepting=port.is_open,
        workers=len(serving),
        workers_wanted=plan.workers,
        calls=calls,
        calls_since_start=calls_since_start,
        unmet=unmet,
        store=there if gone_since is None else "gone",
        store_gone_since=gone_since,
        configuration=plan.path,
        taken_over=taken_over,
        overrides=max((report.overrides for report in serving), default=0),
        ending=ending,
        refused=refused,
        page=page,
        digest=plan.digest,
        files=files,
    )
