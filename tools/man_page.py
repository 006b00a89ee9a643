"""Prints vipgate(1), made of what the commands say of themselves: `python tools/man_page.py > vipgate.1`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version

import click

from vipgate_fs.cli import SUBCOMMANDS


def lines() -> Iterator[str]:
    """The page, in man(7)."""
    yield f'.TH VIPGATE 1 "" "VIPgate {version("vipgate-fs")}" "VIPgate for FreeSWITCH"'
    yield ".SH NAME"
    yield "vipgate \\- important callers get through, the others do not"
    yield ".SH SYNOPSIS"
    yield ".B vipgate\n[\\-\\-config FILE] COMMAND [OPTION]..."
    yield ".SH COMMANDS"
    for name in SUBCOMMANDS:
        command = import_module(f"vipgate_fs.cli.{name}").command
        yield from _command(f"vipgate {name}", command)
        for inner, each in getattr(command, "commands", {}).items():
            yield from _command(f"vipgate {name} {inner}", each)
    yield ".SH FILES"
    yield ".TP\n.I /etc/vipgate/vipgate.yaml\nthe configuration; $VIPGATE_CONFIG and \\-\\-config name another"
    yield ".TP\n.I /var/lib/vipgate\nthe store and the key to guest PINs"
    yield ".TP\n.I /run/vipgate\nwhere the running service is asked"
    yield ".SH SEE ALSO"
    yield "The manuals, in the folder that\n.B vipgate files docs\nprints."


def _command(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    yield f'.SS "{_escaped(" ".join([name, *command.collect_usage_pieces(context)]))}"'
    for paragraph in (command.help or "").split("\n\n"):
        yield ".PP"
        yield _escaped(" ".join(paragraph.split()))
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in parameter.opts:
            yield f".TP\n.B {_escaped(record[0])}\n{_escaped(record[1]) or '.br'}"


def _escaped(text: str) -> str:
    """Nothing in it is a request, a quote or an escape to troff."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return "\\&" + text if text[:1] in (".", "'") else text


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines()) + "\n")
