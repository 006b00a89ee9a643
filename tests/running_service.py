"""A service as a process, with what its tests ask of it. Calls come from the simulator, in the test's own process."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import gevent
from forked import Process, vipgate

from vipgate_fs.simulator import Caller, Dialplan, Extension, Simulator

GATE = """\
  pin:
    protects: {numbers: ["700"]}
    identify: [{static_pin: {pin: "081547"}}]
    timing: {first_digit: "60s"}
    attempts: 1
"""
START = """\
import functools, gevent, json, os, pathlib, sys
from vipgate_fs.cli import main, serve
from vipgate_fs.service import children, generation, supervisor, worker
from vipgate_fs.service.timings import Timings
timings = Timings(**json.loads(sys.argv.pop(1)))
serve.Supervisor = functools.partial(supervisor.Supervisor, timings=timings)
serve.first = functools.partial(generation.first, timings=timings)
exec(sys.argv.pop(1))
main()
"""
"""A service with other timings and with a patch: these are its first two arguments."""
FORK_FAILS = """
from itertools import count as counted
from vipgate_fs.service import plain
old, turns, me = plain.fork, counted(), os.getpid()
def fork():
    if me in (os.getpid(), os.getppid()):
        count = next(turns)
        if {}:
            raise BlockingIOError(11, "Resource temporarily unavailable")
    return old()
plain.fork = fork
"""
"""A patch: forking fails where a condition holds, of which `count` is the number of forks before.

The service's first is that of the process that reads the configuration, which forks its workers with the next numbers.
A worker's second fork, which makes it the supervisor's child, does not count.
"""
PATIENT = """
from vipgate_fs.store import dialect, store
dialect.PATIENCE = dialect.HANG = store._LAST_CHANCE = 60.0
"""
"""A patch: a disk that others keep busy is no store that is gone."""
RIGHT = Caller(dial="081547#")


class Service:
    """`vipgate serve` on a configuration that the test may change.

    Args:
        folder: for its files.
        port: 0 lets the system choose.
        settings: of the `server` section besides `listen`.
        timings: of its supervisor, where they are not the usual ones.
        patch: Python that runs in the process before the command.
        more: of its process, see `forked`.
    """

    def __init__(self, folder, port=0, settings="workers: 2", gates=GATE, timings=None, patch="", **more):
        self.config, self.log = folder / "vipgate.yaml", folder / "log"
        self.listen = self.port = port
        self.configure(settings, gates)
        command = ["serve", "--log-format", "json", "--config", self.config]
        self.log.write_text("")
        self.process = Process(START, json.dumps(timings or {}), patch, *command, **{"err": self.log, **more})

    def configure(self, settings="workers: 2", gates=GATE):
        self.config.write_text(
            f'version: 1\nserver: {{listen: "127.0.0.1:{self.listen}", {settings}}}\ngates:\n{gates}'
        )

    def lines(self, event=None, **values):
        """The log's lines, all or those of an event and with these values."""
        whole = self.log.read_text().rpartition("\n")[0].splitlines()  # the last may not be complete
        lines = [json.loads(line) for line in whole if line.startswith("{")]  # others are the configuration's findings
        wanted = values | ({"event": event} if event else {})
        return [line for line in lines if wanted.items() <= line.items()]

    def await_line(self, event, count=1, seconds=30, **values):
        until(lambda: len(self.lines(event, **values)) >= count, seconds)
        return self.lines(event, **values)[-1]

    @property
    def workers(self):
        """Process ids of the workers, oldest first."""
        return self.children("vipgate-worker")

    def children(self, name):
        command = ["ps", "-o", "pid=,comm=", "--ppid", str(self.process.pid)]
        listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
        return [int(line.split()[0]) for line in listed if line.split()[1] == name]

    def listening(self):
        self.port = self.await_line("listening")["port"]
        return self

    def reload(self):
        """`vipgate reload`; the switch, which is in this process, goes on meanwhile."""
        done = gevent.get_hub().threadpool.apply(vipgate, ["reload", "--config", self.config], {"timeout": 90})
        return done.returncode, done.stdout + done.stderr

    def end(self, seconds=30):
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended(seconds)

    def ended(self, seconds=30):
        until(lambda: self.process.poll() is not None, seconds)
        return self.process.returncode

    def destroy(self):
        self.process.destroy()


def lives(pid):
    """Whether a process is there, and not a dead one that whoever has inherited it has still to reap."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(true, seconds=30.0):
    """Wait until something is true."""
    with gevent.Timeout(seconds, AssertionError(f"not within {seconds} s")):
        while not true():
            gevent.sleep(0.02)


def switch(*services, speed=20.0, untaken=10.0):
    """A switch whose calls go to these services, the first that accepts, by the actions of freeswitch-dialplan.xml.

    Args:
        untaken: real seconds that they have to take a call: they run in real time.
    """
    hosts = "|".join(f"127.0.0.1:{service.port}" for service in services)
    actions = (
        ("set", "park_timeout=900:SUBSCRIBER_ABSENT"),
        ("set", "socket_resume=true"),
        ("sched_transfer", f"+{round(untaken * speed)} hangup:SUBSCRIBER_ABSENT inline"),
        ("set", "vipgate_untaken=${last_sched_id}"),
        ("socket", f"{hosts} async full"),
        ("hangup", "SUBSCRIBER_ABSENT"),
    )
    return Simulator(speed=speed, dialplan=Dialplan(entry=Extension(actions, matches=True)))


def place(simulator, count, caller=RIGHT, every=0.0):
    """Start calls, one after the other."""
    calls = []
    for _ in range(count):
        calls.append(simulator.start(caller, "700"))
        gevent.sleep(every)
    return calls


def lost(calls):
    """What callers experienced who did not get where the right PIN leads; waits for the end of all calls."""
    return [str(call.experience) for call in calls if not call.wait().transfers]
