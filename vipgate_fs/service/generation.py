"""A process that reads a configuration, and of which the workers are forked that serve by it.

Reading may take long, hang on a mount, or need more memory than there is: here it costs neither a call nor a sign of
life. What was read stays in this process as long as it is in force, and nowhere else: each worker has exactly the
configuration that was checked, also one that replaces a dead one days later. Workers are forked twice, which makes them
the supervisor's own children (PR_SET_CHILD_SUBREAPER in prctl(2)).
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import socket as stdlib_socket
import time
import traceback
from array import array
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any, Final, Never

from vipgate_fs.config import Loaded
from vipgate_fs.config.model import Configuration
from vipgate_fs.secret import Secret
from vipgate_fs.sentences import say
from vipgate_fs.sentences.keeping import pack, unpack
from vipgate_fs.sentences.system import of_file, system_says
from vipgate_fs.service import plain, worker
from vipgate_fs.service.applied import Applied, seal
from vipgate_fs.service.logs import Log
from vipgate_fs.service.plan import Plan
from vipgate_fs.service.process import live
from vipgate_fs.service.signals import Signals
from vipgate_fs.service.timings import Timings
from vipgate_fs.store.owner import find_foreign

FAILED: Final = b"failed "
"""What is said in place of a worker that can't be forked; the system's words follow."""
PID: Final = b"pid "
"""A worker's first word; its process id follows."""
MOST_FINDINGS: Final = 1000
_FINDING, _REFUSED, _READY = b"finding ", b"refused ", b"ready "
_LONGEST: Final = 4096
"""Bytes of a message."""
_SUBREAPER: Final = 36
"""PR_SET_CHILD_SUBREAPER (linux/prctl.h)."""


class Refused(Exception):
    """A configuration is not to be served.

    Attributes:
        why: in a line.
        findings: of the file.
        is_unreadable: the file can't be read.
    """

    def __init__(self, why: str, findings: Iterable[str] = (), *, is_unreadable: bool = False) -> None:
        super().__init__(why)
        self.why, self.findings, self.is_unreadable = why, tuple(findings), is_unreadable


class NoProcess(Exception):
    """The system has no process, no memory or no descriptor. The text says so."""


def first(load: Callable[[], Loaded], log: Log, signals: Signals, timings: Timings = Timings()) -> Generation:
    """The first generation; from now on this process is the parent of those whose own has ended, among them workers.

    Raises:
        Refused: the configuration is not to be served.
        NoProcess: the system has none.
        SystemExit: a signal says so.
    """
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    generation = Generation(load, log, signals.leave, timings)

    def hears(generation: Generation) -> bool:
        if signals.ends:
            raise SystemExit(0)
        return bool(plain.readable([generation.channel], 0.2))

    try:
        generation.wait(hears)
    except BaseException:
        generation.end()
        raise
    return generation


