"""Workers and signals: what callers experience when processes die, stop, or are told to.

`lost` means: another end than the right PIN's.
"""

from __future__ import annotations

import os
import pathlib
import re
import resource
import shutil
import signal
import socket as stdlib_socket
import sqlite3
from collections import Counter
from contextlib import closing, suppress

import gevent
import pytest
from ports import free_port
from reliability.faults import Traffic
from running_service import FORK_FAILS, RIGHT, lives, lost, place, switch, until

from vipgate_fs.simulator import Caller


def waiting(count, *services, every=0.0):
    """Callers who hear the prompt and wait, for a minute or until they are made to hang up."""
    return place(switch(*services, speed=1.0), count, Caller(), every)


def hang_up(calls):
    """Let those hang up who still wait; what all of them experienced."""
    for call in calls:
        call.hang_up()
    return [call.wait() for call in calls]


def serves(service, worker):
    """Call until a worker has served a call; nobody is lost meanwhile."""
    for _ in range(200):
        if service.lines("outcome", worker=worker):
            return
        assert lost(place(switch(service), 1)) == []
    pytest.fail(f"worker {worker} never serves")


def test_no_process_of_it_leaves_a_core_dump_not_even_to_a_program_that_takes_them(run):
    """Their memory contains PINs; a limit of 0 is none for such a program (core(5))."""
    service = run().listening()
    processes = (service.process.pid, *service.workers, *service.children("vipgate-config"))
    most = min(resource.getrlimit(resource.RLIMIT_CORE)[1] % 2**64, 1)  # who runs the tests may have none already
    assert {resource.prlimit(pid, resource.RLIMIT_CORE) for pid in processes} == {(most, most)}


def test_calls_are_spread_over_the_workers(run):
    service = run().listening()
    calls = place(switch(service), 60, every=0.01)
    assert lost(calls) == []
    shares = Counter(line["worker"] for line in service.lines("outcome"))
    assert set(shares) == {1, 2}
    assert min(shares.values()) >= 10, shares


def test_what_waits_when_a_worker_is_killed_is_served_by_the_next(run):
    service = run(settings="workers: 1").listening()
    (worker,) = service.workers
    os.kill(worker, signal.SIGSTOP)
    calls = place(switch(service), 50)
    gevent.sleep(0.2)
    os.kill(worker, signal.SIGKILL)
    assert lost(calls) == []
    assert service.await_line("worker died")["how"] == "signal SIGKILL"


def test_a_worker_killed_in_a_burst_takes_only_its_own_calls_with_it(run):
    service = run().listening()
    calls = place(switch(service), 100, every=0.005)
    victim = service.await_line("decision")["worker"]
    os.kill(service.workers[victim - 1], signal.SIGKILL)
    calls += place(switch(service), 100, every=0.005)
    lost = {call.experience.uuid for call in calls if not call.wait().transfers}
    served = {line["call"] for line in service.lines("decision") if line["worker"] != victim}
    assert 0 < len(lost) < 100
    assert not lost & served
    serves(service, 3)


def test_a_worker_killed_in_the_prompt_or_after_the_pin(run):
    service = run(settings="workers: 1").listening()
    simulator = switch(service)
    done = simulator.start(RIGHT, "700")
    until(lambda: done.experience.transfers)
    asked = simulator.start(Caller(), "700")
    until(lambda: asked.experience.answered)
    os.kill(service.workers[0], signal.SIGKILL)
    assert lost(place(simulator, 1)) == []
    assert done.wait().cause == "NORMAL_CLEARING"
    experience = asked.wait()
    assert (experience.transfers, experience.cause) == ([], "SUBSCRIBER_ABSENT")


def test_a_blocked_worker_is_killed_and_replaced(run):
    service = run(settings="workers: 1", timings={"blocked": 3.0, "tick": 0.2}).listening()
    os.kill(service.workers[0], signal.SIGSTOP)
    assert lost(place(switch(service, speed=5.0), 5)) == []
    assert service.lines("worker is blocked, killing it")[0]["worker"] == 1


def test_a_crash_loop_does_not_spin_and_refuses_calls(run):
    patch = "worker.Worker._report = lambda self: (self._send(b'0'), gevent.sleep(0.05), os._exit(3))"
    service = run(settings="workers: 1", patch=patch).listening()
    service.await_line("connections are refused: no worker stays alive")
    events = [line["event"] for line in service.lines()]
    assert events[: events.index("connections are refused: no worker stays alive")].count("worker died") <= 5
    with pytest.raises(ConnectionRefusedError):
        stdlib_socket.create_connection(("127.0.0.1", service.port))
    experience = switch(service).call(RIGHT, "700")
    assert (experience.status, experience.cause) == (480, "SUBSCRIBER_ABSENT")
    assert service.end() == 0


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ("worker.Worker.run = lambda self: (gevent.sleep(1), os._exit(3))", "workers do not start"),
        (FORK_FAILS.format("count == 1"), "Resource temporarily unavailable"),
    ],
    ids=["they end", "none can be forked"],
)
def test_workers_that_never_start_are_one_line_and_exit_1(run, patch, message):
    """And nobody was let in meanwhile: the connection would have been reset, and its call left parked."""
    port = free_port()
    service = run(port=port, patch=patch)
    while service.process.poll() is None:
        with suppress(ConnectionRefusedError), closing(stdlib_socket.create_connection(("127.0.0.1", port))):
            pytest.fail("it listens before anybody serves")
        gevent.sleep(0.02)
    assert service.ended() == 1
    assert message in service.log.read_text().splitlines()[-1]


