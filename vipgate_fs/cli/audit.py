"""`vipgate audit`: the chance that somebody guesses a PIN."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from vipgate_fs.cli import output
from vipgate_fs.cli.options import config_option, load_or_exit
from vipgate_fs.cli.pin import LEAST_DIGITS
from vipgate_fs.cli.stores import SiteStore
from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.gate import Gate
from vipgate_fs.identify.guest_pin import GuestPin
from vipgate_fs.preview.guessing import DAY, HOUR, YEAR, Right, weakest
from vipgate_fs.sentences import said, say
from vipgate_fs.store import guests


@dataclass(frozen=True, slots=True)
class Row:
    """One gate. Attempts are those compared with a PIN, per hour, day and year.

    Attributes:
        line: of the PINs that are easiest to guess; None: the configuration contains none.
        digits: of the shortest of them.
        digits_needed: for a chance of less than 1 % from many numbers; None: they have enough.
        guest_pins: those that are valid now; None: not known.
        guest_digits: of the shortest of them.
        chance: of guessing one within a year, 0 to 1.
    """

    gate: str
    line: int | None
    kind: str | None
    right_pins: int
    digits: int | None
    digits_needed: int | None
    guest_pins: int | None
    guest_digits: int | None
    attempts_from_one: tuple[int, int, int]
    attempts_from_many: tuple[int, int, int]
    chance_from_one: float
    chance_from_many: float


@click.command()
@config_option
@output.format_option
def command(config: Path | None, style: str) -> None:
    """Report for each gate how many PINs somebody can try, and the chance of guessing one within a year.

    From one number, or from any number of them: caller numbers can be forged. It assumes the best possible guesser,
    who knows the limits of the gate's lockout and has a year's patience. Guest PINs count as long as they are valid;
    they are read from the store. PINs of webservices, databases and plug-ins are not counted.
    """
    configuration = load_or_exit(config)
    if configuration.store.url is None:
        why = say("store is none: each worker counts attempts by itself, and forgets them when it ends")
        output.echo(say("Warning: {why}", why=why), err=True)
    now = configuration.site.calendar.now()
    issued = _guest_pins(configuration, now)
    rows = [_row(gate, now, issued) for gate in configuration.gates if gate.enabled]
    if style == "json":
        output.show_json([asdict(row) for row in rows])
        return
    head = [
        say("gate"),
        say("line"),
        say("right PINs"),
        say("digits"),
        say("guest PINs"),
        say("attempts: hour, day, year from 1 number"),
        say("chance"),
        say("from many"),
        say("chance"),
    ]
    output.show_table(head, map(_cells, rows))


def _guest_pins(configuration: Configuration, now: dt.datetime) -> Mapping[str, list[Right]] | None:
    """The valid guest PINs by their gates; None, and a line on stderr, when the store can't be asked."""
    if not any(isinstance(step, GuestPin) for gate in configuration.gates for step in gate.steps):
        return {}
    found: dict[str, list[Right]] = {}
    try:
        listed = SiteStore(configuration).do(lambda connection: list(guests.read(connection)), reads=True)
    except click.ClickException as error:
        why = say("guest PINs are not counted: {why}", why=said(error.message))
        output.echo(say("Warning: {why}", why=why), err=True)
        return None
    for guest in listed:
        if guest.is_valid(now.timestamp()):
            right = Right(guest.digits or LEAST_DIGITS, guest.valid_until - now.timestamp())
            found.setdefault(guest.gate, []).append(right)
    return found


def _row(gate: Gate, now: dt.datetime, issued: Mapping[str, list[Right]] | None) -> Row:
    of_guests = (issued or {}).get(gate.name, [])
    found, lockout = weakest(gate, now, of_guests), gate.lockout
    one, many = (
        (lockout.most(HOUR, many=many), lockout.most(DAY, many=many), lockout.most(YEAR, many=many))
        for many in (False, True)
    )
    return Row(
        gate.name,
        found.line if found else None,
        found.kind if found else None,
        len(found.right) if found else 0,
        min((right.length for right in found.right), default=None) if found else None,
        found.digits_needed(lockout) if found else None,
        None if issued is None else len(of_guests),
        min((right.length for right in of_guests), default=None),
        one,
        many,
        found.chance(lockout, YEAR, many=False) if found else 0.0,
        found.chance(lockout, YEAR, many=True) if found else 0.0,
    )


def _cells(row: Row) -> list[str]:
    known = row.digits is not None
    return [
        row.gate,
        str(row.line or "-"),
        str(row.right_pins or "-"),
        say("{digits} (needs {needed})", digits=row.digits or "-", needed=row.digits_needed)
        if row.digits_needed
        else str(row.digits or "-"),
        say("{pins} of {digits} digits", pins=row.guest_pins, digits=row.guest_digits) if row.guest_pins else "-",
        _counts(row.attempts_from_one),
        in_percent(row.chance_from_one) if known else "-",
        _counts(row.attempts_from_many),
        in_percent(row.chance_from_many) if known else "-",
    ]


def _counts(counts: tuple[int, ...]) -> str:
    return ", ".join(f"{count:_}".replace("_", " ") for count in counts)


def in_percent(chance: float) -> str:
    """Such as `17 %`, `0.2 %` or `below 0.001 %`."""
    percent = 100 * chance
    if percent >= 0.001 or percent == 0:  # noqa: PLR2004
        return say("{percent:.3g} %", percent=percent)
    return say("below {percent:g} %", percent=0.001)
