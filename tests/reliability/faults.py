"""What faults are measured with: calls beside the one that is hit, how calls ended, and when the next is served."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import gevent
from running_service import RIGHT, lost, until

from vipgate_fs.simulator import What


class Traffic:
    """Calls with the right PIN that begin one after the other, for as long as the block runs.

    Attributes:
        calls: that were placed.
        lost: how many of them did not get where the right PIN leads; known after the block.
    """

    def __init__(self, simulator, every=0.02):
        self.calls, self.lost = [], 0
        self._simulator, self._every = simulator, every

    def __enter__(self):
        self._placing = gevent.spawn(self._place)
        until(lambda: len(self.calls) >= 10)
        return self

    def __exit__(self, *error):
        self._placing.kill()
        self.lost = len(lost(self.calls))

    def _place(self):
        while True:
            self.calls.append(self._simulator.start(RIGHT, "700"))
            gevent.sleep(self._every)


def served_again(simulator, seconds=10.0):
    """Seconds until a caller who calls now, and again when refused, is asked for their PIN."""
    started = time.monotonic()
    while time.monotonic() < started + seconds:
        experience = simulator.start(RIGHT, "700").experience
        while not (experience.answered or experience.hung_up_by) and time.monotonic() < started + seconds:
            gevent.sleep(0.005)
        if experience.answered:
            return time.monotonic() - started
    raise AssertionError(f"nobody is served within {seconds} s")


def end(experience):
    """How a call ended for its caller, in a few words."""
    if any(moment.what is What.GAVE_UP for moment in experience.moments):
        return (
            "silence until they hang up" if not experience.answered else "silence after the prompt until they hang up"
        )
    if experience.transferred_to:
        return "through"
    return "hung up on" if experience.answered else f"refused ({experience.status})"


def descriptors(pid):
    """File descriptors that a process has open for connections; the store opens its own when it needs them."""
    return sum(_target(link).startswith("socket:") for link in Path(f"/proc/{pid}/fd").iterdir())


def _target(link):
    with suppress(FileNotFoundError):  # closed meanwhile
        return str(link.readlink())
    return ""


def resident(pid):
    """Resident memory of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
