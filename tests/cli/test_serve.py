"""The service as a process: what it says, how it begins and ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
from esl_peer import connect_reply

CONFIGURATION = """\
version: 1
server: {{listen: "127.0.0.1:{port}"}}
gates:
  pin: {{protects: {{numbers: ["700"]}}, identify: [{{static_pin: {{pin: "081547"}}}}]}}
"""


def start(*arguments, **more):
    command = [sys.executable, "-m", "vipgate_fs", "serve", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "vipgate.yaml"
    path.write_text(CONFIGURATION.format(port=0))
    return path


@pytest.fixture
def service(config):
    process = start("--config", config)
    port = next(line["port"] for line in map(json.loads, process.stderr) if line["event"] == "listening")
    yield process, port
    process.kill()
    process.communicate()


def finished(process):
    out, err = process.communicate(timeout=50)
    assert out == ""
    return process.returncode, err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(service, number):
    process, _ = service
    process.send_signal(number)
    code, err = finished(process)
    assert code == 0
    assert [json.loads(line)["event"] for line in err.splitlines()] == ["ending", "ended"]


def test_a_running_dialogue_may_end_and_a_second_signal_cuts_it_off(service):
    process, port = service
    with socket.create_connection(("127.0.0.1", port)) as call:
        assert call.recv(100) == b"connect\n\n"
        call.sendall(connect_reply())
        assert b"play_and_get_digits" in call.recv(65536)
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        process.send_signal(signal.SIGTERM)
        code, err = finished(process)
    assert code == 0
    assert json.loads(err.splitlines()[-1])["calls_cut_off"] == 1


def test_a_port_in_use_is_one_line(service, tmp_path):
    taken = tmp_path / "taken.yaml"
    taken.write_text(CONFIGURATION.format(port=service[1]))
    code, err = finished(start("--config", taken))
    assert code == 1
    assert err == f"Error: can't listen on 127.0.0.1:{service[1]}: Address already in use\n"


def test_a_missing_file_is_one_line(tmp_path):
    code, err = finished(start("--config", tmp_path / "none.yaml"))
    assert (code, err.count("\n")) == (2, 1)
    assert "none.yaml" in err


def test_a_broken_configuration_starts_nothing_and_tells_all(tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text("version: 2\nserver: {listen: here}\ngates: {}\n")
    code, err = finished(start("--config", broken))
    assert code == 1
    assert {line.split(":")[1] for line in err.splitlines()} == {"1", "2", "3"}


def test_where_the_configuration_is_looked_for(tmp_path, config):
    environment = {**os.environ, "VIPGATE_CONFIG": ""}
    code, err = finished(start(cwd=tmp_path / "..", env=environment))
    assert code == 2
    assert "/etc/vipgate/vipgate.yaml" in err
    for more in (
        {"cwd": tmp_path, "env": environment},
        {"cwd": "/", "env": {**environment, "VIPGATE_CONFIG": str(config)}},
    ):
        process = start(**more)
        assert json.loads(process.stderr.readline())["event"] == "listening"
        process.kill()
        process.communicate()
