"""Runs in a system that systemd has booted: debian/boot.sh brings it there. Each line is what was seen."""

from __future__ import annotations

import os
import pwd
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent

from vipgate_fs.simulator import Caller, Simulator

CONFIGURATION = Path("/etc/vipgate/vipgate.yaml")
RULES = """\
version: 1
server: {workers: 2, drain: 20s}
gates:
  pin:
    protects: {numbers: ["700"]}
    identify:
      - callers: {file: callers.csv}
      - static_pin: {pin: "08154711"}
    timing: {first_digit: "60s"}
    attempts: 1
"""
STEPS: list[Callable[[], str]] = []


def main(only: list[str]) -> None:
    """Take the steps, all, or the first two and those that are named."""
    for step in STEPS:
        if not only or step in STEPS[:2] or step.__name__ in only:
            began = time.monotonic()
            seen = step()
            print(f"   {step.__name__.replace('_', ' ')}: {seen} ({time.monotonic() - began:.1f} s)", flush=True)


def step(function: Callable[[], str]) -> Callable[[], str]:
    """Take it in its turn."""
    STEPS.append(function)
    return function


def run(*command: str, user: str | None = None, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """What a command prints, and how it ends."""
    return subprocess.run(command, capture_output=True, text=True, check=False, user=user, cwd="/", timeout=seconds)


def said(*command: str) -> str:
    """What a command prints that has to succeed."""
    done = run(*command)
    assert done.returncode == 0, (command, done)
    return done.stdout.strip()


def shown(name: str) -> str:
    """A property of the unit."""
    return said("systemctl", "show", "-P", name, "vipgate")


def children(name: str) -> list[int]:
    """Processes of the service, by name."""
    done = run("ps", "-o", "pid=,comm=", "--ppid", shown("MainPID"))
    return [int(line.split()[0]) for line in done.stdout.splitlines() if line.split()[1] == name]


def until(true: Callable[[], Any], seconds: float = 30.0) -> float:
    """Wait until something is true; the seconds that it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, run("journalctl", "-u", "vipgate", "-n", "30").stdout
        gevent.sleep(0.05)
    return time.monotonic() - began


def serves() -> bool:
    """Whether a call that comes now gets through with the right PIN."""
    return bool(call("08154711#").wait().transfers)


def again(restarts: int) -> str:
    """Wait until the service serves that has been started so many times; when none did, in seconds from now."""
    began, gap = time.monotonic(), [0.0, 0.0]
    while int(shown("NRestarts")) < restarts or time.monotonic() - began - gap[1] < 2:
        at = time.monotonic() - began
        assert at < 120
        if not serves():
            gap = [gap[0] or at, time.monotonic() - began]
        gevent.sleep(0.05)
    return f"{gap[0]:.1f} to {gap[1]:.1f} s"


def call(dial: str = "") -> Any:
    """A call that comes now."""
    return Simulator("127.0.0.1", 8084, speed=20.0 if dial else 1.0).start(Caller("+4930123456", dial=dial), "700")


def asked() -> Any:
    """A call that is in the prompt, and waits."""
    waiting = call()
    until(lambda: waiting.experience.answered)
    return waiting


def write(text: str) -> None:
    """Write the configuration."""
    CONFIGURATION.write_text(text)


@step
def it_serves() -> str:
    """The package has started the service that it brings."""
    until(lambda: run("systemctl", "is-active", "vipgate").stdout.strip() == "active")
    return shown("StatusText")


@step
def reload_applies_the_rules() -> str:
    """`systemctl reload` ends when they are in force."""
    (CONFIGURATION.parent / "callers.csv").write_text("number\n+49301111111\n")
    write(RULES)
    said("systemctl", "reload", "vipgate")
    assert serves()
    assert not call("99999999#").wait().transfers
    return shown("StatusText")


@step
def it_is_confined() -> str:
    """The unit's restrictions are those of its processes."""
    wanted = {"NoNewPrivs": "1", "Seccomp": "2", "CapBnd": "0" * 16, "CapEff": "0" * 16}
    service = pwd.getpwnam("vipgate").pw_uid
    for process in (int(shown("MainPID")), *children("vipgate-worker"), *children("vipgate-config")):
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        values = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        assert {name: values[name] for name in wanted} == wanted, values
        assert values["Uid"].split()[0] == str(service)
        assert re.search(r"Max core file size +1 +1", Path(f"/proc/{process}/limits").read_text())
    for folder in ("/etc", "/usr", "/root", "/home"):
        into = run("nsenter", "--target", shown("MainPID"), "--mount", "touch", f"{folder}/written")
        assert into.returncode, folder
    return said("systemd-analyze", "security", "vipgate", "--no-pager").splitlines()[-1].strip().lstrip("→ ")


@step
def nobody_else_controls_it() -> str:
    """Its socket is a file in a folder of its own; no name stands in the abstract namespace."""
    assert not re.search("@.*vipgate", Path("/proc/net/unix").read_text())
    folder = Path("/run/vipgate").stat()
    assert (folder.st_mode & 0o777, folder.st_uid) == (0o700, pwd.getpwnam("vipgate").pw_uid)
    assert run("vipgate", "status").returncode == 0
    refused = run("vipgate", "status", user="nobody")
    assert refused.returncode == 2
    assert run("vipgate", "reload", user="nobody").returncode == 2
    return f"to another user: {refused.stderr.strip() or refused.stdout.strip()}"


@step
def a_broken_file_changes_nothing() -> str:
    """`systemctl reload` fails, and the gate goes on."""
    write(RULES.replace("static_pin", "statik_pin"))
    refused = run("systemctl", "reload", "vipgate")
    assert refused.returncode
    assert serves()
    degraded = run("vipgate", "status")
    assert degraded.returncode == 1
    write(RULES)
    said("systemctl", "reload", "vipgate")
    assert run("vipgate", "status").returncode == 0
    return degraded.stdout.splitlines()[0]


@step
def a_killed_worker() -> str:
    """Another takes its place; nothing else is restarted."""
    before, main_process = children("vipgate-worker"), shown("MainPID")
    os.kill(before[0], signal.SIGKILL)
    took = until(lambda: set(children("vipgate-worker")) - set(before))
    assert serves()
    until(lambda: run("vipgate", "status").returncode == 0)
    assert (shown("MainPID"), shown("NRestarts")) == (main_process, "0")
    return f"replaced after {took:.2f} s"


@step
def the_process_with_the_configuration_is_killed() -> str:
    """The file is read again when a worker has to be replaced."""
    os.kill(children("vipgate-config")[0], signal.SIGKILL)
    assert serves()
    os.kill(children("vipgate-worker")[0], signal.SIGKILL)
    until(lambda: len(children("vipgate-worker")) == 2 and children("vipgate-config"), 60)
    assert serves()
    until(lambda: run("vipgate", "status").returncode == 0)
    return run("vipgate", "status").stdout.splitlines()[0]


@step
def the_supervisor_is_killed() -> str:
    """It is started the service again."""
    restarts = int(shown("NRestarts"))
    os.kill(int(shown("MainPID")), signal.SIGKILL)
    return f"no call is served from {again(restarts + 1)} after it"


@step
def the_supervisor_is_killed_beside_a_dialogue() -> str:
    """Its worker finishes it, and the next service waits for that."""
    restarts, waiting = int(shown("NRestarts")), asked()
    os.kill(int(shown("MainPID")), signal.SIGKILL)
    gevent.sleep(5)
    meanwhile = (shown("SubState"), int(shown("NRestarts")) - restarts, serves())
    waiting.press("08154711#")
    assert waiting.wait().transfers
    return f"it ends as it should; after 5 s {meanwhile}; after its end, no call is served from {again(restarts + 1)}"


@step
def a_reload_that_hangs() -> str:
    """One that reads for longer than the watchdog waits stops neither the signs of life nor calls."""
    restarts, main_process, before = shown("NRestarts"), shown("MainPID"), children("vipgate-config")
    reload = subprocess.Popen(["systemctl", "reload", "vipgate"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        until(lambda: len(children("vipgate-config")) > len(before))
        reader = next(process for process in children("vipgate-config") if process not in before)
        os.kill(reader, signal.SIGSTOP)  # as one does that waits for a mount
        began, slowest, count = time.monotonic(), 0.0, 0
        while reload.poll() is None:
            assert time.monotonic() - began < 100
            asked_at = time.monotonic()
            assert run("vipgate", "status").stdout
            slowest = max(slowest, time.monotonic() - asked_at)
            assert serves()
            count += 1
            gevent.sleep(1)
    finally:
        reload.kill()
        reload.wait(10)
    took = time.monotonic() - began
    assert took > 40, "longer than the watchdog waits"
    assert reload.returncode
    said("systemctl", "reload", "vipgate")
    assert (shown("NRestarts"), shown("MainPID")) == (restarts, main_process)
    return f"given up after {took:.0f} s; {count} calls meanwhile, all served; status in {slowest:.1f} s at most"


@step
def the_watchdog() -> str:
    """A supervisor that shows no sign of life is killed and started again."""
    restarts, main_process = int(shown("NRestarts")), int(shown("MainPID"))
    os.kill(main_process, signal.SIGSTOP)
    took = until(lambda: shown("MainPID") != str(main_process), 90)
    served = took + until(serves, 90)
    until(lambda: int(shown("NRestarts")) == restarts + 1)
    assert "watchdog" in run("journalctl", "-u", "vipgate", "--no-pager").stdout.lower()
    return f"ended after {took:.1f} s, calls are served again after {served:.1f} s"


@step
def stop() -> str:
    """A dialogue ends as it should; then the port is closed, and nothing is left."""
    waiting = asked()
    began = time.monotonic()
    stopping = subprocess.Popen(["systemctl", "stop", "vipgate"])
    try:
        gevent.sleep(1)
        waiting.press("08154711#")
        assert waiting.wait().transfers
        until(lambda: stopping.poll() is not None, 60)
    finally:
        stopping.kill()
        stopping.wait(10)
    took = time.monotonic() - began
    assert (stopping.returncode, shown("Result"), shown("ActiveState")) == (0, "success", "inactive")
    assert not run("pgrep", "-u", "vipgate").stdout
    assert run("vipgate", "status").returncode == 2
    assert not list(Path("/run/vipgate").iterdir())
    return f"ended after {took:.1f} s, in order"


@step
def start_and_records() -> str:
    """What was recorded is there after all that."""
    said("systemctl", "start", "vipgate")
    assert serves()
    records = said("vipgate", "calls", "--format", "csv").count("\n")
    assert records > 10
    faults = run("journalctl", "-u", "vipgate", "-p", "err", "-o", "cat", "--no-pager").stdout
    assert "08154711" not in run("journalctl", "--no-pager").stdout
    events = sorted(set(re.findall(r'"event": ?"([^"]*)"', faults)))
    return f"{records} records; errors in the journal: {'; '.join(events)}"


@step
def remove() -> str:
    """The package takes it away."""
    said("dpkg", "--purge", "vipgate")
    assert run("systemctl", "is-active", "vipgate").stdout.strip() != "active"
    assert not run("pgrep", "-u", "vipgate").stdout
    return "gone"


if __name__ == "__main__":
    main(sys.argv[1:])
