"""Reloads: the new configuration whole or not at all, and calls end under the one that they began with."""

from __future__ import annotations

import os
import signal
import socket as stdlib_socket
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from tempfile import TemporaryDirectory

import gevent
import pytest
from forked import vipgate
from ports import free_port
from running_service import FORK_FAILS, GATE, RIGHT, lost, place, switch, until

from vipgate_fs.service.control import ask_for_status, ask_to_reload
from vipgate_fs.simulator import Caller

OTHER = GATE.replace("pin:\n", "other:\n", 1).replace("081547", "081548")
BROKEN = "\x00{garbage: [\n"


def test_a_reload_concerns_new_calls_only(run):
    service = run().listening()
    running = switch(service, speed=2.0).start(RIGHT, "700")
    until(lambda: running.experience.answered)
    service.configure("workers: 1", OTHER)
    assert service.reload() == (0, "reloaded\n")
    assert len(service.workers) <= 3
    calls = place(switch(service), 3, Caller(dial="081548#"))
    assert lost(calls) == []
    assert running.wait().transfers
    assert Counter(line["gate"] for line in service.lines("decision")) == {"pin": 1, "other": 3}
    until(lambda: len(service.workers) == 1)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(BROKEN, "allowed", id="garbage"),
        pytest.param("", "the configuration is wrong", id="nothing"),
        pytest.param(None, "No such file", id="gone"),
        pytest.param("version: 1\nserver: {listen: '192.0.2.1:1'}\ngates:\n" + GATE, "can't listen", id="address"),
    ],
)
def test_a_reload_is_refused_and_nothing_changes(run, content, why):
    service = run().listening()
    workers = service.workers
    service.config.unlink()
    if content is not None:
        service.config.write_text(content)
    code, said = service.reload()
    assert code == 1
    assert why in said
    assert "refused, nothing has changed" in said
    service.process.send_signal(signal.SIGHUP)
    service.await_line("reload refused, nothing has changed", count=2)
    assert service.workers == workers
    assert lost(place(switch(service), 5)) == []


def test_a_reload_whose_workers_do_not_start_is_refused(run, tmp_path):
    mark = tmp_path / "fail"
    patch = f"run = worker.Worker.run; fails = pathlib.Path({str(mark)!r}).exists\n"
    patch += "worker.Worker.run = lambda self: os._exit(3) if fails() else run(self)"
    service = run(patch=patch).listening()
    mark.touch()
    workers = service.workers
    code, said = service.reload()
    assert (code, "workers do not start" in said) == (1, True)
    until(lambda: service.workers == workers)
    assert lost(place(switch(service), 5)) == []


def test_a_reload_for_which_no_worker_can_be_forked_is_refused_whole(run, tmp_path):
    service = run(patch=FORK_FAILS.format("count == 3")).listening()
    workers = service.workers
    service.configure("workers: 2", OTHER)
    code, said = service.reload()
    assert (code, "a worker can't be started: Resource temporarily unavailable" in said) == (1, True)
    until(lambda: service.workers == workers)
    assert lost(place(switch(service), 5)) == []


def test_a_reload_to_a_port_that_does_not_listen_is_refused_whole(run, tmp_path):
    mark = tmp_path / "refuse"
    patch = f"""
from vipgate_fs.service import plain
listen, refuses = plain.socket.listen, pathlib.Path({str(mark)!r}).exists
def refuse(*args):
    if refuses():
        raise OSError(98, "Address already in use")
    listen(*args)
plain.socket.listen = refuse
"""
    service = run(patch=patch).listening()
    workers = service.workers
    service.listen = free_port()
    service.configure()
    mark.touch()
    code, said = service.reload()
    assert (code, "can't listen" in said) == (1, True)
    until(lambda: service.workers == workers)
    assert lost(place(switch(service), 5)) == []
    mark.unlink()
    assert service.reload() == (0, "reloaded\n")


HELD = """
from vipgate_fs import config
from vipgate_fs.service import plain
load, run, folder = config.load, worker.Worker.run, pathlib.Path("{folder}")
def until_gone(held, pause):
    while folder.joinpath(held).exists():
        pause(0.05)
config.load = lambda *given: (until_gone("loading", plain.sleep), load(*given))[1]
worker.Worker.run = lambda self: (until_gone("starting", gevent.sleep), run(self))
"""
"""A patch: nothing is loaded, and no worker starts, while there is a file of this name in a folder."""


