"""`vipgate doctor` as a command: its first line and its exit status are for monitors."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from vipgate_fs.cli import doctor, main
from vipgate_fs.doctor.machine import Machine

GATES = """version: 1
site: {country: DE}
gates:
  support:
    protects: {numbers: ["+49 711 55500"]}
    identify: [{static_pin: {pin: "081547293"}}]
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    file = tmp_path / "vipgate.yaml"
    file.write_text(GATES)
    file.chmod(0o600)
    monkeypatch.setattr(doctor, "ask_machine", lambda *_, **__: Machine(rules="2099a"))
    return file


def run(*words):
    return CliRunner().invoke(main, ["doctor", *map(str, words)])


def test_findings_come_with_what_to_type_and_a_status_for_monitors(config):
    done = run("--config", config, "--without-switch")
    assert done.exit_code == 1
    first, _, finding, why, do = done.stdout.splitlines()
    assert first == "WARNING: 1 warning"
    assert finding.startswith("WARNING: somebody listens on 127.0.0.1:8084")
    assert why.startswith("    Calls may be judged")
    assert do.startswith("    → ")
    assert "081547293" not in done.output


def test_a_document_for_programs(config):
    document = json.loads(run("--config", config, "--without-switch", "--format", "json").stdout)
    assert document["result"] == "warning"
    assert [(one["mistake"], one["severity"]) for one in document["findings"]] == [("service-hidden", "warning")]


def test_a_switch_that_can_not_be_asked_is_unknown(config):
    done = run("--config", config, "--switch", "127.0.0.1:1", "--event-socket-conf", config.parent / "none.xml")
    assert done.exit_code == 3
    assert done.stdout.splitlines()[0] == "UNKNOWN: 1 not found out, 1 warning"


def test_no_configuration_is_unknown_on_stdout(tmp_path):
    done = run("--config", tmp_path / "none.yaml")
    assert (done.exit_code, done.stdout) == (3, f"UNKNOWN: {tmp_path}/none.yaml: No such file or directory\n")
    assert json.loads(run("--config", tmp_path / "none.yaml", "--format", "json").stdout)["result"] == "unknown"


@pytest.mark.parametrize("place", ["8021", "host:", ":8021", "host:70000", "host:x"])
def test_an_address_has_a_host_and_a_port(config, place):
    done = run("--config", config, "--switch", place)
    assert done.exit_code == 3
    assert "allowed: HOST:PORT" in done.stderr


def test_it_speaks_german(config):
    done = run("--config", config, "--without-switch", "--language", "de")
    first, _, finding, why, do = done.stdout.splitlines()
    assert first == "WARNING: 1 Warnung"
    assert finding.startswith("WARNING: auf 127.0.0.1:8084 lauscht jemand, aber: ")
    assert why.startswith("    Anrufe werden vielleicht nach einer anderen Konfiguration")
    assert do.startswith("    → dies als root ausführen")
