"""A gate inside another command: `call` and `demo` try a configuration without a service and without a switch.

It listens nowhere: it does not count failed attempts, and whoever reached it could try all PINs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from gevent import socket
from gevent.pool import Pool

from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.memory import InMemory, Memory
from vipgate_fs.service.calls import CallHandler, Clock, system_clock
from vipgate_fs.service.logs import Log, configure

_DRAIN: Final = 1.0
"""Seconds for calls that have not ended with the block."""


@contextmanager
def embedded_gate(
    configuration: Configuration,
    clock: Clock = system_clock,
    level: str = "warning",
    memory: Memory | None = None,
    log: Log | None = None,
) -> Iterator[Callable[[str, int], Any]]:
    """Serve a configuration while the block runs; gives what `Simulator` takes as `dial`.

    No call is recorded.

    Args:
        configuration: its `server` section is left aside.
        clock: the time that the gate goes by.
        level: how much of its log goes to stderr.
        memory: what is remembered across calls; default: nothing yet, and failed attempts count in this process.
        log: default: one of that level, to stderr, which is from then on the process's.
    """
    log = log or configure(level, sys.stderr)
    serve, calls = CallHandler(configuration, log, clock, memory or InMemory(log)), Pool()

    def dial(host: str, port: int) -> Any:
        ours, theirs = socket.socketpair()
        calls.spawn(serve, theirs, (host, port))
        return ours

    try:
        yield dial
    finally:
        calls.join(timeout=_DRAIN)
        calls.kill()
