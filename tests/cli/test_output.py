"""How all commands speak."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from importlib import import_module

import click
import pytest
from click.testing import CliRunner
from gevent import monkey

from vipgate_fs.cli import SUBCOMMANDS, main

VIPGATE = [sys.executable, "-m", "vipgate_fs"]


def commands():
    """All of them, by their names, those within groups, too."""
    for name in SUBCOMMANDS:
        command = import_module(f"vipgate_fs.cli.{name}").command
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", each) for inner, each in command.commands.items())


COMMANDS = dict(commands())


REPORTS = {name for name, command in COMMANDS.items() if not isinstance(command, click.Group)} - {
    "serve",
    "init",
    "admin setup",
}


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_every_command_that_reports_gives_json(name):
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert "--format" in options


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_is_short_and_fits_a_terminal_of_80_columns(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(monkey, "patch_all", lambda: None)  # `serve` makes its process cooperative
    short, long = (CliRunner().invoke(main, [*name.split(), option]) for option in ("-h", "--help"))
    assert (short.exit_code, long.exit_code) == (0, 0)
    assert short.stdout == long.stdout
    assert max(map(len, short.stdout.splitlines())) <= 80


def test_a_command_that_was_run_by_itself_has_its_short_help_afterwards():
    """click keeps the names of the help option from the first time that it was asked for."""
    for command in COMMANDS.values():
        command.get_help_option(click.Context(command))
    assert CliRunner().invoke(main, ["check", "-h"]).exit_code == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")  # noqa: PTH110
@pytest.mark.parametrize("arguments", [["files"], ["--help"], ["files", "--format", "json"]])
def test_a_full_disk_is_one_line_and_exit_1(arguments):
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run([*VIPGATE, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    message = "Error: the output can't be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, message)


def test_a_closed_stream_is_no_mistake():
    closing = ["sh", "-c", 'exec "$@" >&- <&-', "sh", *VIPGATE, "files"]
    done = subprocess.run(closing, stderr=subprocess.PIPE, text=True, check=False, timeout=50)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("value", "colors"), [("", True), ("1", False)])
def test_who_wants_no_colors_gets_none(value, colors):
    """https://no-color.org"""
    ours, theirs = pty.openpty()
    head = "from vipgate_fs.cli import output; import click; c = click.Context(click.Command('x')); c.color = "
    head += "output.has_color()\nwith c: output.show_table(['head'], [])"
    subprocess.run([sys.executable, "-c", head], stdout=theirs, check=True, env={**os.environ, "NO_COLOR": value})
    os.close(theirs)
    assert (b"\x1b[" in os.read(ours, 1000)) is colors
    os.close(ours)