@pytest.mark.parametrize(("held", "seconds"), [("loading", 4.0), ("starting", 1.0)])
def test_a_slow_reload_costs_no_call_and_one_told_meanwhile_is_done(run, tmp_path, held, seconds):
    timings = {"blocked": 3.0, "heartbeat": 0.2}
    service = run(timings=timings, patch=HELD.format(folder=tmp_path)).listening()
    running = switch(service, speed=0.1).start(Caller(), "700")
    until(lambda: running.experience.answered)
    (tmp_path / held).touch()
    service.process.send_signal(signal.SIGHUP)
    gevent.sleep(seconds)
    service.configure("workers: 2", OTHER)
    service.process.send_signal(signal.SIGHUP)
    (tmp_path / held).unlink()
    service.await_line("reloaded", count=2, seconds=20)
    assert not service.lines("worker is blocked, killing it")
    assert not running.experience.hung_up_by
    assert lost(place(switch(service), 1, Caller(dial="081548#"))) == []
    running.hang_up()


def test_reloaded_is_said_when_no_worker_of_before_accepts_a_call_any_more(run):
    service = run(timings={"blocked": 60.0}).listening()
    late, other = service.workers
    os.kill(late, signal.SIGSTOP)
    try:
        service.configure("workers: 2", OTHER)
        service.process.send_signal(signal.SIGHUP)
        until(lambda: other not in service.workers)
        assert service.lines("reloaded") == []
    finally:
        os.kill(late, signal.SIGCONT)
    service.await_line("reloaded")
    assert lost(place(switch(service), 5, Caller(dial="081548#"))) == []


def test_no_call_is_judged_by_a_configuration_that_is_refused_in_the_end(run, tmp_path):
    """Of its workers one is ready, and the other one starts until it dies."""
    patch = f"""
run, folder = worker.Worker.run, pathlib.Path({str(tmp_path)!r})
def start(self):
    try:
        folder.joinpath("one").unlink()
    except FileNotFoundError:
        return run(self)
    while not folder.joinpath("die").exists():
        gevent.sleep(0.05)
    os._exit(3)
worker.Worker.run = start
"""
    service = run(timings={"start": 60.0, "blocked": 60.0}, patch=patch).listening()
    tmp_path.joinpath("one").touch()
    service.configure("workers: 2", OTHER)
    service.process.send_signal(signal.SIGHUP)
    until(lambda: len(service.workers) == 4)
    for _ in range(10):
        assert lost(place(switch(service), 3)) == []
    tmp_path.joinpath("die").touch()
    service.await_line("reload refused, nothing has changed")
    assert {line["gate"] for line in service.lines("decision")} == {"pin"}


def test_a_worker_that_dies_during_a_long_reload_is_replaced_meanwhile(run, tmp_path):
    service = run(patch=HELD.format(folder=tmp_path)).listening()
    hang(service)
    service.process.send_signal(signal.SIGHUP)
    until(lambda: len(service.children("vipgate-config")) == 2)
    before = service.workers
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    until(lambda: len(set(service.workers) - set(before)) == 2, 30)
    assert lost(place(switch(service), 3)) == []


def test_max_calls_holds_while_new_workers_start(run, tmp_path):
    patch = HELD.format(folder=tmp_path)
    service = run(
        settings="workers: 2, max_calls: 2", timings={"start": 60.0, "blocked": 60.0}, patch=patch
    ).listening()
    tmp_path.joinpath("starting").touch()
    service.process.send_signal(signal.SIGHUP)
    until(lambda: len(service.workers) == 4, 30)
    calls = place(switch(service, speed=1.0), 2, Caller())
    service.await_line("connections are refused: server.max_calls is reached", seconds=30)
    assert not service.lines("reloaded")
    tmp_path.joinpath("starting").unlink()
    service.await_line("reloaded", seconds=30)
    for call in calls:
        call.hang_up()