class Generation:
    """The supervisor's end.

    Args:
        load: reads and checks the configuration; raises OSError when it can't be read.
        log: for errors of VIPgate itself, and for the workers.
        leave: called in the new process: closes what it has no use for.
        timings: how long is waited for it.

    Attributes:
        channel: readable when `hear` has something to do.
        pid: of the process.
        findings: of the file.
        applied: what was read.

    Raises:
        NoProcess: see there.
    """

    def __init__(self, load: Callable[[], Loaded], log: Log, leave: Callable[[], None], timings: Timings) -> None:
        self._timings = timings
        self._is_ended = False
        self._plan: Plan | None = None
        self.findings: list[str] = []
        self.applied = Applied()
        try:
            self.channel, theirs = plain.socketpair()
        except OSError as error:
            raise NoProcess(system_says(error)) from None
        with theirs:
            try:
                self.pid = plain.fork()
            except OSError as error:
                self.channel.close()
                raise NoProcess(system_says(error)) from None
            if self.pid == 0:
                self.channel.close()
                live(lambda: _Mould(load, theirs, log, timings).run(), log, leave, "vipgate-config")
        self.channel.settimeout(self._timings.fork)

    @property
    def plan(self) -> Plan:
        """How it is to be served; to be asked after `wait`."""
        assert self._plan is not None
        return self._plan

    def hear(self) -> None:
        """Take one message. Raises Refused: the configuration is not to be served, or the process died."""
        try:
            message, descriptors, *_ = stdlib_socket.recv_fds(self.channel, _LONGEST, 1, stdlib_socket.MSG_CMSG_CLOEXEC)
        except OSError:
            message, descriptors = b"", []
        if descriptors:
            self.applied = Applied(descriptors[0])
        text = message.decode("utf-8", "replace")
        if message.startswith(_FINDING):
            self.findings.append(unpack(text.removeprefix(_FINDING.decode())))
        elif message.startswith(_READY):
            self._plan = Plan.decode(message.removeprefix(_READY))
        elif message.startswith(_REFUSED):
            kind, _, why = text.removeprefix(_REFUSED.decode()).partition(" ")
            raise Refused(unpack(why), self.findings, is_unreadable=kind == "unreadable")
        else:
            raise Refused(say("the process that reads the configuration has died; the log has more"), self.findings)

    def wait(self, hears: Callable[[Generation], bool]) -> None:
        """Wait until the configuration has been read.

        Args:
            hears: waits a while; whether `hear` has something to do.

        Raises:
            Refused: the configuration is not to be served, or was not read in time.
        """
        until = time.monotonic() + self._timings.load
        while self._plan is None:
            if hears(self):
                self.hear()
            elif time.monotonic() > until:
                raise Refused(
                    say(
                        "it was not read within {load:g} s; is a file that it names on a mount that hangs?",
                        load=self._timings.load,
                    )
                )

    def fork(self, number: int, channel: Any, port: Any) -> int:
        """Fork a worker; its process id.

        Args:
            number: unique in the service.
            channel: both ends of the pair that it will speak over, the supervisor's first.
            port: the socket that it accepts from.

        Raises:
            NoProcess: see there.
        """
        ours, theirs = channel
        descriptors = array("i", [theirs.fileno(), port.fileno()])
        rights = [(stdlib_socket.SOL_SOCKET, stdlib_socket.SCM_RIGHTS, descriptors)]
        try:
            self.channel.sendmsg([str(number).encode()], rights)
            theirs.close()
            ours.settimeout(self._timings.fork)
            answer = ours.recv(_LONGEST)
        except OSError as error:
            raise NoProcess(
                say("the process that has the configuration does not answer: {why}", why=system_says(error))
            ) from None
        if answer.startswith(PID):
            return int(answer.removeprefix(PID))
        raise NoProcess(answer.removeprefix(FAILED).decode() or say("the process that has the configuration is gone"))

    def leave(self) -> None:
        """Close it, in a process that was forked."""
        self.channel.close()
        self.applied.close()

    def has_died(self) -> bool:
        """Whether it has ended by itself; its workers live on, but it forks no more."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def end(self) -> None:
        """It is of no further use; its workers go on."""
        self._is_ended = True
        self.leave()
        os.kill(self.pid, signal.SIGKILL)

    def is_gone(self) -> bool:
        """Whether it has ended, after `end`; to be asked until it is. While it hangs on a mount it can't be killed."""
        return self._is_ended and bool(plain.waitpid(self.pid, os.WNOHANG)[0])


