"""More than a site ever sees, against a service as `vipgate serve` starts it, with a store in a file.

    idle      peers that connect and say nothing, while a process may have 2,048 descriptors
    bytes     peers that send 4 MB each before they show a call
    calls     calls as fast as they come, rejected or with a PIN: each has a record in the end
    reloads   one after the other, beside calls
    purge     of records that are too old when the service starts, beside calls

It prints what was seen and ends with 1 where something was lost that must not be.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import gevent
from gevent import socket
from load import Load

from vipgate_fs.service.control import ask_to_reload

CONFIGURATION = """
version: 1
server: {{listen: "127.0.0.1:0", max_calls: 10000, workers: {workers}, allow: ["127.0.0.1"]}}
gates:
  pin: {{protects: {{numbers: ["700"]}}, identify: [{{static_pin: {{pin: "081547"}}}}]}}
  closed: {{protects: {{numbers: ["702"]}}, otherwise: {{reject: true}}}}
"""
ENDS = {"700": "transfer 700 XML vipgate-passed", "702": "respond 486"}
DESCRIPTORS = 2048
LONGEST = 7200.0
"""Seconds that a purge may take."""


class Service:
    """`vipgate serve` in a folder of its own.

    Args:
        folder: where its files are.
        workers: how many it has.
        descriptors: that each of its processes may have.
    """

    def __init__(self, folder: Path, workers: int = 2, descriptors: int = 65536) -> None:
        self.config, self.log, self.store = (folder / name for name in ("vipgate.yaml", "log", "vipgate.db"))
        self.config.write_text(CONFIGURATION.format(workers=workers))
        most = min(descriptors, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        limited = ["sh", "-c", 'ulimit -n "$0" && exec "$@"', str(most)]
        command = [sys.executable, "-m", "vipgate_fs", "serve", "--log-format", "json", "--config", str(self.config)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen([*limited, *command], stderr=log, stdout=log, start_new_session=True)
        self.port = self._port()

    def _port(self) -> int:
        with gevent.Timeout(60, TimeoutError(self.log.read_text())):
            while not (found := re.search(r'"event": "listening".*?"port": (\d+)', self.log.read_text())):
                gevent.sleep(0.05)
        return int(found[1])

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Those of its log."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def faults(self) -> Counter[str]:
        """Warnings and errors of its log."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return Counter(line["event"] for line in lines if line["level"] in {"warning", "error"})

    def processes(self) -> dict[str, list[int]]:
        """All of it, by name."""
        done = subprocess.run(
            ["ps", "-o", "pid=,comm=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        found: dict[str, list[int]] = {"supervisor": [self.process.pid]}
        for line in done.stdout.splitlines():
            found.setdefault(line.split()[1].removeprefix("vipgate-"), []).append(int(line.split()[0]))
        return found

    def held(self) -> str:
        """What its processes hold now, in words."""
        return "; ".join(
            f"{name} {', '.join(f'{_megabytes(pid):.0f} MB {_descriptors(pid)} descriptors' for pid in pids)}"
            for name, pids in sorted(self.processes().items())
        )

    def peak(self) -> float:
        """The most that a worker has had in memory since it started, in megabytes."""
        return max(_megabytes(pid, "VmHWM") for pid in self.processes().get("worker", []))

    def records(self) -> int:
        """How many are in its store."""
        with closing(sqlite3.connect(self.store)) as store:
            return int(store.execute("SELECT count(*) FROM vipgate_calls").fetchone()[0])

    def end(self) -> int:
        """SIGTERM; the exit status."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(60)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait(10)


def _megabytes(pid: int, which: str = "VmRSS") -> float:
    text = Path(f"/proc/{pid}/status").read_text() if Path(f"/proc/{pid}").exists() else ""
    found = re.search(rf"{which}:\s+(\d+)", text)
    return int(found[1]) / 1000 if found else 0.0


def _descriptors(pid: int) -> int:
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return 0


@contextmanager
def running(workers: int = 2, descriptors: int = 65536) -> Iterator[Service]:
    """A service, which ends with this."""
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder), workers, descriptors)
        try:
            yield service
        finally:
            service.end()


class Calls:
    """Calls of both kinds, so many at once, until all are placed or this is to end."""

    def __init__(self, port: int, parallel: int = 20) -> None:
        self.loads = [Load(port, "081547", 0.0, "vipgate_digits", called) for called in ENDS]
        self._parallel = parallel
        self._ends = False
        self._placing: list[Any] = []

    def place(self, count: float = float("inf"), every: float = 0.0) -> Calls:
        """Begin."""
        turns = iter(range(10**9))

        def caller() -> None:
            for turn in turns:
                if self._ends or turn >= count:
                    return
                try:
                    self.loads[turn % len(self.loads)].call()
                except OSError as error:
                    self.loads[turn % len(self.loads)].ends[f"not connected: {type(error).__name__}"] += 1
                gevent.sleep(every)

        self._placing = [gevent.spawn(caller) for _ in range(self._parallel)]
        return self

    def wait(self) -> Calls:
        """Until all are placed."""
        gevent.joinall(self._placing)
        return self

    def stop(self) -> Calls:
        """Place no more."""
        self._ends = True
        return self.wait()

    @property
    def count(self) -> int:
        """How many have ended."""
        return sum(sum(load.ends.values()) for load in self.loads)

    @property
    def lost(self) -> Counter[str]:
        """Those that ended otherwise than they should, by how."""
        return Counter(
            {
                end: number
                for load, right in zip(self.loads, ENDS.values(), strict=True)
                for end, number in load.ends.items()
                if end != right
            }
        )

    def __str__(self) -> str:
        seconds = sorted(second for load in self.loads for second in load.seconds) or [0.0]
        late = seconds[int(len(seconds) * 0.99)]
        middle, late, most = (f"{each * 1000:.0f} ms" for each in (statistics.median(seconds), late, seconds[-1]))
        lost = f"{sum(self.lost.values())} lost {dict(self.lost) or ''}"
        return f"{self.count} calls, {lost}: median {middle}, 99 % {late}, at most {most}"


def _many_files() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def idle(count: int) -> int:
    """Peers that connect and say nothing, from an address that is served and from one that is not."""
    lost = 0
    for source in ("127.0.0.1", "127.0.0.2"):
        with running(descriptors=DESCRIPTORS) as service:
            print(f"{count} idle peers, {_who(source)}, {DESCRIPTORS} descriptors")
            print(f"  before: {service.held()}; {Calls(service.port).place(200).wait()}", flush=True)
            calls, peers, gate = Calls(service.port).place(every=0.01), [], ("127.0.0.1", service.port)
            for _ in range(count):
                with suppress(OSError):
                    peers.append(socket.create_connection(gate, timeout=5, source_address=(source, 0)))
            until, most = time.monotonic() + 12, service.held()
            while time.monotonic() < until or calls.count < 707:
                most = max(most, service.held(), key=lambda held: sum(map(int, re.findall(r"(\d+) descriptors", held))))
                gevent.sleep(0.2)
            print(f"  at the most: {most}", flush=True)
            calls.stop()
            print(f"  beside them: {calls}")
            for peer in peers:
                peer.close()
            gevent.sleep(1)
            _print_after(service, 200)
            lost += sum(calls.lost.values())
    return lost


def flood(count: int) -> int:
    """Peers that send 4 MB before they show a call."""
    lost, data = 0, b"A: " + b"x" * 4_000_000
    for source in ("127.0.0.1", "127.0.0.2"):
        with running() as service:
            print(f"{count} peers that send 4 MB, {_who(source)}")
            print(f"  before: {service.held()}", flush=True)
            calls = Calls(service.port).place(every=0.01)

            def send(port: int = service.port, source: str = source) -> None:
                with (
                    suppress(OSError),
                    socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0)) as sock,
                ):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
                    sock.sendall(data)
                    gevent.sleep(12)

            gevent.joinall([gevent.spawn(send) for _ in range(count)])
            calls.stop()
            print(f"  beside them: {calls}; a worker had {service.peak():.0f} MB at the most")
            _print_after(service, 200)
            lost += sum(calls.lost.values())
    return lost


def burst(count: int) -> int:
    """Calls as fast as they come: each has a record in the end."""
    with running(workers=4) as service:
        print(f"{count} calls to 4 workers with a store\n  before: {service.held()}", flush=True)
        began = time.monotonic()
        calls = Calls(service.port, 200).place(count).wait()
        seconds = time.monotonic() - began
        print(f"  {calls}; {calls.count / seconds:.0f} a second", flush=True)
        gevent.sleep(2)
        print(f"  after: {service.held()}; records {service.records()}; faults {dict(service.faults())}")
        service.end()
        missing = count - service.records()
        print(f"  records missing after the end: {missing}", flush=True)
        return missing + sum(calls.lost.values())


def reloads(count: int) -> int:
    """Reloads, one after the other, beside calls."""
    with running() as service:
        refused, took = 0, []
        ask_to_reload(service.config)
        gevent.sleep(1)
        print(f"{count} reloads\n  before: {service.held()}", flush=True)
        calls = Calls(service.port, 2).place(every=0.05)
        for _ in range(count):
            began = time.monotonic()
            refused += bool(gevent.get_hub().threadpool.apply(ask_to_reload, (service.config,)).why)
            took.append(time.monotonic() - began)
        calls.stop()
        gevent.sleep(2)
        died = len(service.lines("worker died"))
        print(f"  a reload takes {statistics.median(took):.2f} s, {max(took):.2f} s at the most; {refused} refused")
        print(f"  beside them: {calls}; lines `worker died`: {died}")
        _print_after(service, 200)
        return refused + died + sum(calls.lost.values())


def purge(count: int) -> int:
    """Records that are too old when the service starts."""
    with running() as before:
        Calls(before.port).place(2).wait()
        gevent.sleep(1)
        print(
            f"{count} records that are too old\n  before: {Calls(before.port).place(500, every=0.01).wait()}",
            flush=True,
        )
        before.end()
        old = _fill(before.store, count)
        print(f"  the store has {before.store.stat().st_size / 1e6:.0f} MB", flush=True)
        service = Service(before.store.parent)
        try:
            began, calls = time.monotonic(), Calls(service.port).place(every=0.01)
            while (left := _older(service.store, old)) and time.monotonic() - began < LONGEST:
                gevent.sleep(2)
            calls.stop()
            print(f"  beside the purge, {time.monotonic() - began:.0f} s: {calls}; left {left}", flush=True)
            _print_after(service, 500)
        finally:
            service.end()
        return left + sum(calls.lost.values())


def _who(source: str) -> str:
    return "served" if source == "127.0.0.1" else "not in server.allow"


def _print_after(service: Service, count: int) -> None:
    calls = Calls(service.port).place(count, every=0.01).wait()
    print(f"  after: {service.held()}; {calls}; faults {dict(service.faults())}", flush=True)


def _fill(path: Path, count: int) -> float:
    """Copies of one record, all of a year ago; when that was."""
    with closing(sqlite3.connect(path)) as store:
        names = [row[1] for row in store.execute("PRAGMA table_info(vipgate_calls)")]
        other = {"uuid": "printf('%08x', i)", "began": ":old - 1 + i / 4e6", "ended": ":old + i / 4e6"}
        values, columns = ", ".join(other.get(name, name) for name in names), ", ".join(names)
        old = time.time() - 365 * 86_400
        statement = f"""
            WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < :count)
            INSERT INTO vipgate_calls ({columns}) SELECT {values} FROM numbers, (SELECT * FROM vipgate_calls LIMIT 1)
        """
        with store:
            store.execute(statement, {"count": count, "old": old})
    return old + 86_400


def _older(path: Path, moment: float) -> int:
    """How many are older; so many at most are counted."""
    with closing(sqlite3.connect(path, timeout=30)) as store:
        older = "SELECT count(*) FROM (SELECT 1 FROM vipgate_calls WHERE ended < ? LIMIT 10000)"
        return int(store.execute(older, (moment,)).fetchone()[0])


KINDS: dict[str, tuple[Callable[[int], int], int]] = {
    "idle": (idle, 5_000),
    "bytes": (flood, 500),
    "calls": (burst, 51_200),
    "reloads": (reloads, 500),
    "purge": (purge, 2_000_000),
}


def main() -> None:
    """Do it and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--count", type=int, help="how many")
    options = parser.parse_args()
    _many_files()
    run, usual = KINDS[options.kind]
    sys.exit(bool(run(options.count or usual)))


if __name__ == "__main__":
    main()