def test_reloads_and_garbage_under_load_lose_no_call(run):
    service = run().listening()
    placing = gevent.spawn(place, switch(service), 300, RIGHT, 0.01)
    for turn in range(3):
        service.configure("workers: 2", GATE.replace("pin:\n", f"pin{turn}:\n", 1))
        service.process.send_signal(signal.SIGHUP)
        service.await_line("reloaded", turn + 1)
        service.config.write_text(BROKEN)
        service.process.send_signal(signal.SIGHUP)
        service.await_line("reload refused, nothing has changed", turn + 1)
    assert lost(placing.get()) == []
    assert not service.lines("worker died")


def test_another_address_is_taken_over_without_losing_a_call(run):
    service = run().listening()
    old = switch(service)
    calls = place(old, 20, every=0.005)
    until(lambda: all(call.experience.answered or call.experience.hung_up_by for call in calls), 30)
    service.listen = free_port()
    service.configure()
    placing = gevent.spawn(place, old, 20, RIGHT, 0.02)
    assert service.reload() == (0, "reloaded\n")
    assert all(call.wait().transfers or call.experience.status == 480 for call in placing.get())
    with pytest.raises(ConnectionRefusedError):
        stdlib_socket.create_connection(("127.0.0.1", service.port))
    service.port = service.listen
    assert lost(calls + place(switch(service), 20)) == []


def test_the_service_is_found_by_every_path_to_its_file(run, tmp_path):
    service = run().listening()
    link = tmp_path / "link.yaml"
    link.symlink_to(service.config)
    for path in (link, service.config.parent / ".." / service.config.parent.name / service.config.name):
        assert ask_to_reload(path).why == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_told_that_he_is_not_heard(run):
    service = run().listening()
    ask = f"""
import os
from pathlib import Path
from vipgate_fs.service.answers import NoService
from vipgate_fs.service.control import ask_to_reload
os.setuid(65534)
try:
    print(ask_to_reload(Path({str(service.config)!r})))
except NoService as error:
    print(error)
"""
    output = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout
    assert "only root and the service's own are answered" in output
    assert not service.lines("reloaded")


def test_a_configuration_has_one_service(run):
    service = run().listening()
    done = vipgate("serve", "--config", service.config)
    assert (done.returncode, done.stderr) == (1, f"Error: a service for {service.config} is running\n")
    assert service.end() == 0
    assert service.reload() == (2, f"Error: no service runs for {service.config}\n")


LISTED = """\
  pin:
    protects: {numbers: ["700"]}
    identify: [{callers: {file: numbers.csv}}, {static_pin: {pin: "081547"}}]
"""


@pytest.fixture
def patience(monkeypatch):
    """How the supervisor shows to systemd that it lives, and how often."""
    with TemporaryDirectory() as folder, stdlib_socket.socket(stdlib_socket.AF_UNIX, stdlib_socket.SOCK_DGRAM) as sock:
        sock.bind(f"{folder}/notify")
        monkeypatch.setenv("NOTIFY_SOCKET", f"{folder}/notify")
        yield sock


def beats(sock, count):
    """Wait for so many signs of life from now on."""
    sock.setblocking(False)
    with suppress(BlockingIOError):
        while sock.recv(200):
            pass
    sock.settimeout(10)
    while count:
        count -= sock.recv(200).startswith(b"WATCHDOG=1")


def hang(service):
    """What it reads is on a mount that hangs; see HELD."""
    service.config.parents[1].joinpath("loading").touch()


def grow(service):
    service.config.with_name("numbers.csv").write_text("number\n" + "+491761\n" * 60_000)
    service.configure(gates=LISTED)


@pytest.mark.parametrize("becomes", [hang, grow])
def test_whatever_a_reload_reads_the_supervisor_lives_and_answers(run, tmp_path, patience, becomes):
    """A mount that hangs; and a list that takes its time."""
    service = run(patch=HELD.format(folder=tmp_path)).listening()
    becomes(service)
    service.process.send_signal(signal.SIGHUP)
    until(lambda: len(service.children("vipgate-config")) == 2)
    beats(patience, 2)
    assert ask_for_status(service.config).workers == 2
    assert ask_to_reload(service.config).why in ("", "another reload is under way; try again when it has ended")
    assert lost(place(switch(service), 3)) == []
    if becomes is grow:
        service.await_line("reloaded", seconds=50)
    assert service.end() == 0