class _Mould:
    """The other end: reads, says what it found, and forks workers until it is not needed any more."""

    def __init__(self, load: Callable[[], Loaded], channel: Any, log: Log, timings: Timings) -> None:
        self._load = load
        self._timings = timings
        self._channel = channel
        self._log = log

    def run(self) -> None:
        try:
            loaded = self._load()
        except OSError as error:
            return self._refuse(of_file(error), "unreadable")
        except Exception:  # noqa: BLE001 - whatever it is, the running configuration goes on
            self._log.error("error while reading the configuration", exception=traceback.format_exc())
            return self._refuse(say("an error in VIPgate itself; its log has more"))
        for finding in loaded.findings[:MOST_FINDINGS]:
            self._say(_FINDING, str(finding))
        if more := len(loaded.findings[MOST_FINDINGS:]):
            self._say(_FINDING, say("and {count} more; vipgate check lists all of them", count=more))
        configuration = loaded.configuration
        if configuration is None:
            return self._refuse(say("the configuration is wrong"))
        if configuration.store.url and (why := find_foreign(configuration.store.key_file)):
            return self._refuse(why)
        if configuration.store.url is not None:
            _import_store(configuration.store.url)
        if configuration.server.traces:
            with suppress(ImportError):  # the worker reports it
                import_module(worker.TRACING)
        self._be_ready(loaded)
        del loaded  # with what was read: neither this process nor a worker needs it any more
        gc.freeze()  # else the collector's marks make a copy of all of it in each worker
        while order := self._receive():
            number, channel, port = order
            with channel, port:
                log = self._log.bind(worker=number)
                self._fork(partial(_serve, configuration, port, channel, log, self._timings), channel, log)
        return None

    def _be_ready(self, loaded: Loaded) -> None:
        """Say how it is to be served, and hand over what was read."""
        assert loaded.configuration is not None, "it is valid"
        message, descriptors = _READY + Plan.of(loaded.configuration).encode(), []
        if loaded.reading is not None:
            try:
                descriptors.append(seal(loaded.reading))
            except OSError as error:
                self._log.warning("what is applied can't be kept for vipgate diff --running", why=error.strerror)
        stdlib_socket.send_fds(self._channel, [message], descriptors)
        for descriptor in descriptors:
            os.close(descriptor)

    def _say(self, what: bytes, text: str) -> None:
        self._channel.send(what + pack(text, _LONGEST - len(what)))

    def _refuse(self, why: str, kind: str = "wrong") -> None:
        self._say(_REFUSED + kind.encode() + b" ", why)

    def _receive(self) -> tuple[int, Any, Any] | None:
        """A worker's number, its end of the channel and the port; None when the supervisor needs no more."""
        descriptors = array("i")
        message, rights, _, _ = self._channel.recvmsg(
            64, stdlib_socket.CMSG_SPACE(2 * descriptors.itemsize), stdlib_socket.MSG_CMSG_CLOEXEC
        )
        for _, _, data in rights:
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
        if not message:
            return None
        channel, port = (plain.socket(fileno=descriptor) for descriptor in descriptors)
        return int(message), channel, port

    def _fork(self, run: Callable[[], None], channel: Any, log: Log) -> None:
        try:
            between = plain.fork()
            if between == 0:
                self._be_between(run, channel, log)
            plain.waitpid(between, 0)
        except OSError as error:
            channel.send(FAILED + (error.strerror or "").encode())

    def _be_between(self, run: Callable[[], None], channel: Any, log: Log) -> Never:
        """Fork the worker and end, so that the supervisor becomes its parent."""
        try:
            if plain.fork() == 0:
                live(run, log, self._channel.close, "vipgate-worker")
        except OSError as error:
            channel.send(FAILED + (error.strerror or "").encode())
        finally:
            os._exit(0)


def _serve(configuration: Configuration, port: Any, channel: Any, log: Log, timings: Timings) -> None:
    """What a worker does, from its first word to its last."""
    channel.send(PID + str(os.getpid()).encode())
    worker.Worker(configuration, port, channel, log, timings).run()


def _import_store(url: Secret) -> None:
    """Import once what each worker needs: calls wait for one that takes the place of a dead one."""
    import_module("vipgate_fs.store.store")
    with suppress(ImportError):  # the worker reports it
        import_module("vipgate_fs.store.database").Database(url)  # which imports the driver, too
