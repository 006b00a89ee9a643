"""`vipgate replay`: which calls of the records another configuration would have decided differently."""

from __future__ import annotations

import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.cli import output
from vipgate_fs.cli.options import config_option, load_essentials_or_exit, or_exit, parse_since, sound_or_exit
from vipgate_fs.cli.stores import SiteStore
from vipgate_fs.config.essentials import Essentials
from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.preview.replay import Replayed, replay
from vipgate_fs.sentences import say
from vipgate_fs.store import records

SAME, DIFFERENT, UNREADABLE = 0, 1, 2


since_option = click.option(
    "--since", default="30d", show_default=True, metavar="TIME", help="A time such as 2026-12-24T18:30, or so long ago."
)


@click.command()
@config_option
@click.argument("new", type=click.Path(path_type=Path))
@since_option
@output.format_option
def command(config: Path | None, new: Path, since: str, style: str) -> None:
    """Decide the recorded calls again by NEW, and list those that would have ended differently.

    The records are those of the store that the configuration of --config names, which is taken to have decided then;
    they are only read. What callers would have keyed in, and what webservices, databases and plug-ins would have
    answered, is taken from a record where the same gate asks again. Calls of which it can't be known are counted.

    Exit status: 0 when no call would have ended differently, 1 when some would, 2 when NEW or the records can't
    be read.
    """
    configuration = _load(new)
    essentials = load_essentials_or_exit(config)
    before = configuration_files.load(essentials.path).configuration
    start = parse_since(since, essentials.site.calendar)
    try:
        found = Found(essentials, configuration, before, start)
    except click.ClickException as error:
        output.fail(error.message)
        sys.exit(UNREADABLE)
    found.show(style)
    sys.exit(DIFFERENT if found.different else SAME)


class Found:
    """The recorded calls, decided again. Ends the command when there is no store, or none that can be asked.

    Args:
        store: names it.
        configuration: that is to decide.
        before: that decided then; None: the same.
        since: Unix time.

    Attributes:
        count: how many there are.
        different: those that would have ended differently.
        unknown: why it is not known of others, and of how many.
    """

    def __init__(
        self,
        store: Configuration | Essentials,
        configuration: Configuration,
        before: Configuration | None,
        since: float,
    ) -> None:
        self._calendar = store.site.calendar
        ask = partial(SiteStore(store).do, reads=True)
        self.count, self.different, self.unknown = 0, list[Replayed](), Counter[str]()
        for record in records.read(ask, since):
            self.count += 1
            found = replay(record, configuration, before)
            if found.differs:
                self.different.append(found)
            elif found.now is None:
                self.unknown[found.why] += 1

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        listed = [_as_data(found, self._calendar) for found in self.different]
        return {"calls": self.count, "different": listed, "unknown": dict(self.unknown)}

    def show(self, style: str) -> None:
        """Print it."""
        if style == "json":
            output.show_json(self.as_data())
            return
        if self.different:
            rows = (_row(found, self._calendar) for found in self.different)
            output.show_table([say("call"), "", "", say("then"), say("now"), say("why")], rows)
        for what, calls in self.unknown.most_common():
            output.echo(
                say("unknown of {count} call: {what}", "unknown of {count} calls: {what}", count=calls, what=what)
            )
        output.echo(
            say(
                "{different} of {all} calls would have ended differently",
                different=len(self.different),
                all=self.count,
            )
        )


def _load(path: Path) -> Configuration:
    """The other configuration, or the end of the command."""
    loaded = or_exit(configuration_files.load, path)
    return sound_or_exit(loaded.configuration, () if loaded.configuration else loaded.findings, UNREADABLE)


def _row(found: Replayed, calendar: Calendar) -> list[str]:
    record = found.record
    why = say("line {line}, {why}", line=found.line, why=found.why) if found.line else found.why
    caller = record.caller or say("withheld")
    return [output.shown(record.began, calendar), caller, record.called, found.then, found.now or "", why]


def _as_data(found: Replayed, calendar: Calendar) -> dict[str, Any]:
    record = found.record
    return {
        "uuid": record.uuid,
        "began": output.iso(record.began, calendar),
        "caller": record.caller,
        "called": record.called,
        "then": found.then,
        "now": found.now,
        "why": found.why,
        "line": found.line,
    }
