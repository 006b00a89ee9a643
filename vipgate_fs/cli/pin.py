"""`vipgate pin`: PINs for guests."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from vipgate_fs.cli.options import config_option, load_or_exit, parse_until
from vipgate_fs.cli.stores import SiteStore
from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.call import WITHHELD, storable
from vipgate_fs.store.key import KeyUnusable, make_key

if TYPE_CHECKING:
    from vipgate_fs.store.guests import GuestPin

VALID_FOR: Final = "24h"
_LETTERS: Final = "bcdfghjkmnpqrstvwxz"
"""Of ids: no digits, so that none is taken for a PIN, and no vowels, so that none is a word."""


@click.group()
def command() -> None:
    """Issue, list and revoke PINs for guests, at gates that have the step guest_pin."""


@command.command()
@config_option
@click.option("--gate", required=True, metavar="NAME", help="The gate where it is good.")
@click.option("--caller", metavar="NUMBER", help="The only caller who may use it; default: anybody.")
@click.option("--valid-for", metavar="TIME", help=f"Such as 30m, 24h or 7d, from now; default: {VALID_FOR}.")
@click.option("--until", metavar="ISO-TIME", help="Such as 2026-12-24T18:30, in the site's time.")
@click.option("--uses", type=click.IntRange(min=1), metavar="N", help="How often; default: any number of times.")
@click.option("--note", default="", metavar="TEXT", help="Whom it is for.")
@click.option("--digits", type=click.IntRange(6, 12), default=8, show_default=True, help="Its length.")
def issue(
    config: Path | None,
    gate: str,
    caller: str | None,
    valid_for: str | None,
    until: str | None,
    uses: int | None,
    note: str,
    digits: int,
) -> None:
    """Make a random PIN and print it: only here and only now. What it is good for is told on stderr."""
    from vipgate_fs.store import guests  # noqa: PLC0415 - after the configuration: it takes its time

    configuration = load_or_exit(config)
    calendar = configuration.site.calendar
    _check_gate(gate, configuration)
    end = parse_until(until, valid_for, calendar) or parse_until(None, VALID_FOR, calendar)
    number = None if caller is None else storable(configuration.site.plan.canonical(caller))
    if number == WITHHELD:
        raise click.BadParameter("a caller without a number is nobody in particular", param_hint="--caller")
    store = SiteStore(configuration)
    key = _key(configuration, store)
    guest = guests.GuestPin("", gate, number, end or 0.0, uses, storable(note, longest=200), time.time())
    while True:
        guest = replace(guest, id="".join(secrets.choice(_LETTERS) for _ in range(6)))
        pin = "".join(secrets.choice("0123456789") for _ in range(digits))
        of_pin = guests.digest(key, gate, pin)
        if store.do(lambda connection: guests.issue(connection, of_pin, guest)):  # noqa: B023 - called at once
            break
    click.echo(pin)
    click.echo(f"{guest.id}: {_told(guest, configuration)}", err=True)


@command.command(name="list")
@config_option
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_(config: Path | None, style: str) -> None:
    """List guest PINs, without their digits; those that have ended, for 30 days."""
    from vipgate_fs.store import guests  # noqa: PLC0415 - as above

    configuration = load_or_exit(config)
    listed = SiteStore(configuration).do(lambda connection: list(guests.read(connection)), reads=True)
    if style == "json":
        click.echo(json.dumps([asdict(guest) for guest in listed], ensure_ascii=False, indent=2))
        return
    for guest in listed:
        click.echo(f"{guest.id}: {_told(guest, configuration)}")


@command.command()
@config_option
@click.argument("guest", metavar="ID")
def revoke(config: Path | None, guest: str) -> None:
    """Make a guest PIN worthless at once."""
    from vipgate_fs.store import guests  # noqa: PLC0415 - as above

    if not SiteStore(load_or_exit(config)).do(lambda connection: guests.revoke(connection, guest)):
        raise click.ClickException(f"there is no guest PIN {guest}; `vipgate pin list` tells which there are")
    click.echo(f"{guest}: revoked")


def _check_gate(name: str, configuration: Configuration) -> None:
    names = [gate.name for gate in configuration.gates if any(step.kind == "guest_pin" for step in gate.steps)]
    if name not in names:
        which = ", ".join(names) or "none"
        message = f"no gate of this name asks for guest PINs; those that do: {which}"
        raise click.BadParameter(message, param_hint="--gate")


def _key(configuration: Configuration, store: SiteStore) -> bytes:
    from vipgate_fs.store import guests  # noqa: PLC0415 - as above

    path = configuration.store.key_file
    if not path.exists() and store.do(lambda connection: list(guests.read(connection)), reads=True):
        raise click.ClickException(f"the store has guest PINs already; copy {path} from where they were issued")
    try:
        return make_key(path)
    except KeyUnusable as error:
        raise click.ClickException(str(error)) from None


def _told(guest: GuestPin, configuration: Configuration) -> str:
    end = configuration.site.calendar.local(dt.datetime.fromtimestamp(guest.valid_until, dt.UTC))
    is_over = guest.valid_until <= time.time()
    uses = {None: "", 0: ", used up", 1: ", one use left"}.get(guest.uses_left, f", {guest.uses_left} uses left")
    whom = f", for {guest.caller}" if guest.caller else ""
    note = f" ({guest.note})" if guest.note else ""
    return f"{guest.gate}{whom}, {'ended' if is_over else 'valid until'} {end:%a %Y-%m-%d %H:%M}{uses}{note}"
