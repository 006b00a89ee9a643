"""`vipgate admin`: who may use the administration page."""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Final

import click

from vipgate_fs.admin import passwords
from vipgate_fs.cli import output
from vipgate_fs.cli.language import spoken
from vipgate_fs.cli.options import config_option, find_or_exit, load_essentials_or_exit
from vipgate_fs.cli.stores import SiteStore
from vipgate_fs.config.page import page_address
from vipgate_fs.gate.call import storable
from vipgate_fs.sentences import said, say
from vipgate_fs.sentences.system import system_says
from vipgate_fs.service.answers import NoService
from vipgate_fs.service.audit_trail import audit
from vipgate_fs.service.control import ask_for_link, ask_to_reload
from vipgate_fs.service.logs import configure
from vipgate_fs.service.port import address
from vipgate_fs.setup import files
from vipgate_fs.store import accounts
from vipgate_fs.store.accounts import ADMINISTRATOR, FRONT_DESK

_LONGEST_NAME: Final = 64
_NO_PAGE: Final = MappingProxyType(
    {
        "none": say("there is no administration page: server.admin is not set"),
        "down": say("there is no administration page: it is being started again; the log has more"),
    }
)
"""Why there is no link, by what the supervisor answers."""


@click.group()
@config_option
def command(config: Path | None) -> None:
    """Sign in to the administration page, and say who else may."""


@command.command()
@config_option
@output.format_option
def link(config: Path | None, style: str) -> None:
    """Print a link that signs in whoever opens it as administrator: once, within ten minutes.

    Only root and the service's own user are answered.

    Exit status: 0 with a link, 1 when there is no page, 2 when no service runs.
    """
    try:
        found = ask_for_link(find_or_exit(config))
    except NoService as error:
        output.fail(error)
        sys.exit(2)
    if found.why:
        raise click.ClickException(_NO_PAGE.get(found.why, found.why))
    audit("admin link")
    output.report(style, {"url": found.url}, found.url)


@command.command()
@config_option
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:8085",
    show_default=True,
    help="Where the page is, now and by the configuration that is written: on this machine.",
)
def setup(config: Path | None, listen: str) -> None:
    """Make a first configuration by four questions on a page, which only the link that is printed opens: once.

    The files are those of `vipgate init`; existing ones are never overwritten. It ends when they are written, or after
    an hour. A service that runs already, such as the Debian package's, applies them.

    Exit status: 0 when written, 1 when not, 2 when a file exists or nobody can listen there.
    """
    path = files.path_of(config).absolute()
    for file in files.taken(path):
        output.fail(say("{file} exists and is not overwritten; name another one with --config", file=file))
        sys.exit(2)
    try:
        where = page_address(listen)
    except ValueError as why:
        raise click.BadParameter(said(why), param_hint="--listen") from None
    try:
        written = _set_up(path, where)
    except OSError as error:
        output.fail(say("{path}: {why}", path=listen, why=system_says(error)))
        sys.exit(2)
    if not written:
        raise click.ClickException(say("nothing was written within an hour"))
    audit("admin setup", path=str(path))
    beside = files.beside(path)
    click.echo(spoken(say("Written: {configuration} and {expectations}", configuration=path, expectations=beside)))
    try:
        answer = ask_to_reload(path)
    except NoService:
        click.echo(spoken(say("Next: {command}", command="systemctl enable --now vipgate && vipgate admin link")))
        return
    if answer.why:
        raise click.ClickException(answer.why)
    click.echo(spoken(say("The running service has applied it. Next: {command}", command="vipgate admin link")))


def _set_up(path: Path, where: tuple[str, int]) -> bool:
    """Imported here: no other command needs Flask."""
    server = import_module("vipgate_fs.admin.server")

    def announce(url: str) -> None:
        click.echo(spoken(say("Open this within ten minutes: {url}", url=url)))
        tunnel = f"ssh -L {where[1]}:{address(*where)} HOST"
        click.echo(spoken(say("From another machine, first: {command}", command=tunnel)))

    written: bool = server.set_up(path, where, announce, configure("warning"), 3600.0)
    return written


