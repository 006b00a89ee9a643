"""`vipgate status`: what a monitor learns of a running service, and what it never does."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal

import pytest
from click.testing import CliRunner
from forked import vipgate
from running_service import GATE, PATIENT, RIGHT, Service, lost, place, switch, until

from vipgate_fs.cli import status
from vipgate_fs.service import control
from vipgate_fs.simulator import Caller


def ask(config, *options):
    done = vipgate("status", "--config", config, *options)
    assert done.stderr == ""
    return done.returncode, done.stdout


def facts(service):
    code, out = ask(service.config, "--format", "json")
    return {"code": code, **json.loads(out)}


@pytest.fixture
def service(tmp_path):
    service = Service(tmp_path, patch=PATIENT).listening()
    until(lambda: facts(service)["code"] == 0)
    yield service
    service.destroy()


def test_all_is_well(service):
    before = facts(service)
    assert {name: before[name] for name in ("code", "problems", "store", "store_gone_since", "changed")} == {
        "code": 0,
        "problems": [],
        "store": "ok",
        "store_gone_since": None,
        "changed": False,
    }
    assert (before["pid"], before["workers"], before["workers_wanted"]) == (service.process.pid, 2, 2)
    assert (before["address"], before["configuration"]) == (f"127.0.0.1:{service.port}", str(service.config))
    age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(before["taken_over"])
    assert dt.timedelta(0) <= age < dt.timedelta(hours=1)
    assert lost(place(switch(service), 3)) == []
    until(lambda: facts(service)["calls_since_start"] == 3)
    assert facts(service)["calls"] == 0
    code, out = ask(service.config)
    assert (code, out.splitlines()[0]) == (0, "ok: 2 of 2 workers serve")
    assert "081547" not in out
    assert "digest" not in before


def test_calls_since_the_start_outlive_workers(service):
    assert lost(place(switch(service), 5)) == []
    assert service.reload()[0] == 0
    until(lambda: len(service.workers) == 2)
    assert facts(service)["calls_since_start"] == 5


def test_a_running_call_is_counted(service):
    call = switch(service, speed=2.0).start(RIGHT, "700")
    until(lambda: facts(service)["calls"] == 1)
    call.wait()
    until(lambda: facts(service)["calls"] == 0)


def test_a_changed_file_is_no_problem_and_a_reload_takes_it_over(service):
    service.configure("workers: 1")
    changed = facts(service)
    assert (changed["code"], changed["changed"], changed["workers_wanted"]) == (0, True, 2)
    assert "the file has changed since then" in ask(service.config)[1]
    assert service.reload()[0] == 0
    after = facts(service)
    assert (after["changed"], after["workers_wanted"]) == (False, 1)
    assert after["taken_over"] >= changed["taken_over"]
    service.config.unlink()
    assert facts(service)["changed"]


def test_a_reload_that_was_refused_is_reported_until_one_is_not(service):
    good = service.config.read_text()
    service.config.write_text("version: 2\n")
    assert service.reload()[0] == 1
    (problem,) = facts(service)["problems"]
    assert problem.startswith("the reload of ")
    assert problem.endswith(" was refused; vipgate check says why")
    service.config.write_text(good)
    assert service.reload()[0] == 0
    until(lambda: facts(service)["code"] == 0)


def test_a_service_that_ends_says_so(service):
    call = switch(service, speed=1.0).start(Caller(), "700")
    until(lambda: facts(service)["calls"] == 1)
    service.process.terminate()
    until(lambda: facts(service)["problems"] == ["stopping, with 1 call left"])
    call.hang_up()
    assert service.ended() == 0


def test_a_store_that_is_gone_is_reported_and_when_it_is_back(service):
    store = service.config.parent / "vipgate.db"
    for file in service.config.parent.glob("vipgate.db*"):
        file.rename(file.with_name("aside-" + file.name))
    store.mkdir()
    until(lambda: facts(service)["store"] == "gone", 20)
    gone = facts(service)
    assert gone["code"] == 1
    assert [problem.partition(" since ")[0] for problem in gone["problems"]] == ["store unavailable"]
    assert dt.datetime.fromisoformat(gone["store_gone_since"]).tzinfo is not None
    store.rmdir()
    until(lambda: facts(service)["code"] == 0, 20)


def test_missing_workers(tmp_path):
    slow = {"back_off": 60.0, "most_back_off": 60.0, "hopeless": 1000.0}
    service = Service(tmp_path, timings=slow, patch=PATIENT).listening()
    try:
        os.kill(service.workers[0], signal.SIGKILL)
        service.await_line("worker died")
        short = facts(service)
        assert (short["code"], short["problems"]) == (1, ["only 1 of 2 workers serve"])
    finally:
        service.destroy()


def test_overrides_are_counted(service):
    assert vipgate("override", "--config", service.config, "pin", "off").returncode == 0
    until(lambda: facts(service)["overrides"] == 1, 20)
    until(lambda: facts(service)["code"] == 0)
    service.configure(gates=GATE.replace("pin:\n", "renamed:\n", 1))
    assert service.reload()[0] == 0
    assert facts(service)["overrides"] == 0


@pytest.mark.parametrize("options", [(), ("--format", "json")])
def test_no_service_is_reported_where_monitors_look(tmp_path, options):
    path = tmp_path / "none.yaml"
    why = f"no service runs for {path}"
    code, out = ask(path, *options)
    assert code == 2
    assert (json.loads(out)["problems"] if options else out.splitlines()) == [why]


def test_a_service_that_hangs_does_not_hang_its_monitor(service, monkeypatch):
    monkeypatch.setattr(control, "_STATUS_TIMEOUT", 0.5)
    os.kill(service.process.pid, signal.SIGSTOP)
    result = CliRunner().invoke(status.command, ["--config", str(service.config)])
    os.kill(service.process.pid, signal.SIGCONT)
    why = f"the service for {service.config} does not answer within 0.5 s\n"
    assert (result.exit_code, result.output) == (2, why)
