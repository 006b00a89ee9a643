"""The systemd unit fits the service."""

from __future__ import annotations

import configparser
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from vipgate_fs.document import schema
from vipgate_fs.duration import duration
from vipgate_fs.service import control
from vipgate_fs.service.timings import Timings

FILE = Path(__file__).parent.parent / "deploy" / "vipgate.service"


@pytest.fixture
def unit():
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(FILE)
    return parser["Service"]


@pytest.mark.parametrize("key", ["ExecStart", "ExecReload"])
def test_its_commands_exist(unit, key):
    program, subcommand, *options = unit[key].split()
    assert Path(program).name == "vipgate"
    command = import_module(f"vipgate_fs.cli.{subcommand}").command  # not by `main`, which would patch this process
    help_text = CliRunner().invoke(command, ["--help"]).output
    assert all(option in help_text for option in options if option.startswith("--"))


def test_its_times_are_longer_than_the_services(unit):
    drain = schema.load()["properties"]["server"]["properties"]["drain"]["default"]
    assert int(unit["TimeoutStopSec"]) > duration(drain) + Timings().cut_off
    assert int(unit["WatchdogSec"]) > Timings().start
    assert Timings().fork < int(unit["WatchdogSec"])
    assert int(unit["TimeoutStartSec"]) > control._RELOAD_TIMEOUT


def test_it_leaves_no_core_dump_and_not_all_of_the_memory_is_its_own(unit):
    assert unit["LimitCORE"] == "1", "0 is no limit for a program that takes dumps"
    assert unit["MemoryMax"].endswith("%")
    assert unit["OOMPolicy"] == "continue"


def test_the_control_socket_has_a_folder_that_outlives_neither_of_two_services(unit):
    assert f"/run/{unit['RuntimeDirectory']}" == str(control.RUNTIME)
    assert unit["RuntimeDirectoryMode"] == "0700"
    assert unit["RuntimeDirectoryPreserve"] == "yes"
