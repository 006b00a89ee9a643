"""`vipgate pin`: PINs for guests."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from vipgate_fs.cli import output
from vipgate_fs.cli.options import complete_gate, config_option, load_essentials_or_exit, parse_end, parse_length
from vipgate_fs.cli.stores import NoStore, SiteStore, work_as_owner
from vipgate_fs.config.essentials import Essentials
from vipgate_fs.gate.call import WITHHELD, storable
from vipgate_fs.gate.doubts import doubt
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.identify.caller_pin import NUMBER
from vipgate_fs.sentences import NOTHING, Sentence, said, say
from vipgate_fs.service.audit_trail import audit
from vipgate_fs.store import guests, issuing
from vipgate_fs.store.guests import IssuedPin
from vipgate_fs.store.key import KeyUnusable, NoKey, make_key, read_key

VALID_FOR: Final = "24h"
LEAST_DIGITS: Final = 6
"""Of a guest PIN."""
MOST_USES: Final = 1_000_000
_TIMES: Final = ("valid_until", "created", "used")


@click.group()
@config_option
def command(config: Path | None) -> None:
    """Issue, list and revoke PINs for guests, at gates that have the step guest_pin."""


@command.command()
@config_option
@click.option("--gate", required=True, metavar="NAME", shell_complete=complete_gate, help="The gate where it is valid.")
@click.option("--caller", metavar="NUMBER", help="The only caller who may use it; default: anybody.")
@click.option(
    "--valid-for", metavar="TIME", help=f"Such as 30m, 24h or 7d, at most 9999d, from now; default: {VALID_FOR}."
)
@click.option("--until", metavar="ISO-TIME", help="Such as 2026-12-24T18:30, or 2026-12-24 for the whole day.")
@click.option(
    "--uses",
    type=click.IntRange(1, MOST_USES),
    metavar="N",
    help="Number of uses; default: unlimited.",
)
@click.option("--note", default="", metavar="TEXT", help="Whom it is for.")
@click.option("--digits", type=click.IntRange(LEAST_DIGITS, 12), default=8, show_default=True, help="Its length.")
@click.option(
    "--new-key", is_flag=True, help="Create a new key if the old one is lost; the PINs issued with it are lost, too."
)
@output.format_option
def issue(
    config: Path | None,
    gate: str,
    caller: str | None,
    valid_for: str | None,
    until: str | None,
    uses: int | None,
    note: str,
    digits: int,
    new_key: bool,  # noqa: FBT001 - click passes all by name
    style: str,
) -> None:
    """Issue a random PIN and print it, only here and only now. Its validity is printed on stderr, or in JSON."""
    essentials = load_essentials_or_exit(config)
    calendar = essentials.site.calendar
    _check_gate(gate, essentials)
    length = None if valid_for is None else parse_length(valid_for, "--valid-for")
    end = parse_end(until, length, calendar) or time.time() + parse_length(VALID_FOR, "--valid-for")
    number = None if caller is None else _caller(caller, essentials)
    store = SiteStore(essentials, makes=True)
    key_file = essentials.store.key_file
    work_as_owner(key_file)
    guest = guests.IssuedPin("", gate, number, end, uses, storable(note, longest=200), time.time())
    try:
        if new_key:
            _replace_key(key_file, store)
        pin, guest = issuing.issue(store.do, key_file, guest, digits)
    except (KeyUnusable, issuing.KeyLost) as error:
        raise click.ClickException(said(error)) from None
    audit("pin issue", gate=gate, id=guest.id, until=output.iso(end, calendar), uses=uses)
    output.report(style, {"pin": pin, **_values(guest, calendar)}, pin)
    if style == "text":
        output.echo(say("{id}: {guest}", id=guest.id, guest=_line(guest, calendar)), err=True)
    if caller is not None and (why := doubt(caller, essentials.site.plan)):
        output.echo(say("Warning: {why}", why=said(why)), err=True)


@command.command(name="list")
@config_option
@output.format_option
def list_(config: Path | None, style: str) -> None:
    """List guest PINs, without their digits; expired ones for 30 days."""
    essentials = load_essentials_or_exit(config)
    calendar = essentials.site.calendar
    listed = SiteStore(essentials).do(lambda connection: list(guests.read(connection)), reads=True)
    document = [_values(guest, calendar) for guest in listed]
    output.report(
        style, document, *(say("{id}: {guest}", id=guest.id, guest=_line(guest, calendar)) for guest in listed)
    )


@command.command()
@config_option
@click.argument("guest", metavar="ID")
@output.format_option
def revoke(config: Path | None, guest: str, style: str) -> None:
    """Revoke a guest PIN at once."""
    if not SiteStore(load_essentials_or_exit(config)).do(lambda connection: guests.revoke(connection, guest)):
        raise click.ClickException(say("there is no guest PIN {guest}; `vipgate pin list` lists them", guest=guest))
    audit("pin revoke", id=guest)
    output.report(style, {"revoked": guest}, say("{id}: revoked", id=guest))


def _check_gate(name: str, essentials: Essentials) -> None:
    if essentials.store.url is None:
        raise NoStore(say("guest PINs are kept in the store, and store is none"))
    if name not in essentials.guest_gates:
        which = ", ".join(essentials.guest_gates) or say("none")
        message = say("no gate of this name asks for guest PINs; those that do: {which}", which=which)
        raise click.BadParameter(message, param_hint="--gate")


def _caller(written: str, essentials: Essentials) -> str:
    number = essentials.site.plan.caller(written)
    if number == WITHHELD:
        raise click.BadParameter(say("a caller without a number is nobody in particular"), param_hint="--caller")
    if not NUMBER.fullmatch(number):
        raise click.BadParameter(
            say("this is not a telephone number; allowed: one such as 004917612345678"), param_hint="--caller"
        )
    return number


def _replace_key(path: Path, store: SiteStore) -> None:
    """Make another key in the place of one that is lost, and give up the PINs that were issued with it."""
    with suppress(NoKey):
        read_key(path)
        raise click.UsageError(say("--new-key is for a key that is lost, and there is {path}", path=path))
    try:
        issuing.key_for(store.do, path)
    except issuing.KeyLost as error:
        make_key(path)
        for guest in error.lost:
            store.do(lambda connection, name=guest: guests.revoke(connection, name))  # type: ignore[misc]
            audit("pin revoke", id=guest)


def _values(guest: IssuedPin, calendar: Calendar) -> dict[str, Any]:
    times = {name: at and output.iso(at, calendar) for name, at in asdict(guest).items() if name in _TIMES}
    return asdict(guest) | times


def _line(guest: IssuedPin, calendar: Calendar) -> Sentence:
    until = calendar.at(guest.valid_until)
    if guest.valid_until <= time.time():
        end = say("ended {until:%a %Y-%m-%d %H:%M}", until=until)
    else:
        end = say("valid until {until:%a %Y-%m-%d %H:%M}", until=until)
    return say(
        "{gate}{whom}, {end}{uses}{used}{note}",
        gate=guest.gate,
        whom=say(", for {caller}", caller=guest.caller) if guest.caller else NOTHING,
        end=end,
        uses=_uses(guest.uses_left),
        used=_used(guest.used, calendar),
        note=say(" ({note})", note=guest.note) if guest.note else NOTHING,
    )


def _uses(left: int | None) -> Sentence:
    if left is None:
        return NOTHING
    return say(", one use left", ", {count} uses left", count=left) if left else say(", used up")


def _used(at: float | None, calendar: Calendar) -> Sentence:
    if at is None:
        return NOTHING
    return say(", last used {at:%a %Y-%m-%d %H:%M}", at=calendar.at(at))
