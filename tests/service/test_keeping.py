"""The service with a store: what its workers count is one, each call has a record, and no PIN is in any of it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import gevent
import pytest
from forked import vipgate
from running_service import GATE, PATIENT, START

from vipgate_fs.simulator import Caller, Simulator

PIN, WRONG = "908172635", "605142332"
VIP, OTHER = "+4917612345678", "+4930123456"
CONFIGURATION = f"""\
version: 1
server: {{listen: "127.0.0.1:0", workers: 2}}
store: sqlite:///state.db
gates:
  support: {{protects: {{numbers: ["700"]}}, identify: [{{static_pin: {{pin: "{PIN}"}}}}]}}
  strict:
    protects: {{numbers: ["701"]}}
    identify: [{{static_pin: {{pin: "{PIN}"}}}}]
    lockout: {{failures: 1, locked_callers: reject}}
"""


@pytest.fixture
def folder(tmp_path):
    tmp_path.joinpath("vipgate.yaml").write_text(CONFIGURATION)
    return tmp_path


@pytest.fixture
def service(folder):
    """A running service: its process, and a switch that calls it."""
    command = [
        sys.executable,
        "-c",
        START,
        "{}",
        PATIENT,
        "serve",
        "--config",
        folder / "vipgate.yaml",
        "--log-level",
        "debug",
    ]
    log = folder.joinpath("log").open("w")
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.PIPE, text=True)
    port = None
    for line in process.stderr:
        log.write(line)
        if json.loads(line)["event"] == "listening":
            port = json.loads(line)["port"]
            break
    gevent.get_hub().loop.update_now()  # its clock stands still while other tests run; a caller's patience counts by it
    yield process, Simulator(port=port, speed=20)
    if process.poll() is None:
        process.kill()
    process.communicate()
    log.close()


def rows(folder, query):
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        return connection.execute(query).fetchall()


def end(process, folder):
    process.terminate()
    log = process.communicate(timeout=50)[1]
    with folder.joinpath("log").open("a") as file:
        file.write(log)
    assert process.returncode == 0
    return log


def test_workers_count_together_and_every_call_has_a_record(service, folder):
    process, switch = service
    guesses = [switch.start(Caller(VIP, dial=[f"{WRONG}#"] * 3), "700") for _ in range(8)]
    assert {call.wait().cause for call in guesses} == {"USER_BUSY"}
    locked = switch.call(Caller(VIP, dial=f"{PIN}#"), "700")
    other = switch.call(Caller(OTHER, dial=f"{PIN}#"), "700")
    assert (locked.transferred_to, other.transferred_to.extension) == (None, "700")
    log = end(process, folder)
    assert rows(folder, "SELECT kind, failures FROM vipgate_tallies WHERE locked_until > 0") == [("caller", 5)]
    assert rows(folder, "SELECT gate, outcome, count(*) FROM vipgate_calls GROUP BY 1, 2 ORDER BY 2") == [
        ("support", "pin_correct", 1),
        ("support", "pin_incorrect", 9),
    ]
    assert rows(folder, f"SELECT entries, target FROM vipgate_calls WHERE caller = '{OTHER}'") == [(1, "700")]
    assert rows(folder, "SELECT min(deciding) >= 0, min(seconds) > 0.1 FROM vipgate_calls") == [(1, 1)]
    assert len(rows(folder, "SELECT 1 FROM vipgate_calls WHERE reason LIKE '%locked out'")) >= 7
    assert log.count('"a lockout begins"') == 1
    kept = b"".join(file.read_bytes() for file in folder.iterdir() if file.name != "vipgate.yaml")
    assert VIP.encode() in kept
    for pin in (PIN, WRONG):
        assert pin.encode() not in kept


def test_a_locked_caller_may_be_turned_away_at_once(service, folder):
    process, switch = service
    assert switch.call(Caller(VIP, dial=f"{WRONG}#", hang_up_after=12), "701").answered
    assert switch.call(Caller(VIP, dial=f"{PIN}#"), "701").status == 486
    end(process, folder)
    reasons = rows(folder, "SELECT outcome, reason FROM vipgate_calls ORDER BY began")
    assert reasons[1] == ("rejected", "static_pin: ask for PIN; locked out")


def test_a_record_survives_the_worker(service, folder):
    process, switch = service
    switch.call(Caller(OTHER, dial=f"{PIN}#"), "700")
    for _ in range(1200):  # a busy disk may make it wait
        if folder.joinpath("state.db").exists() and rows(folder, "SELECT 1 FROM vipgate_calls"):
            break
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert rows(folder, "SELECT outcome FROM vipgate_calls") == [("pin_correct",)]


def test_a_service_goes_on_without_a_store_of_a_newer_version(folder):
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        connection.executescript(
            "CREATE TABLE vipgate_schema (version INTEGER); INSERT INTO vipgate_schema VALUES (99)"
        )
    folder.joinpath("state.db").chmod(0o600)
    command = [sys.executable, "-m", "vipgate_fs", "serve", "--config", folder / "vipgate.yaml"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        said = []
        while not said or said[-1]["event"] != "listening":
            said.append(json.loads(process.stderr.readline()))
        process.terminate()
        process.communicate(timeout=50)
    why = {line.get("why") for line in said if line["event"].startswith("store unavailable")}
    assert any("the store has schema version 99, and this VIPgate knows only those up to " in each for each in why)


@pytest.mark.parametrize(
    "arguments",
    [
        ["call", "--from", VIP, "--to", "700", "--dial", WRONG, "--speed", "50"],
        ["explain", "--from", VIP, "--to", "700"],
        ["check"],
    ],
)
def test_only_the_service_touches_the_store(folder, arguments):
    options = ["vipgate.yaml"] if arguments == ["check"] else [*arguments[1:], "--config", "vipgate.yaml"]
    done = vipgate(arguments[0], *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert [file.name for file in folder.iterdir()] == ["vipgate.yaml"]


def test_without_a_store_it_does_not_matter_where_the_service_is_started(run, tmp_path):
    """Root's service must not write where others could lead it elsewhere; this one writes nothing."""
    anywhere = tmp_path / "anywhere"
    anywhere.mkdir()
    anywhere.chmod(0o777)
    run(gates=f"{GATE}store: none\n", cwd=anywhere).listening()