def test_a_configuration_that_hangs_is_given_up_and_nothing_changes(run, tmp_path):
    service = run(
        timings={"load": 6.0}, patch=HELD.format(folder=tmp_path)
    ).listening()  # which it needs to start on a busy machine
    workers = service.workers
    hang(service)
    service.process.send_signal(signal.SIGHUP)
    why = service.await_line("reload refused, nothing has changed")["why"]
    assert why == "it was not read within 6 s; is a file that it names on a mount that hangs?"
    assert service.workers == workers
    until(lambda: len(service.children("vipgate-config")) == 1)
    assert lost(place(switch(service), 3)) == []


def test_while_a_reload_reads_the_service_may_be_told_to_end(run, tmp_path):
    service = run(patch=HELD.format(folder=tmp_path)).listening()
    hang(service)
    service.process.send_signal(signal.SIGHUP)
    until(lambda: len(service.children("vipgate-config")) == 2)
    assert service.end() == 0
    assert service.lines("reload refused, nothing has changed", why="the service is ending")


def test_a_service_whose_configuration_hangs_does_not_start(run, tmp_path):
    tmp_path.joinpath("loading").touch()
    service = run(timings={"load": 1.0}, patch=HELD.format(folder=tmp_path))
    assert service.ended() == 1
    assert "Error: it was not read within 1 s" in service.log.read_text()


def test_what_the_service_serves_by_is_read_anew_when_its_process_has_died(run):
    service = run(settings="workers: 1").listening()
    (holder,) = service.children("vipgate-config")
    os.kill(holder, signal.SIGKILL)
    assert lost(place(switch(service), 3)) == []
    os.kill(service.workers[0], signal.SIGKILL)
    service.await_line("reloaded")
    assert lost(place(switch(service), 3)) == []
    assert service.children("vipgate-config") != [holder]


def test_a_reload_told_while_the_service_starts_does_not_end_it(run, tmp_path):
    mark = tmp_path / "reading"
    patch = f"""
from vipgate_fs import config
from vipgate_fs.service import plain
load = config.load
config.load = lambda *given: (pathlib.Path({str(mark)!r}).touch(), plain.sleep(1), load(*given))[2]
"""
    service = run(patch=patch)
    until(mark.exists)
    service.process.send_signal(signal.SIGHUP)
    service.listening()
    service.await_line("reloaded")
    assert lost(place(switch(service), 3)) == []
    assert service.end() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be robbed")
def test_root_does_not_serve_in_a_folder_of_somebody_else(run):
    service = run().listening()
    before = service.workers
    os.chown(service.config.parent, 65534, 65534)
    try:
        code, said = service.reload()
        assert code == 1
        assert "run the service as that user, not as root" in said
        assert service.workers == before
    finally:
        os.chown(service.config.parent, 0, 0)


def test_a_list_of_pins_is_read_anew_and_a_broken_one_changes_nothing(run, tmp_path):
    def write(rows):
        pins.write_text("Rufnummer;PIN;Bemerkung\r\n" + "".join(f"{number};{pin};\r\n" for number, pin in rows))
        pins.chmod(0o640)

    pins = tmp_path / "pins.csv"
    rows = [(f"+49176{number:08}", "471147") for number in range(5_000)]
    write([*rows, ("+4917612345678", "081547")])
    service = run(gates=GATE.replace('static_pin: {pin: "081547"}', f"caller_pin: {{file: {pins}}}")).listening()
    caller = Caller("+4917612345678", dial="081547#")
    assert place(switch(service), 1, caller)[0].wait().transfers
    write([*rows, ("+4917612345678", "081548")])
    assert service.reload() == (0, "reloaded\n")
    assert not place(switch(service), 1, caller)[0].wait().transfers
    broken = [line for line in range(2, 5_002) if line % 500 == 0]
    write([row if line not in broken else (row[0], "") for line, row in enumerate(rows, 2)])
    code, said = service.reload()
    assert (code, "refused, nothing has changed" in said) == (1, True)
    assert [line for line in broken if f"pins.csv:{line}:1: " not in said + service.log.read_text()] == []
    assert place(switch(service), 1, Caller("+4917612345678", dial="081548#"))[0].wait().transfers
    assert "0815" not in said + service.log.read_text()
