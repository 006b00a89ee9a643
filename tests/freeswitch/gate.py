"""`vipgate serve` as a process, and the PINs that its callers know."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

HOST = "127.0.0.1"
PIN = "081547293"
VIP_PIN = "246813579"
WRONG_PIN = "192837465"
SECRETS = (PIN, VIP_PIN, WRONG_PIN)
"""Long enough that no time stamp holds them by chance."""
VIP = "+4917612345678"


class Gate:
    """A gate in a process of its own, until the block ends.

    Args:
        gates: the YAML below `gates:`, and whatever else of the configuration follows it.
        folder: where its files go.
        port: that it listens on.
        site: settings of the site.
    """

    def __init__(self, gates: str, folder: Path, port: int, site: str = "language: de") -> None:
        self.port = port
        self._log = folder / f"gate-{port}-{time.monotonic_ns()}.log"
        config = self._log.with_suffix(".yaml")
        config.write_text(
            f"version: 1\nsite: {{country: DE, {site}}}\nserver: {{listen: '{HOST}:{port}'}}\ngates:\n{gates}", "utf-8"
        )
        command = [sys.executable, "-m", "vipgate_fs", "serve", "--config", str(config)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([*command, "--log-level", "trace", "--log-format", "json"], stderr=log)
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
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._process.kill()
        self._process.wait()

    def log(self) -> str:
        """What it has logged, on all levels."""
        return self._log.read_text("utf-8")

    def lines(self, event: str, **values: object) -> list[dict]:
        """The log lines of an event that carry these values."""
        lines = (json.loads(line) for line in self.log().splitlines() if f'"{event}"' in line)
        return [line for line in lines if line["event"] == event and values.items() <= line.items()]

    def sessions(self) -> int:
        """Connections that it has open (man 5 proc; 01 is TCP_ESTABLISHED)."""
        table = Path(f"/proc/{self._process.pid}/net/tcp").read_text("ascii").splitlines()[1:]
        rows = (line.split() for line in table)
        sockets = {row[9] for row in rows if row[1].endswith(f":{self.port:04X}") and row[3] == "01"}
        return sum(_target(file) in sockets for file in Path(f"/proc/{self._process.pid}/fd").iterdir())


def _target(file: Path) -> str:
    try:
        return str(file.readlink()).removeprefix("socket:[").removesuffix("]")
    except OSError:
        return ""


def wait_until(condition, seconds: float = 15.0) -> bool:
    """Whether a condition comes true within this time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())
