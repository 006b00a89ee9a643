"""The store's disk is full, read-only or gone, somebody locks the file, and the log can't be written."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing, suppress
from dataclasses import replace

import pytest
from ports import free_port
from reliability.faults import Traffic, served_again
from running_service import GATE, RIGHT, lost, place, switch, until

from vipgate_fs.simulator import Caller

QUICK = """
from vipgate_fs.store import dialect
dialect.PATIENCE, dialect.HANG, dialect.RETRY = 0.5, 1.0, 0.3
"""
"""Times after which the gate goes on without the store, and asks it again, that a test can wait for."""
LIMITS = "    lockout: {failures: 3}\n"
WRONG = Caller(number="004930123456", dial="605142#")


class Disk:
    """A folder for the store on a small disk of its own, where the system lets us mount one."""

    def __init__(self, folder):
        self.folder = folder / "disk"
        self.state = self.folder / "state"
        self.folder.mkdir()
        if subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", self.folder], capture_output=True, check=False
        ).returncode:
            pytest.skip("mounting a small disk is not allowed here")
        self.state.mkdir()

    def remount(self, options):
        subprocess.run(["mount", "-o", f"remount,{options}", self.folder], check=True)

    def fill(self):
        with suppress(OSError), (self.folder / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(b"x" * 4096)

    def close(self):
        subprocess.run(["umount", "--lazy", self.folder], check=True)


@pytest.fixture
def disk(tmp_path):
    disk = Disk(tmp_path)
    yield disk
    disk.close()


def full(disk):
    disk.fill()
    return (disk.folder / "ballast").unlink


def read_only(disk):
    disk.remount("ro")
    return lambda: disk.remount("rw")


def locked(disk):
    blocker = sqlite3.connect(disk.state / "vipgate.db", isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    return blocker.close


def gone(disk):
    away = disk.state.rename(disk.folder / "away")
    return lambda: away.rename(disk.state)


@pytest.mark.parametrize(
    ("fault", "do"),
    [("disk full", full), ("store locked", locked), ("store read-only", read_only), ("store gone and back", gone)],
)
def test_the_store_fails(serve, tell, disk, fault, do):
    undo = do(disk) if do is read_only else None
    gates = f"{GATE}{LIMITS}store: sqlite:///{disk.state}/vipgate.db\n"
    service = serve(settings="workers: 1", gates=gates, patch=QUICK)
    simulator = switch(service)
    right_but_locked = replace(RIGHT, number=WRONG.number)
    callers = [WRONG, WRONG, WRONG, right_but_locked, right_but_locked]
    assert simulator.call(callers[0], "700").transfers == []
    with Traffic(simulator, every=0.1) as traffic:
        undo = undo or do(disk)
        service.await_line("store unavailable, counting lockouts in memory")
        without_store = [simulator.call(caller, "700").transfers for caller in callers[1:4]]
        undo()
        since = time.monotonic()
        service.await_line("store available again")
        recovery = time.monotonic() - since
    assert [*without_store, simulator.call(callers[4], "700").transfers] == [[]] * 4
    assert fault == "store locked" or traffic.lost == 0
    assert service.lines("error while serving a call") == []
    assert service.end() == 0
    assert service.lines("call records were lost: the store did not take them") == []
    with closing(sqlite3.connect(disk.state / "vipgate.db")) as store:
        (records,) = store.execute("SELECT count(*) FROM vipgate_calls").fetchone()
    assert records == len(callers) + len(traffic.calls)
    experienced = "nothing; failed attempts count in memory, and later in the store"
    if fault == "store locked":  # nobody can tell at first that it is not only busy
        experienced = (
            "for 10 seconds no PIN can be checked, after 2 seconds of silence each; "
            "then failed attempts count in memory, and later in the store"
        )
    tell(fault, experienced, len(traffic.calls), traffic.lost, recovery)


def served_although_a_worker_dies(service):
    """Calls around the end of a worker, none of which is lost, and the switch that places them."""
    simulator = switch(service)
    served_again(simulator)
    calls = place(simulator, 10)
    assert lost(calls) == []
    os.kill(service.workers[0], signal.SIGKILL)
    until(lambda: len(service.workers) == 2)
    return calls, simulator


def test_the_logs_disk_is_full(serve, tell):
    """Whatever is written to stderr fails, in all processes."""
    port = free_port()
    service = serve(port=port, listens=False, err="/dev/full")
    calls, simulator = served_although_a_worker_dies(service)
    calls += place(simulator, 10)
    assert lost(calls) == []
    assert service.end() == 0
    tell("the log's disk is full", "nothing; lines are missing", len(calls), 0, None)


def test_nobody_reads_the_log(serve, tell, tmp_path):
    """stderr is a pipe that is full: a pager that waits for its user, or a journal that hangs."""
    os.mkfifo(tmp_path / "log")
    reader = os.open(tmp_path / "log", os.O_RDWR | os.O_NONBLOCK)
    try:
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
        with suppress(BlockingIOError):
            while True:
                os.write(reader, b"." * 128)
        port = free_port()
        service = serve(port=port, listens=False, err=tmp_path / "log")
        calls, simulator = served_although_a_worker_dies(service)
        assert service.reload() == (0, "reloaded\n")
        calls += place(simulator, 10)
        assert lost(calls) == []
        assert set(os.read(reader, 4096)) == {ord(".")}
        assert service.end() == 0
        assert (
            json.loads(os.read(reader, 4096).splitlines()[0])["lines"] >= 3
        )  # the port, the worker killed, the reload
    finally:
        os.close(reader)
    tell("nobody reads the log: its pipe is full", "nothing; lines are missing", len(calls), 0, None)
