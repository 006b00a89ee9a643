"""`vipgate call`: place one simulated call and report what the caller experienced."""

from __future__ import annotations

import math
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import click

from vipgate_fs.cli import output, words
from vipgate_fs.cli.language import spoken
from vipgate_fs.cli.options import (
    config_option,
    load_or_exit,
    moment_option,
    note_ignored,
    parse_moment,
    parse_variables,
    variable_option,
)
from vipgate_fs.cli.stores import standing_memory
from vipgate_fs.config.addresses import host_and_port
from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.dialable import as_dialled
from vipgate_fs.sentences import said, say
from vipgate_fs.sentences.system import system_says
from vipgate_fs.service.calls import Clock, system_clock
from vipgate_fs.service.embedded import embedded_gate
from vipgate_fs.service.logs import LEVELS
from vipgate_fs.simulator import Caller, Dialplan, Directory, Extension, Simulator

_Dial = Callable[[str, int], Any] | None
_KEYS: Final = re.compile(r"[0-9*#]*", re.ASCII)
_HEADER: Final = re.compile(r"(?P<name>[A-Za-z0-9-]+)\s*:\s*(?P<value>\S.*)")


class _Number(click.FloatRange):
    """A number in a range, of which `nan` and `inf` are none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """See click.ParamType."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(say("{value} is not a number in the range.", value=value), param, ctx)
        return number


_SECONDS: Final = _Number(min=0)


@click.command()
@config_option
@click.option("--from", "number", required=True, metavar="NUMBER", help="The caller; 'anonymous' withholds it.")
@click.option("--to", "called", required=True, metavar="NUMBER", help="The called number.")
@click.option("--name", metavar="NAME", help="The caller's display name.")
@click.option("--header", "headers", multiple=True, metavar="NAME: VALUE", help="A SIP header, such as 'Privacy: id'.")
@click.option("--dial", "entries", multiple=True, metavar="DIGITS", help="Keys for a prompt; repeat it for the next.")
@click.option("--dial-after", type=_SECONDS, default=1.0, show_default=True, metavar="S", help="From a prompt's start.")
@click.option("--hangup-after", type=_SECONDS, metavar="S", help="The caller hangs up after that many seconds.")
@click.option("--user", "alias", metavar="ID", help="The user behind it, as named in `protects`.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group of that user; may be repeated.")
@variable_option
@click.option("--server", metavar="HOST:PORT", help="A running gate; default: one inside this command.")
@moment_option
@click.option("--speed", type=_Number(min=0.1, max=100), default=10.0, show_default=True, help="1: real time.")
@output.format_option
@click.option("--log-level", type=click.Choice(list(LEVELS)), default="warning", help="Of the gate inside.")
def command(
    config: Path | None,
    number: str,
    called: str,
    name: str | None,
    headers: tuple[str, ...],
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
    style: str,
) -> None:
    """Place a call through a simulated FreeSWITCH. Seconds in what it prints are the caller's, whatever the speed.

    The gate inside this command reads the store's overrides, lockouts, guest PINs and used one-time PINs, and changes
    nothing there: it uses up no guest PIN, counts no failed attempt and records no call.
    """
    if not all(_KEYS.fullmatch(keys) for keys in entries):
        raise click.BadParameter(say("the keys of a telephone are 0 to 9, * and #"), param_hint="--dial")
    number, called = as_dialled(number), as_dialled(called)
    address = _address(server) if server else None
    for option, given in (("--at", moment), ("--config", config)):
        if address and given:
            raise click.UsageError(
                say("{option} is for the gate inside this command, not for that of --server", option=option)
            )
    caller = Caller(
        number, name, headers=_headers(headers), dial=entries, dial_after=dial_after, hang_up_after=hangup_after
    )
    user = alias or called
    directory = Directory(users={user: called}, groups={group: [user] for group in groups}, knows_all=True)
    if address:
        gate = _running(*address)
    else:
        configuration = load_or_exit(config)
        users, plan = frozenset(filter(None, [alias])), configuration.site.trunk
        facts = Call("", "", plan.canonical(called), called, called_users=users, called_groups=frozenset(groups))
        note_ignored(configuration.gates, facts)
        gate = _embedded(configuration, moment, log_level)
    settings = tuple(("set", f"{name}={value}") for name, value in parse_variables(variables).items())
    host, port = address or ("127.0.0.1", 0)
    with gate as dial:
        actions = (*settings, ("socket", f"{host}:{port} async full"))
        dialplan = Dialplan(Extension(actions, matches=True))
        try:
            experience = Simulator(speed=speed, directory=directory, dialplan=dialplan, dial=dial).call(caller, called)
        except ValueError as error:
            raise click.UsageError(said(error)) from None
    if style == "json":
        output.show_json(asdict(experience))
        return
    for each in experience.moments:
        click.echo(f"{each.at:7.2f}  {spoken(words.moment(each))}".rstrip())


def _headers(written: tuple[str, ...]) -> dict[str, str]:
    found = [_HEADER.fullmatch(header) for header in written]
    if not all(found):
        raise click.BadParameter(
            say("write a name, a colon and a value, such as 'P-Asserted-Identity: <sip:+4930123456@trunk.example>'"),
            param_hint="--header",
        )
    return {match["name"]: match["value"] for match in found if match}


def _address(server: str) -> tuple[str, int]:
    found = host_and_port(server)
    if found is None:
        raise click.BadParameter(say('write HOST:PORT, such as 127.0.0.1:8084 or "[::1]:8084"'), param_hint="--server")
    return found


@contextmanager
def _running(host: str, port: int) -> Iterator[_Dial]:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError as error:
        raise click.ClickException(
            say("no gate listens at {host}:{port}: {why}", host=host, port=port, why=system_says(error))
        ) from None
    yield None


@contextmanager
def _embedded(configuration: Configuration, moment: str | None, log_level: str) -> Iterator[_Dial]:
    at = parse_moment(moment, configuration.site.calendar) if moment else None
    anywhere = replace(configuration, site=replace(configuration.site, domain=None))  # whatever the simulator's is
    clock: Clock = (lambda: at) if at else system_clock
    with standing_memory(configuration, clock()) as memory:
        with embedded_gate(anywhere, clock, log_level, memory) as dial:
            yield dial
        if memory.spared:
            output.echo(say("Note: a simulated call does not use up a guest PIN"), err=True)
