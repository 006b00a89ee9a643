"""`vipgate calls`: show call records from the store."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import click

from vipgate_fs.cli import output, words
from vipgate_fs.cli.language import spoken
from vipgate_fs.cli.options import config_option, load_essentials_or_exit, parse_since
from vipgate_fs.cli.stores import SiteStore
from vipgate_fs.gate.record import COLUMNS, CallRecord, harmless
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.sentences import say
from vipgate_fs.store import records

_POLL: Final = 1.0
"""Seconds between two looks into the store."""
_LATE: Final = 120.0
"""Seconds that a record may be written after its call has ended, differences between clocks included."""
_WIDTHS: Final = dict(began=25, gate=12, caller=16, called=16, outcome=13, target=16, entries=7, seconds=7)  # noqa: C408
_SHOWN: Final = (*_WIDTHS, "reason")
_in_order: Final = attrgetter(*COLUMNS)  # not `astuple`, which copies deeply


@click.command()
@config_option
@click.option(
    "--since",
    default="24h",
    show_default=True,
    metavar="TIME",
    help="Such as 2026-12-24T18:30, or how long ago, such as 24h.",
)
@click.option("--follow", is_flag=True, help="Keep showing calls as they end; JSON is then one object per line.")
@click.option("--format", "style", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@click.option("--separator", type=click.Choice([",", ";"]), default=",", show_default=True, help="Of CSV.")
def command(config: Path | None, since: str, follow: bool, style: str, separator: str) -> None:  # noqa: FBT001
    """Show call records, in the order in which the calls ended.

    In CSV, nothing that a caller wrote can be a formula to a spreadsheet, whatever separator it uses.
    --separator ";" is for spreadsheets that expect semicolons, such as German Excel.
    """
    essentials = load_essentials_or_exit(config)
    store, calendar = SiteStore(essentials), essentials.site.calendar
    ask = partial(store.do, reads=True)
    moment = parse_since(since, calendar)
    show = _STYLES[style] if style != "csv" else partial(_csv, separator=separator)
    if style != "json":
        heads = {name: spoken(words.column(name)) if style == "text" and name in _SHOWN else name for name in COLUMNS}
        click.echo(show(heads))
    elif not follow:
        output.stream_json(_values(record, calendar) for record in records.read(ask, moment))
        return
    seen: set[tuple[str, float]] = set()
    while True:
        seen_again: set[tuple[str, float]] = set()
        for record in records.read(ask, moment):
            key = record.uuid, record.began
            if record.began + record.seconds >= time.time() - _LATE:  # what is older is looked for no more
                seen_again.add(key)
            if key not in seen:
                click.echo(show(_values(record, calendar)))
        if not follow:
            return
        seen = seen_again
        moment = max(moment, time.time() - _LATE)
        time.sleep(_POLL)


def _values(record: CallRecord, calendar: Calendar) -> dict[str, Any]:
    return dict(zip(COLUMNS, _in_order(record), strict=True)) | {"began": output.iso(record.began, calendar)}


def _text(values: dict[str, Any]) -> str:
    if values["caller"] == "":
        values["caller"] = spoken(say("withheld"))
    values["outcome"] = spoken(words.outcome(values["outcome"]))
    cells = [str("-" if values[name] is None else values[name]).ljust(width) for name, width in _WIDTHS.items()]
    return "  ".join([*cells, spoken(values["reason"])])


def _csv(values: dict[str, Any], separator: str) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="", delimiter=separator).writerow(map(harmless, values.values()))
    return line.getvalue()


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False)


_STYLES: Final[dict[str, Callable[[dict[str, Any]], str]]] = {"text": _text, "json": _json}
