"""`vipgate demo`: simulated calls against the example configuration, and what their callers experienced."""

from __future__ import annotations

import datetime as dt
import itertools
import sys
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

import click

from vipgate_fs.cli.options import load_or_exit
from vipgate_fs.resources import resource
from vipgate_fs.service.embedded import embedded_gate
from vipgate_fs.simulator import Caller, Experience, Simulator, What

_EVENING: Final = "2026-11-24T20:00"
_NOON: Final = "2026-11-24T12:00"
_HOTLINE: Final = "+4970222797830"
_VIP: Final = "004917612345678"
_STRANGER: Final = "004930123456"
_SPEED: Final = 20.0


@dataclass(frozen=True, slots=True)
class Row:
    """One call of the demonstration, and how it has to end."""

    who: str
    number: str
    to: str
    at: str
    ends: str
    keys: tuple[str, ...] = ()
    hang_up_after: float | None = None


ROWS: Final = (
    Row("anybody, business hours", _STRANGER, _HOTLINE, _NOON, f"through to {_HOTLINE}"),
    Row("right PIN", _STRANGER, _HOTLINE, _EVENING, f"through to {_HOTLINE}", ("0815#",)),
    Row("wrong PIN, then the right one", _STRANGER, _HOTLINE, _EVENING, f"through to {_HOTLINE}", ("4711#", "0815#")),
    Row("wrong PIN three times", _STRANGER, _HOTLINE, _EVENING, "hung up on (USER_BUSY)", ("1#", "2#", "3#")),
    Row("hangs up in the prompt", _STRANGER, _HOTLINE, _EVENING, "hung up himself", hang_up_after=2.0),
    Row("VIP, his own PIN", _VIP, "7001", _EVENING, "through to 7001", ("081512345#",)),
    Row("unknown caller", _STRANGER, "7001", _EVENING, "486 Busy Here"),
    Row("withheld number", "anonymous", "7001", _EVENING, "486 Busy Here"),
    Row("customer number and PIN", _STRANGER, "7100", _EVENING, "through to 7100", ("10027#", "2468#")),
    Row("a number without a gate", _STRANGER, "8000", _EVENING, "through to 8000"),
)


@click.command()
def command() -> None:
    """Place simulated calls against examples/vipgate.yaml; exit 1 when one does not end as it should."""
    configuration = load_or_exit(resource("examples") / "vipgate.yaml")
    calendar = configuration.site.calendar
    now = [dt.datetime.now(dt.UTC)]
    results: dict[Row, Experience] = {}
    with embedded_gate(configuration, lambda: now[0]) as port:
        for at in dict.fromkeys(row.at for row in ROWS):
            now[0] = dt.datetime.fromisoformat(at).replace(tzinfo=calendar.timezone)
            simulator = Simulator(port=port, speed=_SPEED)
            calls = {
                row: simulator.start(Caller(row.number, dial=row.keys, hang_up_after=row.hang_up_after), row.to)
                for row in ROWS
                if row.at == at
            }
            results |= {row: call.wait() for row, call in calls.items()}
    lines = [("caller", "calls", "at", "experienced", "the end")]
    lines += [(row.who, row.to, row.at[-5:], _heard(results[row]), _end(results[row])) for row in ROWS]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for number, line in enumerate(lines):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        click.secho(text, bold=number == 0)
    wrong = [row for row in ROWS if _end(results[row]) != row.ends]
    for row in wrong:
        click.echo(f"Error: {row.who}: should have been {row.ends}", err=True)
    sys.exit(1 if wrong else 0)


def _heard(experience: Experience) -> str:
    """What the caller heard of the gate, in short."""
    states = {What.RINGING: "ringing", What.EARLY_MEDIA: "unanswered:", What.ANSWERED: "answered:"}
    words = []
    for moment in itertools.takewhile(lambda moment: moment.what != What.TRANSFERRED, experience.moments):
        if moment.what in (What.HEARD, What.HEARD_PART):
            words.append(PurePath(moment.detail).stem.removeprefix("vipgate-"))
        elif moment.what in states:
            words.append(states[moment.what])
    return " ".join(words) or "-"


def _end(experience: Experience) -> str:
    if experience.transferred_to:
        return f"through to {experience.transferred_to.extension}"
    if not experience.answered:
        return f"{experience.status} {experience.phrase}"
    return "hung up himself" if experience.hung_up_by == "caller" else f"hung up on ({experience.cause})"
