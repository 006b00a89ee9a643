"""Processor time and memory per call: the gate, with a store, metrics and the page, beside greenswitch's own server.

They take turns; `table` has more of them, and more figures. With metrics, somebody asks for /metrics once a second;
Prometheus usually does every 15 s.

A call: connect, decide, answer, one prompt, right PIN, transfer. What counts is the operating system's accounting of
the server and its workers (/proc/PID/task/TID/schedstat, nanoseconds), not the clock. With a
store, every entry is a transaction on the disk.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from load import Load

HERE = Path(__file__).parent
GATE = """
version: 1
store: {store}
server: {{listen: "127.0.0.1:{port}"{more}}}
gates:
  bench:
    protects: {{numbers: ["700"]}}
    identify: [{{static_pin: {{pin: "0815"}}}}]
"""


class Server:
    """One server under test, in a process of its own."""

    def __init__(self, name: str, command: list[str], port: int, pages: int | None = None) -> None:
        self.name, self.port, self.pages = name, port, pages
        self.load = Load(port, "700", ("0815#",), patience=10.0)
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.cpu_ms: list[float] = []
        for _ in range(1200):  # a minute: the machine may be busy
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit(f"{name} does not listen")

    def cpu(self) -> float:
        """Milliseconds on a processor, all processes and threads."""
        files = (task / "schedstat" for process in self._processes() for task in (process / "task").iterdir())
        return sum(int(file.read_text().split()[0]) for file in files) / 1e6

    def memory(self) -> float:
        """Resident kilobytes, all processes."""
        pages = sum(int((process / "statm").read_text().split()[1]) for process in self._processes())
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024

    def _processes(self) -> list[Path]:
        """The server's process and its workers, in /proc."""
        own = Path(f"/proc/{self.process.pid}")
        workers = (child for file in own.glob("task/*/children") for child in file.read_text().split())
        return [own, *(Path("/proc", pid) for pid in workers)]

    def round(self, calls: int, parallel: int) -> None:
        """One measured round of calls."""
        before = self.cpu()
        with _asked_for(self.pages):
            self.load.run(calls, parallel)
        self.cpu_ms.append((self.cpu() - before) / calls)

    def waiting(self, calls: int) -> float:
        """Kilobytes for each caller who waits in a prompt."""
        before = self.memory()
        held = self.load.hold(calls)
        time.sleep(0.5)
        grown = self.memory() - before
        for sock in held:
            sock.close()
        return grown / calls

    def end(self) -> None:
        """End it, within half a minute."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


@contextmanager
def _asked_for(port: int | None) -> Iterator[None]:
    """Somebody asks for a server's figures, once a second."""
    done = threading.Event()

    def ask() -> None:
        while True:
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
                page.read()
            if done.wait(1.0):
                return

    thread = threading.Thread(target=ask)
    if port:
        thread.start()
    try:
        yield
    finally:
        done.set()
        if port:
            thread.join()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _gate(name: str, folder: Path, store: str = "none", *, metrics: bool = False, page: bool = False) -> Server:
    port, pages = free_port(), free_port() if metrics else None
    config = folder / f"{port}.yaml"
    more = f', metrics: "127.0.0.1:{pages}"' if metrics else ""
    more += ', admin: "127.0.0.1:0"' if page else ""
    config.write_text(GATE.format(port=port, store=store, more=more))
    command = [sys.executable, "-m", "vipgate_fs", "serve", "--config", str(config)]
    return Server(name, command, port, pages)


def measure(calls: int, rounds: int, parallel: int, waiting: int) -> dict[str, tuple[list[float], float]]:
    """For each server: CPU milliseconds per call of every round, and kilobytes per waiting caller."""
    with tempfile.TemporaryDirectory() as folder:
        servers = [
            _gate("vipgate", Path(folder)),
            _gate("with metrics", Path(folder), metrics=True),
            _gate("with a store", Path(folder), "sqlite:///bench.db"),
            _gate("store, metrics, page", Path(folder), "sqlite:///all.db", metrics=True, page=True),
        ]
        port = free_port()
        command = [sys.executable, str(HERE / "greenswitch_server.py"), str(port)]
        servers.append(Server("greenswitch", command, port))
        try:
            for server in servers:
                server.load.run(parallel, parallel)
            for _ in range(rounds):
                for server in servers:
                    server.round(calls, parallel)
            result = {server.name: (server.cpu_ms, server.waiting(waiting)) for server in servers}
            for server in servers:
                kilobytes = server.load.bytes / server.load.ends.total() / 1000
                print(f"{server.name}: {dict(server.load.ends)}, {kilobytes:.0f} kB a call")
            return result
        finally:
            for server in servers:
                server.end()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--parallel", type=int, default=100)
    parser.add_argument("--waiting", type=int, default=500)
    options = vars(parser.parse_args())
    for name, (cpu_ms, kilobytes) in measure(**options).items():
        spread = f"{min(cpu_ms):.2f} to {max(cpu_ms):.2f}"
        print(
            f"{name:20} {statistics.median(cpu_ms):.2f} ms CPU a call ({spread}), {kilobytes:.0f} kB a waiting caller"
        )


if __name__ == "__main__":
    main()