def test_a_worker_that_can_not_be_forked_is_tried_again(run, tmp_path):
    full = tmp_path / "full"
    service = run(patch=FORK_FAILS.format(f"pathlib.Path({str(full)!r}).exists()")).listening()
    full.touch()
    os.kill(service.workers[0], signal.SIGKILL)
    line = service.await_line("can't replace a dead worker yet", count=2)
    assert line["why"] == "a worker can't be started: Resource temporarily unavailable"
    full.unlink()
    until(lambda: len(service.workers) == 2)
    assert lost(place(switch(service), 5)) == []


def test_a_worker_that_met_the_closed_port_accepts_when_it_is_open_again(run, tmp_path):
    """Also one that had not been heard of when the port was opened."""
    mark = tmp_path / "slow"
    patch = f"report = worker.Worker._report; slow = pathlib.Path({str(mark)!r})\n"
    patch += "worker.Worker._report = lambda self: (slow.exists() and gevent.sleep(3), report(self))"
    service = run(settings="workers: 5, max_calls: 4", patch=patch).listening()
    calls = waiting(4, service)
    service.await_line("connections are refused: server.max_calls is reached")
    until(lambda: len(service.lines("decision")) == 4)
    idle = set(range(1, 6)) - {line["worker"] for line in service.lines("decision")}
    mark.touch()
    os.kill(service.workers[idle.pop() - 1], signal.SIGKILL)
    hang_up(calls)
    service.await_line("connections are accepted again")
    serves(service, 6)


def test_an_unprivileged_service_closes_its_port_and_ends(run):
    """As the unit has it: without any capability."""
    patch = "import ctypes, struct; ctypes.CDLL(None).capset(struct.pack('=Ii', 0x20080522, 0), bytes(24))"
    service = run(settings="workers: 2, max_calls: 4", patch=patch).listening()
    status = pathlib.Path(f"/proc/{service.process.pid}/status").read_text()
    assert re.search(r"CapEff:\s0+\n", status)
    calls = waiting(4, service)
    service.await_line("connections are refused: server.max_calls is reached")
    hang_up(calls)
    service.await_line("connections are accepted again")
    assert service.end() == 0


def test_an_error_of_the_supervisor_leaves_no_worker_that_accepts(run):
    patch = "from vipgate_fs.service import port; port._LEAST_TTL = ((0, 9999),)  # the kernel refuses\n"
    patch += "supervisor.Supervisor._obey_signals = lambda self: self._told_to_end and 1 / 0"
    service = run(patch=patch).listening()
    workers = service.workers
    service.process.send_signal(signal.SIGTERM)
    assert service.ended() == 1
    until(lambda: not any(map(lives, workers)))
    assert len(service.lines("the supervisor is gone; this worker finishes its calls and exits")) == 2


def test_workers_outlive_a_killed_supervisor_for_their_calls_only(run):
    service = run().listening()
    calls = place(switch(service, speed=4.0), 20)
    until(lambda: all(call.experience.answered for call in calls))
    workers = service.workers
    os.kill(service.process.pid, signal.SIGKILL)
    service.process.wait()
    follower = run(port=service.port)
    until(lambda: follower.process.poll() is not None or follower.lines("listening"))
    assert lost(calls) == []
    until(lambda: not any(map(lives, workers)))


def test_when_descriptors_are_used_up_calls_wait_and_are_served(run):
    service = run(settings="workers: 1", descriptors=40, timings={"blocked": 60.0}).listening()
    (worker,) = service.workers
    os.kill(worker, signal.SIGSTOP)
    calls = place(switch(service, speed=5.0, untaken=40.0), 60)
    gevent.sleep(0.5)  # all of them are connected, and wait for the worker
    os.kill(worker, signal.SIGCONT)
    assert lost(calls) == []
    assert service.lines("can't accept connections for now; they wait")[0]["why"] == "Too many open files"
    assert lost(place(switch(service), 5)) == []


