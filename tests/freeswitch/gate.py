"""`vipgate serve` as a process, and the PINs that its callers know."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

HOST = "127.0.0.1"
PIN = "081547293"
VIP_PIN = "246813579"
WRONG_PIN = "192837465"
_VIPGATE = (sys.executable, "-m", "vipgate_fs")
VIP = "+4917612345678"


class Gate:
    """A gate in a process of its own, until the block ends.

    Args:
        gates: the YAML below `gates:`, and whatever else of the configuration follows it.
        folder: where its files go.
        port: that it listens on.
        site: settings of the site.
        server: settings of the server besides `listen`.
        store: its URL; "": a file of its own.
    """

    def __init__(
        self, gates: str, folder: Path, port: int, site: str = "language: de", server: str = "", store: str = ""
    ) -> None:
        self.port = port
        self.folder = folder
        name = f"gate-{port}-{time.monotonic_ns()}"
        self._log, self._config = folder / f"{name}.log", folder / f"{name}.yaml"
        self._head = f"""version: 1
site: {{country: DE, {site}}}
server: {{listen: "{HOST}:{port}", {server}}}
store: {store or f"sqlite:///{name}.db"}
gates:
"""
        self._config.write_text(self._head + gates, "utf-8")
        command = [*_VIPGATE, "serve", "--config", str(self._config), "--log-level", "trace", "--log-format", "json"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stderr=log, start_new_session=True)
        wait_until(lambda: "listening" in self.log() or self._process.poll() is not None)
        assert self._process.poll() is None, self.log()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.terminate()
        try:
            self._process.wait(20)
        finally:
            self.kill()

    def terminate(self) -> None:
        """Tell it to end in order."""
        self._process.terminate()

    def signal_all(self, number: signal.Signals) -> None:
        """Send it and its workers a signal."""
        os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End it and its workers at once, as a power failure would."""
        with suppress(ProcessLookupError):
            self.signal_all(signal.SIGKILL)
        self._process.wait()
        assert wait_until(lambda: self._sockets("0A") == 0), "a worker outlives the kill"

    def kill_workers(self) -> None:
        """End its worker processes at once (man 5 proc, children)."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text("ascii").split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)

    def reload(self, gates: str) -> str:
        """Let it take other gates over; what `vipgate reload` says."""
        self._config.write_text(self._head + gates, "utf-8")
        return self.vipgate("reload")

    def vipgate(self, *words: str) -> str:
        """What a subcommand prints that is run beside the gate, on the same configuration."""
        done = subprocess.run(
            [*_VIPGATE, *words, "--config", str(self._config)], check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, f"vipgate {words[0]}: {done.stderr}"
        return done.stdout.strip()

    def records(self) -> list[dict]:
        """The call records of its store."""
        records: list[dict] = json.loads(self.vipgate("calls", "--format", "json"))
        return records

    def log(self) -> str:
        """What it has logged, on all levels."""
        return self._log.read_text("utf-8")

    def lines(self, event: str, **values: object) -> list[dict]:
        """The log lines of an event that carry these values."""
        lines = (json.loads(line) for line in self.log().splitlines() if f'"{event}"' in line)
        return [line for line in lines if line["event"] == event and values.items() <= line.items()]

    def sessions(self) -> int:
        """Connections that it and its workers have open (man 5 proc: 01 is established, 0A listening, inode 0 nobody's)."""
        return self._sockets("01")

    def _sockets(self, state: str) -> int:
        rows = (line.split() for line in Path("/proc/thread-self/net/tcp").read_text("ascii").splitlines()[1:])
        return sum(row[1].endswith(f":{self.port:04X}") and row[3] == state and row[9] != "0" for row in rows)


def wait_until(condition, seconds: float = 15.0) -> bool:
    """Whether a condition comes true within this time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())
