"""Many calls of every kind through one worker with a store: nothing of them may be left in it.

A caller has the right PIN, wrong ones, is rejected, or goes away in the prompt. What is counted after them: greenlets,
file descriptors, resident memory.
"""

from __future__ import annotations

import sys

if "--serve" in sys.argv:  # as the command `vipgate serve` does, before anything else is imported
    from gevent import monkey

    monkey.patch_all()
import argparse
import gc
import json
import os
import subprocess
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import gevent
from gevent.os import tp_read
from load import Load

from vipgate_fs import config
from vipgate_fs.service.logs import configure
from vipgate_fs.service.server import GateServer
from vipgate_fs.service.worker import site_memory

CONFIGURATION = """
version: 1
server: {listen: "127.0.0.1:0", max_calls: 10000}
gates:
  pin: {protects: {numbers: ["700"]}, identify: [{static_pin: {pin: "081547"}}]}
  wrong: {protects: {numbers: ["701"]}, identify: [{static_pin: {pin: "605142"}}]}
  closed: {protects: {numbers: ["702"]}, otherwise: {reject: true}}
"""
KINDS = {"700": "transfer 700 XML vipgate-passed", "701": "respond 486", "702": "respond 486", "700, gone": "closed"}
"""The number that is called, and how the call ends; one kind of caller goes away in the prompt."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a process holds."""

    greenlets: int
    descriptors: int  # but for those of the store's file, which it opens when it needs them
    megabytes: float

    @classmethod
    def of_this_process(cls) -> Left:
        """Counted now."""
        gc.collect()
        return cls(
            greenlets=sum(isinstance(it, gevent.Greenlet) and not it.dead for it in gc.get_objects()),
            descriptors=sum("vipgate.db" not in os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()),
            megabytes=int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6,
        )


class Worker:
    """The gate, in a process of its own that answers each line with what it holds."""

    def __init__(self, folder: Path) -> None:
        config = folder / "vipgate.yaml"
        config.write_text(CONFIGURATION)
        command = [sys.executable, __file__, "--serve", str(config)]
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1
            )
        self.port = int(self._line())

    def left(self) -> Left:
        """What is left in it; waits until it serves no call."""
        self.process.stdin.write("\n")  # type: ignore[union-attr]
        return Left(**json.loads(self._line()))

    def _line(self) -> str:
        return self.process.stdout.readline()  # type: ignore[union-attr]


@contextmanager
def running():
    """A worker with an empty store."""
    with tempfile.TemporaryDirectory() as folder:
        worker = Worker(Path(folder))
        try:
            yield worker
        finally:
            worker.process.kill()
            worker.process.communicate()


def serve(path: str) -> None:
    """What the worker's process does."""
    configuration, log = config.load(Path(path)).configuration, configure("info")
    memory = site_memory(configuration, log)
    memory.open()
    server = GateServer(configuration, log, memory=memory)
    server.start()
    print(server.port, flush=True)
    while tp_read(0, 1):
        while server.connections:
            gevent.sleep(0.01)
        left = Left.of_this_process()
        print(json.dumps({name: getattr(left, name) for name in Left.__slots__}), flush=True)


def place(port: int, calls: int, parallel: int) -> Counter[tuple[str, str]]:
    """Place calls, of each kind as many; (kind, how it ended) with their numbers."""
    loads = {kind: Load(port, kind[:3], ("081547#",) * 3, 0.01, gone="gone" in kind) for kind in KINDS}
    with ThreadPoolExecutor() as threads:
        share, at_a_time = calls // len(KINDS), max(parallel // len(KINDS), 1)
        for done in [threads.submit(load.run, share, at_a_time) for load in loads.values()]:
            done.result()
    return Counter({(kind, end): number for kind, load in loads.items() for end, number in load.ends.items()})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--parallel", type=int, default=50)
    parser.add_argument("--serve", metavar="CONFIG", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    with running() as worker:
        place(worker.port, 2000, options.parallel)
        print(f"before: {worker.left()}", flush=True)
        started, tenth = time.monotonic(), max(options.calls // 10, 1)
        for turn in range(1, 11):
            ends = place(worker.port, tenth, options.parallel)
            unexpected = {kind: number for kind, number in ends.items() if KINDS[kind[0]] != kind[1]}
            print(
                f"{tenth * turn} calls, {time.monotonic() - started:.0f} s: {worker.left()} {unexpected or ''}",
                flush=True,
            )


if __name__ == "__main__":
    main()