def test_while_descriptors_are_few_the_next_host_is_tried(run):
    service, other = run(settings="workers: 1", descriptors=60).listening(), run().listening()
    calls = waiting(45, service, every=0.01)
    service.await_line("connections are refused: too few file descriptors (LimitNOFILE, ulimit -n)")
    assert lost(place(switch(service, other), 5)) == []
    until(lambda: len(other.lines("outcome", result="pin_correct")) == 5)
    hang_up(calls)
    service.await_line("connections are accepted again")
    assert lost(place(switch(service), 5)) == []


def test_over_max_calls_the_next_host_is_tried(run):
    service, other = run(settings="workers: 2, max_calls: 20").listening(), run().listening()
    simulator = switch(service, other)
    calls = waiting(20, service, other)
    service.await_line("connections are refused: server.max_calls is reached")
    assert lost(place(simulator, 30)) == []
    until(lambda: len(other.lines("outcome", result="pin_correct")) >= 25)
    assert {call.hung_up_by for call in hang_up(calls)} == {"caller"}
    service.await_line("connections are accepted again")
    before = len(service.lines("decision"))
    assert lost(place(simulator, 5)) == []
    until(lambda: len(service.lines("decision")) == before + 5)


def test_over_max_calls_without_a_next_host_the_dialplan_goes_on(run):
    service = run(settings="workers: 2, max_calls: 20").listening()
    calls = waiting(200, service)
    service.await_line("connections are refused: server.max_calls is reached")
    refused = switch(service).call(RIGHT, "700")
    assert (refused.status, refused.answered) == (480, False)
    until(lambda: all(call.experience.answered or call.experience.status == 480 for call in calls))
    assert not any(call.parked_for_ever for call in hang_up(calls))


def test_sigterm_under_load_loses_no_call(run):
    service, other = run().listening(), run().listening()
    with Traffic(switch(service, other), every=0.005) as traffic:
        until(lambda: service.lines("outcome"))
        os.killpg(service.process.pid, signal.SIGTERM)  # as systemd and a terminal do: to the workers, too
        assert service.ended() == 0
        until(lambda: other.lines("outcome"))
    assert traffic.lost == 0
    assert service.lines("ended", calls_cut_off=0)


def test_who_does_not_end_within_drain_is_cut_off(run):
    service = run(settings="workers: 2, drain: 1s").listening()
    calls = waiting(10, service)
    until(lambda: all(call.experience.answered for call in calls))
    assert service.end() == 0
    assert service.lines("ended", calls_cut_off=10)
    assert len(service.lines("outcome", result="cut_off")) == 10
    with closing(sqlite3.connect(service.config.with_name("vipgate.db"))) as store:
        assert store.execute("SELECT outcome, count(*) FROM vipgate_calls").fetchall() == [("cut_off", 10)]
    for call in calls:
        call.hang_up()


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """Where services tell how they are."""
    address = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with stdlib_socket.socket(stdlib_socket.AF_UNIX, stdlib_socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(10)
        yield systemd


def received(systemd, wanted, most=60):
    """What systemd hears until it is what is wanted; a sign of life comes each second, and so many are waited for."""
    states = []
    for _ in range(most):
        states.append(systemd.recv(100))
        if wanted(states[-1]):
            return states
    pytest.fail(f"not heard: {states}")


def is_well(state):
    return state == b"WATCHDOG=1\nSTATUS=2 of 2 workers serve"


def is_alive(state):
    return state.startswith(b"WATCHDOG=1")


def test_what_systemd_is_told(run, systemd):
    service = run().listening()
    states = received(systemd, is_well)
    service.process.send_signal(signal.SIGHUP)
    service.await_line("reloaded")
    service.end()
    systemd.settimeout(0)
    with suppress(BlockingIOError):
        while True:
            states.append(systemd.recv(100))
    states = [line for line in states if not is_alive(line)]
    assert states[0] == states[2] == b"READY=1\nSTATUS=2 of 2 workers serve"
    states = [line.split(b"=")[0] for line in states]
    assert states == [b"READY", b"RELOADING", b"READY", b"STOPPING"]


@pytest.mark.parametrize("becomes", [lambda config: shutil.rmtree(config.parent), os.mkfifo])
def test_the_supervisor_lives_on_whatever_becomes_of_the_file(run, tmp_path, systemd, becomes):
    """Its folder is deleted, or its file system hangs."""
    site = tmp_path / "site"
    site.mkdir()
    move = f"os.chdir({str(site)!r}); pathlib.Path(sys.argv[-1]).rename('vipgate.yaml'); sys.argv[-1] = 'vipgate.yaml'"
    service = run(patch=move).listening()
    received(systemd, is_well)  # by now the workers have opened their store, which would lie in that folder
    site.joinpath("vipgate.yaml").unlink()
    becomes(site / "vipgate.yaml")
    for _ in range(3):
        received(systemd, is_alive)
    assert service.process.poll() is None
