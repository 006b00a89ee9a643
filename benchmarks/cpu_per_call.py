"""Processor time and memory per call: the gate beside greenswitch's own server, interleaved.

A call: connect, decide, answer, one prompt, right PIN, transfer. What counts is the operating system's accounting of
the server process (/proc/PID/schedstat, nanoseconds), not the clock.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from load import Load

HERE = Path(__file__).parent
GATE = """
version: 1
server: {{listen: "127.0.0.1:{port}"}}
gates:
  bench:
    protects: {{numbers: ["700"]}}
    identify: [{{static_pin: {{pin: "0815"}}}}]
"""


class Server:
    """One server under test, in a process of its own."""

    def __init__(self, name: str, command: list[str], variable: str, port: int) -> None:
        self.name, self.port = name, port
        self.load = Load(port, "0815", 0.1, variable, "700")
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.cpu_ms: list[float] = []
        for _ in range(200):
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit(f"{name} does not listen")

    def cpu(self) -> float:
        """Milliseconds on a processor, all threads."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6

    def memory(self) -> float:
        """Resident kilobytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024

    def round(self, calls: int, parallel: int) -> None:
        """One measured round of calls."""
        before = self.cpu()
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


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def measure(calls: int, rounds: int, parallel: int, waiting: int) -> dict[str, tuple[list[float], float]]:
    """For each server: CPU milliseconds per call of every round, and kilobytes per waiting caller."""
    ports = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "vipgate.yaml")
        config.write_text(GATE.format(port=ports[0]))
        servers = [
            Server(
                "vipgate",
                [sys.executable, "-m", "vipgate_fs", "serve", "--config", str(config)],
                "vipgate_digits",
                ports[0],
            ),
            Server(
                "greenswitch", [sys.executable, str(HERE / "greenswitch_server.py"), str(ports[1])], "pin", ports[1]
            ),
        ]
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
                server.process.kill()
                server.process.wait()


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
            f"{name:12} {statistics.median(cpu_ms):.2f} ms CPU a call ({spread}), {kilobytes:.0f} kB a waiting caller"
        )


if __name__ == "__main__":
    main()
