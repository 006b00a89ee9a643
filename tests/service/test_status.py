from __future__ import annotations

import datetime as dt
import hashlib
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from well import WELL

from vipgate_fs import config
from vipgate_fs.document.sources import Machine
from vipgate_fs.service import status as status_module
from vipgate_fs.service.plan import Plan
from vipgate_fs.service.port import Port
from vipgate_fs.service.status import WorkerState, as_time, status_of


@pytest.mark.parametrize(
    "report", [WorkerState(), WorkerState(calls=3, begun=1_000_000, store_gone_since=1_800_000_000, overrides=2)]
)
def test_a_report_comes_as_it_was_sent(report):
    assert WorkerState.decode(report.encode()) == report
    assert len(report.encode()) <= 64


@pytest.mark.parametrize(
    ("differs", "problems"),
    [
        ({}, []),
        ({"overrides": 3, "store": "none"}, []),
        ({"workers": 1}, ["only 1 of 2 workers serve"]),
        ({"workers": 3}, []),
        ({"accepting": False}, ["connections are refused"]),
        ({"store": "gone", "store_gone_since": 0.0}, [f"store unavailable since {as_time(0.0)}"]),
        (
            {"accepting": False, "workers": 0},
            ["connections are refused", "only 0 of 2 workers serve"],
        ),
        ({"unmet": 9, "calls_since_start": 9}, []),
        (
            {"unmet": 10, "calls_since_start": 10},
            ["none of 10 calls met a gate: they are to other numbers than those under `protects`"],
        ),
        (
            {"unmet": 10, "calls_since_start": 12, "calls": 2},
            ["none of 10 calls met a gate: they are to other numbers than those under `protects`"],
        ),
        ({"unmet": 1000, "calls_since_start": 1001}, []),
        ({"refused": 0.0}, [f"the reload of {as_time(0.0)} was refused; vipgate check says why"]),
        ({"accepting": False, "workers": 0, "ending": True, "calls": 3}, ["stopping, with 3 calls left"]),
    ],
)
def test_what_is_a_problem(differs, problems):
    status = replace(WELL, **differs)
    assert list(status.problems) == problems
    assert status.summary == ("; ".join(problems) or f"{status.workers} of 2 workers serve")


def test_a_time_has_its_offset():
    assert dt.datetime.fromisoformat(as_time(1_800_000_000.0)).timestamp() == 1_800_000_000.0
    assert dt.datetime.fromisoformat(as_time(0.0)).tzinfo is not None


@pytest.mark.parametrize(
    ("since", "store", "gone_since"), [((0, 0), "ok", None), ((0, 20), "gone", 20), ((30, 20), "gone", 20)]
)
def test_the_store_is_gone_when_a_worker_misses_it(tmp_path, since, store, gone_since):
    path = tmp_path / "vipgate.yaml"
    path.write_text(
        'version: 1\nserver: {listen: "127.0.0.1:0"}\ngates:\n  a: {protects: {numbers: ["1"]}, otherwise: {reject: true}}\n'
    )
    plan = Plan.of(config.load(path).configuration)
    port = Port("127.0.0.1", 0)
    reports = [WorkerState(store_gone_since=moment, overrides=1) for moment in since]
    now = {
        "calls": 0,
        "calls_since_start": 0,
        "unmet": 0,
        "uptime": 0.0,
        "taken_over": 0.0,
        "ending": False,
        "refused": None,
        "files": (),
        "page": "none",
    }
    status = status_of(plan, port, reports, **now)
    port.socket.close()
    assert (status.store, status.store_gone_since, status.overrides) == (store, gone_since, 1)
    assert not status.is_changed()
    assert status.digest not in repr(status)
    path.write_text("")
    assert status.is_changed()
    path.unlink()
    assert status.is_changed()
    os.mkfifo(path)
    assert status.is_changed()
    assert plan.digest not in repr(plan)
    assert Plan.decode(plan.encode()) == plan


def test_a_list_that_hangs_is_not_waited_for_and_those_before_it_are_compared(tmp_path, monkeypatch):
    names, over = ("as it was", "another", "a pipe", "hangs", "after it"), threading.Event()
    for name in names:
        (tmp_path / name).write_text(name)
    (tmp_path / "another").write_text("by now")
    (tmp_path / "a pipe").unlink()
    os.mkfifo(tmp_path / "a pipe")
    files = {str(tmp_path / name): hashlib.sha256(name.encode()).hexdigest() for name in names}

    class Hangs(Machine):
        def list(self, name, folder):
            if name.endswith("hangs"):
                over.wait(30)
            return super().list(name, folder)

    monkeypatch.setattr(status_module, "MACHINE", Hangs())
    monkeypatch.setattr(status_module, "PATIENCE", 0.5)
    try:
        assert [Path(path).name for path in status_module._changed(files)] == list(names[1:])
    finally:
        over.set()
