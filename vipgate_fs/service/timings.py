"""How long the processes of the service wait for each other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timings:
    """All in seconds; the unit file goes by the defaults.

    Attributes:
        load: for a configuration to be read.
        fork: for a worker to be forked; the supervisor does nothing else meanwhile.
        start: for new workers to be ready.
        heartbeat: between two signs of life of a worker.
        blocked: without a sign of life, or without accepting no more when it is to, after which a worker is killed.
        stable: that a worker must have lived to be replaced at once.
        back_off: before a worker is replaced that lived shorter; doubled with each one more.
        most_back_off: what that grows to.
        hopeless: of back-off from which on the port is closed when no worker serves: callers would wait in silence.
        attend: before a process that serves no call is replaced, or its port tried again; doubled, too.
        cut_off: for workers to exit after the order to cut off their calls; then they are killed.
        tick: between two looks at what is due, and between two signs of life of the supervisor.
    """

    load: float = 60.0
    fork: float = 10.0
    start: float = 10.0
    heartbeat: float = 1.0
    blocked: float = 10.0
    stable: float = 10.0
    back_off: float = 0.1
    most_back_off: float = 30.0
    hopeless: float = 1.0
    attend: float = 1.0
    cut_off: float = 5.0
    tick: float = 1.0
