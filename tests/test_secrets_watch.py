"""The check of the whole run finds a PIN that is planted, wherever it is."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gevent import socket
from secrets_watch import PIN_SHOWN, Watch

from vipgate_fs.esl.errors import SessionGone
from vipgate_fs.esl.session import Session
from vipgate_fs.gate.record import CallRecord
from vipgate_fs.secret import Secret
from vipgate_fs.service.logs import configure
from vipgate_fs.simulator import Caller
from vipgate_fs.store.store import Store

PIN = "719273"
RECORD = CallRecord("u", 0.0, "g", "1", "2", "pass", 0, "passed", None, f"the PIN {PIN}", 0.0, 0.0)


def log():
    configure("info", io.StringIO(), json=True).info("decision", reason=f"keyed in {PIN}")


def send(connection):
    session = Session(("127.0.0.1", 1), connection[0])
    connection[1].sock.shutdown(socket.SHUT_WR)
    with pytest.raises(SessionGone):
        session.send(f"sendmsg\nexecute-app-arg: {PIN}")


@pytest.mark.parametrize(
    ("where", "plant"),
    [
        ("log", lambda _: log()),
        ("argument", send),
        ("record", lambda _: Store(Secret("sqlite:///x"), Path("x"), None).record(RECORD)),
    ],
)
def test_a_planted_pin_is_found(monkeypatch, connection, where, plant):
    watch = Watch()
    watch.attach(monkeypatch)
    watch.keyed_in(PIN)  # by nobody whom the watch of the whole run sees
    assert watch.found() == []
    plant(connection)
    (found,) = watch.found()
    assert found.startswith(where)
    assert PIN not in found


def test_what_a_simulated_caller_keys_in_is_looked_for(monkeypatch):
    watch = Watch()
    watch.attach(monkeypatch)
    assert Caller(dial=("1#", "604813#")).entry(1) == "604813#"
    watch.saw("log", "entry='604813'")
    assert watch.found() == ["log: entry='***'"]


@pytest.mark.parametrize(
    "text", ["2026-11-24T20:00:00.604813", "0ad44d85-a324-4c1d-8bc0-604813604813", "6048130", "60481"]
)
def test_other_digits_are_no_alarm(text):
    watch = Watch()
    watch.keyed_in("604813")
    watch.saw("log", text)
    assert watch.found() == []


SHOWS = """
from vipgate_fs.simulator import Caller

def test_one():
    print(Caller(dial="604813#").entry(0))

def test_another():
    pass
"""


@pytest.mark.parametrize("processes", [[], ["-n1"]], ids=["one process", "two"])
def test_a_run_in_which_a_test_shows_a_pin_has_failed(tmp_path, processes):
    tmp_path.joinpath("test_it.py").write_text(SHOWS)
    command = [sys.executable, "-m", "pytest", "-p", "secrets_watch", "--import-mode=importlib", *processes]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == PIN_SHOWN, run.stdout + run.stderr
    assert "Captured stdout call of test_it.py::test_one: ***" in run.stdout
    assert "604813" not in run.stdout