@command.group()
@config_option
def user(config: Path | None) -> None:
    """Add, list and remove accounts of the page, and give them passwords."""


@user.command()
@config_option
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([ADMINISTRATOR, FRONT_DESK]),
    default=ADMINISTRATOR,
    show_default=True,
    help="The front desk sees calls, switches gates, issues guest PINs and clears lockouts; it does not see the file.",
)
def add(config: Path | None, name: str, role: str) -> None:
    """Add an account. Its password is asked for on the terminal, or read from standard input: a line."""
    essentials = load_essentials_or_exit(config)
    if storable(name, longest=_LONGEST_NAME) != name or name != name.strip() or not name:
        why = say("allowed: up to {most} printable characters", most=_LONGEST_NAME)
        raise click.BadParameter(why, param_hint="NAME")
    store = SiteStore(essentials, makes=True)
    account = accounts.Account(name, role, passwords.prove(_new_password()), time.time())
    if not store.do(lambda connection: accounts.add(connection, account)):
        why = say("there is an account {name}; `vipgate admin user password` renews its password", name=name)
        raise click.ClickException(why)
    audit("admin user add", name=name, role=role)
    click.echo(spoken(say("{name}: added, {role}", name=name, role=role)))


@user.command(name="list")
@config_option
@output.format_option
def list_(config: Path | None, style: str) -> None:
    """List the accounts, without anything of their passwords."""
    essentials = load_essentials_or_exit(config)
    listed = SiteStore(essentials).do(lambda connection: list(accounts.read(connection)), reads=True)
    calendar = essentials.site.calendar
    document = [
        {
            "name": each.name,
            "role": each.role,
            "created": output.iso(each.created, calendar),
            "codes": each.codes is not None,
        }
        for each in listed
    ]
    with_codes = spoken(say("with one-time codes"))
    output.report(
        style,
        document,
        *(f"{each.name}: {each.role}{f', {with_codes}' if each.codes is not None else ''}" for each in listed),
    )


@user.command()
@config_option
@click.argument("name")
def remove(config: Path | None, name: str) -> None:
    """Remove an account; whoever is signed in with it is signed out at once."""
    if not SiteStore(load_essentials_or_exit(config)).do(lambda connection: accounts.remove(connection, name)):
        raise _unknown(name)
    audit("admin user remove", name=name)
    click.echo(spoken(say("{name}: removed", name=name)))


@user.command()
@config_option
@click.argument("name")
def password(config: Path | None, name: str) -> None:
    """Give an account another password, asked for on the terminal or read from standard input: a line.

    Whoever is signed in with the account is signed out at once.
    """
    store = SiteStore(load_essentials_or_exit(config))
    if store.do(lambda connection: accounts.find(connection, name), reads=True) is None:
        raise _unknown(name)
    proof = passwords.prove(_new_password())
    if not store.do(lambda connection: accounts.renew(connection, name, proof)):
        raise _unknown(name)
    audit("admin user password", name=name)
    click.echo(spoken(say("{name}: the password is another one now", name=name)))


@user.command(name="no-codes")
@config_option
@click.argument("name")
def no_codes(config: Path | None, name: str) -> None:
    """Let an account sign in without one-time codes again, such as when the telephone with the app is lost."""
    if not SiteStore(load_essentials_or_exit(config)).do(lambda connection: accounts.set_codes(connection, name, None)):
        raise _unknown(name)
    audit("admin user no-codes", name=name)
    click.echo(spoken(say("{name}: signs in without codes now", name=name)))


def _unknown(name: str) -> click.ClickException:
    return click.ClickException(say("there is no account {name}; `vipgate admin user list` lists them", name=name))


def _new_password() -> str:
    """A new password, never from an argument: those are seen by everybody on the machine."""
    if sys.stdin.isatty():
        given: str = click.prompt(spoken(say("Password")), hide_input=True, confirmation_prompt=True, err=True)
    else:
        given = sys.stdin.readline(passwords.LONGEST + 2).rstrip("\r\n")
    if why := passwords.fault(given):
        raise click.ClickException(why)
    return given
