"""One table: the gate with everything on, beside others, in one interleaved run, as docs/performance.md shows it.

Everything on: a schedule, a list of 10,000 callers, the lockout, call records, the log at INFO; with SQLite, PostgreSQL
or without a store, with one worker or two. The others know nothing of the kind: greenswitch's own server, and the least
that gevent can do. Each call: connect, answer, one prompt, right PIN after 0.1 s, transfer.

The servers take turns, and each turn prints a line. At the end each has callers who wait, is ended, and has its row. A
call whose server says nothing for ten seconds is lost, and no round begins after `--minutes`: so a run ends.

`--write` puts the table into docs/performance.md, and its picture beside it.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import resource
import socket
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from cpu_per_call import HERE, Server, free_port

sys.path.insert(0, str(HERE.parent / "tests"))
import database_servers

DOCUMENT = HERE.parent / "docs" / "performance.md"
PICTURE = HERE.parent / "docs" / "pictures" / "cpu-per-call.svg"
BEGIN, END = "<!-- make bench -->\n", "<!-- end -->\n"
GATE = """
version: 1
store: "{store}"
server: {{listen: "127.0.0.1:{port}", workers: {workers}, max_calls: 20000}}
schedules: {{always: [{{days: mon-sun}}]}}
gates:
  bench:
    protects: {{numbers: ["700"]}}
    active: {{during: always}}
    timing: {{first_digit: "60s"}}
    identify: [{{callers: {{file: callers.csv}}}}, {{static_pin: {{pin: "0815"}}}}]
"""
ONE, BUSY, MANY, BURST = 1, 100, 300, 1000
ROUNDS = {ONE: 20, BUSY: 1000, MANY: 1500, BURST: 1000}
"""How many calls a round has, by how many there are at a time."""
WAITING = (2000, 10_000)
"""Callers who are in the prompt at the same time."""
IDLE = 3.0
"""Seconds for which they only wait."""
HEAD = (
    "server",
    "CPU ms a call, 1 at a time",
    "100 at a time",
    "1,000 at once",
    "calls a second, 300 at a time",
    "first byte, p99 of 1,000 at once, ms",
    "from the digits to the verdict, p50 / p99 of 1,000 at once, ms",
    "kB for each further caller who waits, of 2,000 to 10,000",
    "CPU while 10,000 wait",
    "calls lost",
)


def gate(name: str, folder: Path, store: str, workers: int = 1) -> Server:
    """A gate of its own folder."""
    own, port = folder / name.replace(" ", "-").replace(",", ""), free_port()
    own.mkdir()
    (own / "callers.csv").write_text("number\n" + "".join(f"+49171{number:07}\n" for number in range(10_000)))
    config = own / "vipgate.yaml"
    config.write_text(GATE.format(store=store, port=port, workers=workers))
    config.chmod(0o600)
    command = [sys.executable, "-m", "vipgate_fs", "serve", "--config", str(config), "--log-level", "info"]
    return Server(name, command, port)


def peer(name: str, program: str) -> Server:
    """A server that is no gate."""
    port = free_port()
    return Server(name, [sys.executable, str(HERE / program), str(port)], port)


class Figures:
    """What one server was measured at."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.cpu: dict[int, list[float]] = {parallel: [] for parallel in (ONE, BUSY, BURST)}
        self.rates: list[float] = []
        self.first: list[float] = []
        self.verdicts: list[float] = []
        self.gone = 0

    def turn(self) -> str:
        """One round of it; what it came to."""
        load, took = self.server.load, []
        for parallel, calls in ROUNDS.items():
            load.first, load.verdicts = [], []
            before = self.server.cpu()
            seconds = load.run(calls, parallel, together=parallel == BURST)
            cpu = (self.server.cpu() - before) / calls
            took.append(f"{parallel}: {cpu:.2f} ms, {calls / seconds:.0f}/s")
            if parallel in self.cpu:
                self.cpu[parallel].append(cpu)
            else:
                self.rates.append(calls / seconds)
        self.first += load.first
        self.verdicts += load.verdicts
        return "; ".join(took)

    def row(self) -> tuple[str, ...]:
        """As the table shows it: medians, and ranges of CPU; then there are those who wait, and the server ends."""
        kilobytes, idle = self._waiting()
        cpu = [f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})" for each in self.cpu.values()]
        verdicts = f"{percentile(self.verdicts, 50)} / {percentile(self.verdicts, 99)}"
        rate, first = f"{statistics.median(self.rates):.0f}", percentile(self.first, 99)
        ends = self.server.load.ends
        lost = self.gone + sum(count for end, count in ends.items() if not end.startswith("transfer"))
        return (self.server.name, *cpu, rate, first, verdicts, f"{kilobytes:.0f}", f"{idle:.1f} %", str(lost))

    def _waiting(self) -> tuple[float, float]:
        """Kilobytes for each after the first, who fill what a burst has left, and percent of a processor for all."""
        few, many = WAITING
        held = self.server.load.hold(few)
        before = self.server.memory()
        held += self.server.load.hold(many - len(held))
        kilobytes = (self.server.memory() - before) / (many - few)
        time.sleep(0.5)
        busy = self.server.cpu()
        time.sleep(IDLE)
        idle = (self.server.cpu() - busy) / IDLE / 10
        self.gone = many - len(held) + sum(has_ended(sock) for sock in held)
        for sock in held:
            sock.close()
        self.server.end()
        return kilobytes, idle


