"""`vipgate call` with a gate of its own, and with one that is running."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from importlib import import_module

import pytest
from click.testing import CliRunner

from vipgate_fs import config
from vipgate_fs.cli.call import command
from vipgate_fs.service.logs import configure
from vipgate_fs.service.server import GateServer

PIN = "908172635"
CONFIGURATION = f"""\
version: 1
site: {{country: DE, timezone: Europe/Berlin, domain: elsewhere.example}}
server: {{listen: "127.0.0.1:0"}}
schedules:
  office: [{{days: mon-fri, from: "09:00", to: "17:00"}}]
gates:
  pin:
    protects: {{numbers: ["700"]}}
    active: {{outside: office}}
    identify: [static_pin: {{pin: "{PIN}"}}]
  withheld:
    protects: {{numbers: ["701"]}}
    identify: [callers: {{withheld: reject}}]
    otherwise: {{reject: false}}
  people: {{protects: {{users: [alice], groups: [sales]}}, otherwise: {{reject: true}}}}
"""
EVENING, NOON = ("--at", "2026-11-24T20:00"), ("--at", "2026-11-24T12:00")
FAST = ("--speed", "25")


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "vipgate.yaml"
    file.write_text(CONFIGURATION)
    return file


@pytest.fixture
def call(path):
    """Runs `vipgate call` with a configuration."""

    def run(*arguments):
        result = CliRunner().invoke(command, ["--config", str(path), *FAST, *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert PIN not in result.output
        return result

    return run


def moments(result):
    """What the caller experienced, without the seconds."""
    assert result.exit_code == 0, result.output
    return [line.split(maxsplit=1)[1] for line in result.stdout.splitlines()]


def sounds(result):
    return [
        line.rpartition("vipgate-")[2] for line in moments(result) if line.startswith("heard") and "vipgate-" in line
    ]


@pytest.mark.parametrize(
    ("arguments", "experienced"),
    [
        pytest.param(["--to", "700", *NOON], "transferred to 700 XML vipgate-passed", id="--at, gate not active"),
        pytest.param(
            ["--to", "700", *EVENING, "--dial", f"{PIN}#"], "transferred to 700 XML vipgate-passed", id="--dial"
        ),
        pytest.param(
            ["--to", "700", *EVENING, "--dial", "1#", "--dial", f"{PIN}#"],
            "transferred to 700 XML vipgate-passed",
            id="--dial, repeated",
        ),
        pytest.param(
            ["--to", "700", *EVENING, "--dial", "1#", "--dial", "2#", "--dial", "3#"],
            "hung up by the switch, USER_BUSY",
            id="three wrong PINs",
        ),
        pytest.param(["--to", "700", *EVENING, "--hangup-after", "3"], "hung up by the caller", id="--hangup-after"),
        pytest.param(["--to", "701"], "transferred to 701 XML vipgate-passed", id="a number"),
        pytest.param(["--to", "701", "--from", "anonymous"], "rejected 486 Busy Here", id="withheld"),
        pytest.param(["--to", "701", "--name", 'x%0A"<sip:1@x>\n'], "transferred to 701 XML vipgate-passed", id="name"),
        pytest.param(
            ["--to", "701", "--header", "P-Asserted-Identity: <sip:anonymous@x>"],
            "rejected 486 Busy Here",
            id="--header",
        ),
        pytest.param(["--to", "7001", "--user", "alice"], "rejected 486 Busy Here", id="--user"),
        pytest.param(["--to", "7001", "--user", "bob"], "transferred to 7001 XML vipgate-passed", id="another user"),
        pytest.param(["--to", "7001", "--group", "it", "--group", "sales"], "rejected 486 Busy Here", id="--group"),
        pytest.param(["--to", "8000"], "transferred to 8000 XML vipgate-passed", id="no gate"),
        pytest.param(["--to", "8000 XML default"], "rejected 484 Address Incomplete", id="not dialable"),
    ],
)
def test_what_the_caller_experiences(call, arguments, experienced):
    assert experienced in moments(call("--from", "004930123456", *arguments))


def test_keys_come_in_the_prompt_or_after_it(call):
    arguments = ("--from", "1", "--to", "700", *EVENING, "--dial", f"{PIN}#")
    assert any(line.startswith("heard part of ") for line in moments(call(*arguments)))
    assert sounds(call(*arguments, "--dial-after", "6")) == ["welcome.wav"]


def test_the_seconds_are_the_callers_whatever_the_speed(call):
    for speed in ("5", "50"):
        lines = call(
            "--from", "1", "--to", "700", *EVENING, "--hangup-after", "4", "--speed", speed
        ).stdout.splitlines()
        assert 3.9 < float(lines[-1].split()[0]) < 8


def test_the_gates_log_is_reported_on_demand(call):
    arguments = ("--from", "1", "--to", "700", *EVENING, "--dial", f"{PIN}#")
    assert call(*arguments).stderr == ""
    log = call(*arguments, "--log-level", "trace").stderr
    assert "decision" in log
    assert "play_and_get_digits" in log


def test_a_gate_that_is_running(path):
    loaded = config.load(path).configuration
    log = io.StringIO()
    server = GateServer(loaded, configure("info", log, json=True))
    server.start()
    try:
        arguments = ["--from", "anonymous", "--to", "701", "--server", f"127.0.0.1:{server.port}", *FAST]
        result = CliRunner().invoke(command, arguments)
    finally:
        server.stop(drain=0)
    assert moments(result) == ["rejected 486 Busy Here"]
    assert '"withheld"' in log.getvalue()


def test_a_gate_that_is_not_running():
    result = CliRunner().invoke(command, ["--from", "1", "--to", "701", "--server", "127.0.0.1:1", *FAST])
    assert result.exit_code == 1
    assert result.stderr == "Error: no gate listens at 127.0.0.1:1: Connection refused\n"


def test_a_gate_that_is_running_on_ipv6(path):
    loaded = config.load(path).configuration
    local = replace(loaded, server=replace(loaded.server, host="::1"))
    server = GateServer(local, configure("error", io.StringIO()))
    try:
        server.start()
    except OSError:
        pytest.skip("this machine has no IPv6")
    try:
        arguments = ["--from", "anonymous", "--to", "701", "--server", f"[::1]:{server.port}", *FAST]
        result = CliRunner().invoke(command, arguments)
    finally:
        server.stop(drain=0)
    assert moments(result) == ["rejected 486 Busy Here"]


@pytest.fixture
def site(tmp_path):
    """Runs commands for a site with a store: `vipgate pin …`, `vipgate override …`, `vipgate call …`."""
    path = tmp_path / "vipgate.yaml"
    guests = 'g: {protects: {numbers: ["700"]}, identify: [guest_pin: {}]}'
    path.write_text(f"version: 1\nstore: sqlite:///state.db\ngates: {{{guests}}}\n")

    def run(commands, *arguments):
        name, *subcommand = commands.split()
        module = import_module(f"vipgate_fs.cli.{name}")
        result = CliRunner().invoke(module.command, [*subcommand, "--config", str(path), *arguments])
        assert result.exit_code == 0, result.output
        return result

    return run


def test_a_guest_pin_is_right_and_not_used_up(site):
    pin = site("pin issue", "--gate", "g", "--uses", "1").stdout.strip()
    for _ in range(2):
        result = site("call", "--from", "1", "--to", "700", "--dial", f"{pin}#", *FAST)
        assert "transferred to 700 XML vipgate-passed" in moments(result)
        assert result.stderr == "Note: a simulated call does not use up a guest PIN\n"
        assert pin not in result.output
    assert "one use left" in site("pin list").stdout
    assert "hung up by the switch, USER_BUSY" in moments(
        site("call", "--from", "1", "--to", "700", "--dial", "1#", *FAST)
    )


def test_an_override_counts(site):
    site("pin issue", "--gate", "g")
    site("override", "g", "off")
    result = site("call", "--from", "1", "--to", "700", *FAST)
    assert moments(result)[0] == "transferred to 700 XML vipgate-passed"


def test_the_dialplan_may_set_variables(tmp_path):
    config = tmp_path / "vipgate.yaml"
    config.write_text(
        "version: 1\ngates: {g: {protects: {numbers: ['1']}, identify: [channel_variable: {name: decided}]}}\n"
    )
    arguments = ["--config", str(config), "--from", "2", "--to", "1", "--variable", "decided=forward:99", *FAST]
    assert "transferred to 99 XML vipgate-passed" in CliRunner().invoke(command, arguments).output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "1"], "Missing option '--to'"),
        (["--to", "1"], "Missing option '--from'"),
        (["--from", "1", "--to", "1", "--at", "soon"], "found soon; allowed: an ISO time"),
        (["--from", "1", "--to", "1", "--dial", "12a"], "--dial: the keys of a telephone"),
        (["--from", "1", "--to", "1", "--dial-after", "-1"], "'--dial-after': -1.0 is not in the range"),
        (["--from", "1", "--to", "1", "--variable", "x"], "--variable: write NAME=VALUE"),
        (["--from", "1", "--to", "1", "--server", "127.0.0.1:9", "--at", "2026-01-01"], "--at is for the gate inside"),
        (["--from", "1", "--to", "1", "--server", "[::1]:9"], "--config is for the gate inside"),
        (["--from", "1", "--to", "1", "--speed", "nan"], "'--speed': nan is not a number"),
        (["--from", "1", "--to", "1", "--dial-after", "inf"], "'--dial-after': inf is not a number"),
        (["--from", "1", "--to", "1", "--hangup-after", "nan"], "'--hangup-after': nan is not a number"),
        (["--from", "1", "--to", "1", "--speed", "0"], "'--speed': 0.0 is not in the range"),
        (["--from", "1", "--to", "1", "--hangup-after", "x"], "'--hangup-after': 'x' is not a valid float"),
        (["--from", "1", "--to", "1", "--dial-after", "x"], "'--dial-after': 'x' is not a valid float"),
        (["--from", "1", "--to", "1", "--log-level", "all"], "'--log-level': 'all' is not one of"),
        (["--from", "1", "--to", "1", "--sever", "x"], "No such option"),
        (["--from", "1", "--to", "1", "1"], "unexpected extra argument"),
        *(
            (["--from", "1", "--to", "1", "--server", server], "--server: write HOST:PORT, such as 127.0.0.1:8084")
            for server in (
                "x",
                "localhost:",
                ":8084",
                "localhost:http",
                "localhost:0",
                "localhost:65536",
                "x:-1",
                "::1:8084",
                "[x]:1",
            )
        ),
        pytest.param(
            ["--from", "1", "--to", "1", "--server", "x:\u00b2"],
            "--server: write HOST:PORT",
        ),
    ],
)
def test_a_wrong_option_is_reported_in_one_line(call, arguments, message):
    result = call(*arguments)
    assert result.exit_code == 2
    (error,) = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert message in error
    assert result.stdout == ""


def test_a_missing_file_is_one_line(tmp_path):
    result = CliRunner().invoke(command, ["--from", "1", "--to", "1", "--config", str(tmp_path / "none.yaml")])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: {tmp_path / 'none.yaml'}: No such file or directory\n"


def test_a_broken_configuration_is_reported(tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text("version: 2\ngates: {}\n")
    result = CliRunner().invoke(command, ["--from", "1", "--to", "1", "--config", str(broken)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert [line.split(":")[1] for line in result.stderr.splitlines()] == ["1", "2"]


def test_as_a_process(path):
    arguments = ["call", "--config", path, "--from", "1", "--to", "700", *EVENING, "--dial", f"{PIN}#", *FAST]
    run = subprocess.run(
        [sys.executable, "-m", "vipgate_fs", *arguments], check=True, capture_output=True, text=True, timeout=50
    )
    assert "transferred to 700 XML vipgate-passed" in run.stdout
    assert run.stderr == ""


LISTENING = """\
import gevent, pathlib, sys
from gevent import monkey
monkey.patch_all()
from vipgate_fs.simulator import Simulator
call = Simulator.call
def look(*arguments):
    looking = gevent.spawn(lambda: (gevent.sleep(0.2), pathlib.Path("/proc/net/tcp").read_text()))
    experience = call(*arguments)
    inodes = {line.split()[9] for line in looking.get()[1].splitlines()[1:] if line.split()[3] == "0A"}
    ours = {link.readlink().name for link in pathlib.Path("/proc/self/fd").iterdir() if link.exists() or link.is_symlink()}
    print("listens" if ours & {f"socket:[{inode}]" for inode in inodes} else "listens nowhere", file=sys.stderr)
    return experience
Simulator.call = look
from vipgate_fs.cli import main
main()
"""


def test_the_gate_inside_listens_nowhere(path):
    """Who reached it could try all PINs: it counts no wrong entry."""
    arguments = [
        "call",
        "--config",
        str(path),
        *EVENING,
        "--from",
        "0041",
        "--to",
        "700",
        "--dial",
        "1#",
        "--speed",
        "10",
    ]
    done = subprocess.run([sys.executable, "-c", LISTENING, *arguments], capture_output=True, text=True, check=True)
    assert "listens nowhere" in done.stderr


@pytest.mark.parametrize("header", ["Privacy", "Privacy:", ": id", "Pri vacy: id", "X: a\nY: b"])
def test_a_header_that_is_none_is_refused(call, header):
    result = call("--from", "1", "--to", "700", "--header", header)
    assert result.exit_code == 2
    assert "write a name, a colon and a value" in result.stderr


def test_an_address_that_is_none_is_refused(call):
    result = call("--from", "1", "--to", "700", "--header", "P-Asserted-Identity: 7001")
    assert (result.exit_code, "not a SIP address" in result.stderr) == (2, True)
