"""`vipgate call`: place one simulated call and tell what the caller experienced."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from vipgate_fs.cli.options import (
    config_option,
    load_or_exit,
    moment_option,
    parse_moment,
    parse_variables,
    variable_option,
)
from vipgate_fs.config.model import Configuration
from vipgate_fs.service.calls import system_clock
from vipgate_fs.service.embedded import embedded_gate
from vipgate_fs.service.logs import LEVELS
from vipgate_fs.simulator import Caller, Dialplan, Directory, Extension, Simulator

_SECONDS: Final = click.FloatRange(min=0)
_KEYS: Final = re.compile(r"[0-9*#]*", re.ASCII)
_PORT: Final = re.compile(r"[0-9]{1,5}", re.ASCII)


@click.command()
@config_option
@click.option("--from", "number", required=True, metavar="NUMBER", help="The caller; 'anonymous' withholds it.")
@click.option("--to", "called", required=True, metavar="NUMBER", help="The number that is called.")
@click.option("--name", metavar="NAME", help="The caller's display name.")
@click.option("--dial", "entries", multiple=True, metavar="DIGITS", help="Keys for a prompt; repeat it for the next.")
@click.option("--dial-after", type=_SECONDS, default=1.0, show_default=True, metavar="S", help="From a prompt's start.")
@click.option("--hangup-after", type=_SECONDS, metavar="S", help="The caller hangs up after that many seconds.")
@click.option("--user", "alias", metavar="ID", help="The directory's user behind the called number.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group of that user; may be repeated.")
@variable_option
@click.option("--server", metavar="HOST:PORT", help="A gate that is running; default: one inside of this command.")
@moment_option
@click.option("--speed", type=click.FloatRange(min=0.1, max=100), default=10.0, show_default=True, help="1: real time.")
@click.option("--log-level", type=click.Choice(list(LEVELS)), default="warning", help="Of the gate inside.")
def command(
    config: Path | None,
    number: str,
    called: str,
    name: str | None,
    entries: tuple[str, ...],
    dial_after: float,
    hangup_after: float | None,
    alias: str | None,
    groups: tuple[str, ...],
    variables: tuple[str, ...],
    server: str | None,
    moment: str | None,
    speed: float,
    log_level: str,
) -> None:
    """Place a call through a simulated FreeSWITCH. Seconds in what it prints are the caller's, whatever the speed."""
    if not all(_KEYS.fullmatch(keys) for keys in entries):
        raise click.BadParameter("the keys of a telephone are 0 to 9, * and #", param_hint="--dial")
    if server and moment:
        raise click.UsageError("--at is for the gate inside of this command, not for that of --server")
    caller = Caller(number, name, dial=entries, dial_after=dial_after, hang_up_after=hangup_after)
    user = alias or called
    directory = Directory(users={user: called}, groups={group: [user] for group in groups})
    gate = _running(server) if server else _embedded(load_or_exit(config), moment, log_level)
    settings = tuple(("set", f"{name}={value}") for name, value in parse_variables(variables).items())
    with gate as (host, port):
        actions = (*settings, ("socket", f"{host}:{port} async full"))
        dialplan = Dialplan(Extension(actions, matches=True))
        try:
            experience = Simulator(speed=speed, directory=directory, dialplan=dialplan).call(caller, called)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
    click.echo(str(experience))


@contextmanager
def _running(server: str) -> Iterator[tuple[str, int]]:
    host, _, port = server.rpartition(":")
    if not host or not _PORT.fullmatch(port) or int(port) not in range(1, 65536):
        raise click.BadParameter("write HOST:PORT, such as 127.0.0.1:8084", param_hint="--server")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError as error:
        raise click.ClickException(f"no gate listens at {server}: {error.strerror or error}") from None
    yield host, int(port)


@contextmanager
def _embedded(configuration: Configuration, moment: str | None, log_level: str) -> Iterator[tuple[str, int]]:
    at = parse_moment(moment, configuration.site.calendar) if moment else None
    anywhere = replace(configuration, site=replace(configuration.site, domain=None))  # whatever the simulator's is
    with embedded_gate(anywhere, (lambda: at) if at else system_clock, log_level) as port:
        yield "127.0.0.1", port
