"""A thousand callers wait for a slow web service: are all served in time, and do the others notice?

The web service answers after two seconds. All its callers come at once; meanwhile callers of a gate with a static PIN
are served one after the other, as they were before. Three processes: the gate, the web service, and the callers.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cpu_per_call import Server, free_port
from load import Load

DELAY = 2.0
GATE = """
version: 1
server: {{listen: "127.0.0.1:{port}"}}
gates:
  pin:
    protects: {{numbers: ["700"]}}
    identify: [{{static_pin: {{pin: "0815"}}}}]
  slow:
    protects: {{numbers: ["701"]}}
    identify: [{{webservice: {{url: "http://127.0.0.1:{service}/?caller=###CALLER_NUMBER###"}}}}]
"""


async def serve(port: int) -> None:
    """The web service: lets everybody pass, after a while."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(DELAY)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{reject: false}")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port, backlog=4096)
    async with server:
        await server.serve_forever()


@dataclass
class Measured:
    """What came of it.

    Attributes:
        served: how the slow gate's calls ended, with their number.
        last: seconds until the last of them was served.
        alone, beside: seconds of each quick call without and with the others.
    """

    served: dict[str, int]
    last: float
    alone: list[float]
    beside: list[float]


def measure(waiting: int, quick: int) -> Measured:
    """Place `waiting` calls at once that wait for the web service, and `quick` calls before and meanwhile."""
    port, service = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "vipgate.yaml")
        config.write_text(GATE.format(port=port, service=service))
        slow_service = subprocess.Popen([sys.executable, __file__, "--serve", str(service)])
        command = [sys.executable, "-m", "vipgate_fs", "serve", "--config", str(config)]
        gate = Server("vipgate", command, port)
        try:
            alone, beside, slow = (Load(port, to, ("0815#",), 0.05) for to in ("700", "700", "701"))
            alone.run(10, 1)
            alone.seconds.clear()
            alone.run(quick, 1)
            with ThreadPoolExecutor() as threads:
                crowd = threads.submit(slow.run, waiting, waiting)
                while (
                    len(slow.first) < waiting and not crowd.done()
                ):  # they have all come; the web service keeps them waiting
                    time.sleep(0.01)
                beside.run(quick, 1)
                last = crowd.result()
            return Measured(dict(slow.ends), last, alone.seconds, beside.seconds)
        finally:
            for process in (gate.process, slow_service):
                process.terminate()
                process.wait()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, default=1000)
    parser.add_argument("--quick", type=int, default=20)
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.serve))
    measured = measure(options.waiting, options.quick)
    print(f"{measured.served}, the last after {measured.last:.2f} s (the web service takes {DELAY:.0f} s)")
    for name, seconds in (("alone", measured.alone), ("beside them", measured.beside)):
        spread = f"{min(seconds) * 1000:.0f} to {max(seconds) * 1000:.0f}"
        print(f"a call with a static PIN, {name}: {statistics.median(seconds) * 1000:.0f} ms ({spread})")


if __name__ == "__main__":
    main()