def has_ended(sock: socket.socket) -> bool:
    """Whether the server has hung up on a caller who waits."""
    try:
        return sock.recv(65536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def percentile(seconds: list[float], which: int) -> str:
    """In milliseconds."""
    return f"{statistics.quantiles(seconds, n=100)[which - 1] * 1000:.0f}"


def measure(servers: list[Server], rounds: int, minutes: float) -> tuple[list[tuple[str, ...]], int, dict[str, float]]:
    """The rows of the table, how many rounds there were, and milliseconds of CPU by server; the servers take turns."""
    until = time.monotonic() + minutes * 60
    figures = [Figures(server) for server in servers]
    for server in servers:
        server.load.run(BUSY, BUSY)  # to warm up
    for number in range(1, rounds + 1):
        if number > 1 and time.monotonic() > until:
            break
        for each in figures:
            print(f"round {number} of {rounds}, {each.server.name}: {each.turn()}", flush=True)
    rows = []
    for each in figures:
        load = each.server.load
        calls = load.ends.total()
        kilobytes, ours = load.bytes / calls / 1000, load.cpu / calls * 1000
        rows.append(each.row())
        print(line(rows[-1]), flush=True)
        print(
            f"{dict(load.ends)}, {kilobytes:.0f} kB a call; the load generator takes {ours:.2f} ms for it", flush=True
        )
    return rows, len(figures[0].rates), {each.server.name: statistics.median(each.cpu[BUSY]) for each in figures}


def line(cells: tuple[str, ...]) -> str:
    """Of a table in Markdown."""
    return "| " + " | ".join(cells) + " |"


def markdown(rows: list[tuple[str, ...]], rounds: int) -> str:
    """The table, and where it comes from."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = models[0].partition(": ")[2] if models else platform.machine()
    lines = [HEAD, ("---", *("--:",) * (len(HEAD) - 1)), *rows]
    return (
        "\n".join(map(line, lines))
        + f"\n\n![CPU a call](pictures/{PICTURE.name})\n\nMedians of {rounds} interleaved rounds, with their ranges, "
        f"on one machine with the load generator: {os.cpu_count()} processors, {model}, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}; its load was {os.getloadavg()[2]:.0f} "
        "(1 to 2 are the benchmark's own). `make bench` makes this table.\n"
    )


def picture(milliseconds: dict[str, float]) -> str:
    """Bars, as an SVG."""
    scale, height = 320 / max(milliseconds.values()), 26
    bars = "".join(
        f'<text x="196" y="{top + 17}" text-anchor="end">{name}</text>'
        f'<rect x="204" y="{top + 4}" width="{ms * scale:.0f}" height="18" fill="#3465a4"/>'
        f'<text x="{ms * scale + 210:.0f}" y="{top + 17}">{ms:.2f}</text>'
        for top, (name, ms) in zip(itertools.count(30, height), milliseconds.items(), strict=False)
    )
    size = f'width="580" height="{36 + height * len(milliseconds)}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">'
        f'<rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="204" y="20">milliseconds of CPU a call, 100 calls at a time</text>{bars}</svg>\n'
    )


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgresql = stack.enter_context(database_servers.postgresql())
        servers = []
        for name, store, workers in (
            ("VIPgate, no store", "none", 1),
            ("VIPgate, SQLite", "sqlite:///vipgate.db", 1),
            ("VIPgate, SQLite, two workers", "sqlite:///vipgate.db", 2),
            ("VIPgate, PostgreSQL", postgresql.url, 1),
        ):
            servers.append(gate(name, folder, store, workers))
            stack.callback(servers[-1].end)
        for name, program in (
            ("greenswitch's server", "greenswitch_server.py"),
            ("a bare gevent loop", "bare_server.py"),
        ):
            servers.append(peer(name, program))
            stack.callback(servers[-1].end)
        rows, rounds, milliseconds = measure(servers, options.rounds, options.minutes)
    text = markdown(rows, rounds)
    print(text)
    if options.write:
        before, _, rest = DOCUMENT.read_text("utf-8").partition(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}{text}{END}{rest.partition(END)[2]}", "utf-8")
        PICTURE.write_text(picture(milliseconds), "utf-8")


if __name__ == "__main__":
    main()
