"""A gate inside of another command: `call` and `demo` try a configuration without a service and without a switch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from vipgate_fs.config.model import Configuration
from vipgate_fs.service.calls import Clock, system_clock
from vipgate_fs.service.logs import configure
from vipgate_fs.service.server import GateServer


@contextmanager
def embedded_gate(configuration: Configuration, clock: Clock = system_clock, level: str = "warning") -> Iterator[int]:
    """Serve a configuration on a free port of this machine while the block runs; gives the port.

    Args:
        configuration: its `server` section is left aside.
        clock: the time that the gate goes by.
        level: how much of its log goes to stderr.
    """
    local = replace(configuration, server=replace(configuration.server, host="127.0.0.1", port=0))
    server = GateServer(local, configure(level, sys.stderr), clock)
    server.start()
    try:
        yield server.port
    finally:
        server.stop(drain=1.0)
