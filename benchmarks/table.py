"""One table: the gate with everything on, beside others, in one interleaved run, as docs/performance.md shows it.

Everything on: a schedule, a list of 10,000 callers, the lockout, call records, the log at INFO; with SQLite, PostgreSQL
or without a store, with one worker or two. The others know nothing of the kind: greenswitch's own server, and the least
that gevent can do. Each call: connect, answer, one prompt, right PIN after 0.1 s, transfer.

`--write` puts the table into docs/performance.md.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from cpu_per_call import HERE, Server, free_port

sys.path.insert(0, str(HERE.parent / "tests"))
import database_servers

DOCUMENT = HERE.parent / "docs" / "performance.md"
BEGIN, END = "<!-- make bench -->\n", "<!-- end -->\n"
GATE = """
version: 1
store: "{store}"
server: {{listen: "127.0.0.1:{port}", workers: {workers}}}
schedules: {{always: [{{days: mon-sun}}]}}
gates:
  bench:
    protects: {{numbers: ["700"]}}
    active: {{during: always}}
    identify: [{{callers: {{file: callers.csv}}}}, {{static_pin: {{pin: "0815"}}}}]
"""
HEAD = (
    "server",
    "CPU ms a call, 1 at a time",
    "100 at a time",
    "1,000 at a time",
    "calls a second, 100 at a time",
    "first byte, p99 of 1,000 at once, ms",
    "from the digits to the verdict, p50 / p99 of 1,000 at once, ms",
    "kB a waiting caller",
    "calls lost",
)
ROUNDS = {1: 20, 100: 1000, 1000: 1000}
"""How many calls a round has, by how many there are at a time."""


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

    def __init__(self) -> None:
        self.cpu: dict[int, list[float]] = {parallel: [] for parallel in ROUNDS}
        self.rates: list[float] = []
        self.first: list[float] = []
        self.verdicts: list[float] = []
        self.kilobytes = 0.0
        self.lost = 0

    def row(self, name: str) -> tuple[str, ...]:
        """As the table shows it: medians, and ranges of CPU."""
        cpu = [f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})" for each in self.cpu.values()]
        verdicts = f"{percentile(self.verdicts, 50):.0f} / {percentile(self.verdicts, 99):.0f}"
        first = f"{percentile(self.first, 99):.0f}"
        rate = f"{statistics.median(self.rates):.0f}"
        return (name, *cpu, rate, first, verdicts, f"{self.kilobytes:.0f}", str(self.lost))


def percentile(seconds: list[float], which: int) -> float:
    """In milliseconds."""
    return statistics.quantiles(seconds, n=100)[which - 1] * 1000


def measure(servers: list[Server], rounds: int) -> list[tuple[str, ...]]:
    """The rows of the table; the servers take turns."""
    figures = {server.name: Figures() for server in servers}
    for turn in range(rounds + 1):
        for parallel, calls in ROUNDS.items():
            for server in servers:
                load, of = server.load, figures[server.name]
                load.first, load.verdicts = [], []
                before, at_once = server.cpu(), parallel == max(ROUNDS)
                seconds = load.run(calls, parallel, together=at_once)
                if not turn:  # to warm up
                    continue
                of.cpu[parallel].append((server.cpu() - before) / calls)
                if at_once:
                    of.first += load.first
                    of.verdicts += load.verdicts
                elif parallel > 1:
                    of.rates.append(calls / seconds)
    for server in servers:
        of = figures[server.name]
        of.kilobytes = server.waiting(500)
        of.lost = sum(count for end, count in server.load.ends.items() if not end.startswith("transfer"))
        ours = server.load.cpu * 1000 / server.load.ends.total()
        kilobytes = server.load.bytes / server.load.ends.total() / 1000
        print(f"{server.name}: {kilobytes:.0f} kB a call; the load generator takes {ours:.2f} ms for it")
    return [of.row(name) for name, of in figures.items()]


def markdown(rows: list[tuple[str, ...]], rounds: int) -> str:
    """The table, and where it comes from."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    lines = [HEAD, ("---", *("--:",) * (len(HEAD) - 1)), *rows]
    machine = f"{model.partition(': ')[2] or platform.machine()}, {platform.system()} {platform.release()}"
    return (
        "\n".join("| " + " | ".join(line) + " |" for line in lines)
        + f"\n\nMedians of {rounds} interleaved rounds, with their ranges, on one machine with the load generator: "
        f"{machine}, Python {platform.python_version()}. `make bench` makes this table.\n"
    )


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
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
            stack.callback(servers[-1].process.terminate)
        for name, program in (
            ("greenswitch's server", "greenswitch_server.py"),
            ("a bare gevent loop", "bare_server.py"),
        ):
            servers.append(peer(name, program))
            stack.callback(servers[-1].process.terminate)
        text = markdown(measure(servers, options.rounds), options.rounds)
    print(text)
    if options.write:
        before, _, rest = DOCUMENT.read_text("utf-8").partition(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}{text}{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    main()
