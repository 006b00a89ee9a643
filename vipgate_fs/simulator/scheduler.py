"""The switch's scheduler, as far as a dialplan around a gate uses it (mod_dptools.c: sched_transfer, sched_cancel)."""

from __future__ import annotations

import itertools
from typing import Any

from vipgate_fs.simulator.applications import transfer
from vipgate_fs.simulator.arguments import number
from vipgate_fs.simulator.clock import Clock
from vipgate_fs.simulator.session import Session


class Scheduler:
    """Transfers calls later, unless that is cancelled before.

    Args:
        clock: the simulator's time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ids = itertools.count(1)
        self._tasks: dict[int, tuple[Session, Any]] = {}

    def transfer(self, session: Session, data: str) -> None:
        """The application `sched_transfer +SECONDS TARGET…`; the task's id is then in the variable last_sched_id."""
        after, _, target = data.partition(" ")
        task = next(self._ids)
        timer = self._clock.later(number(after.removeprefix("+")), self._due, task, target)
        self._tasks[task] = session, timer
        session.channel.set("last_sched_id", str(task))

    def cancel(self, session: Session, data: str) -> None:
        """The application `sched_cancel [ID]`; without an id it cancels all that is scheduled for the call."""
        meant = [number(data)] if data else [task for task, (owner, _) in self._tasks.items() if owner is session]
        for task in meant:
            if task in self._tasks:
                self._tasks.pop(task)[1].kill(block=False)

    def _due(self, task: int, target: str) -> None:
        transfer(self._tasks.pop(task)[0], target)
