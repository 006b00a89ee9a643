"""`vipgate status`: the running service's health check."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Never

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.cli import output
from vipgate_fs.cli.language import spoken
from vipgate_fs.cli.options import config_option
from vipgate_fs.sentences import NOTHING, Sentence, said, say
from vipgate_fs.sentences.system import of_file
from vipgate_fs.service.answers import NoService
from vipgate_fs.service.control import ask_for_status
from vipgate_fs.service.status import Status, as_time

OK: Final = 0
DEGRADED: Final = 1
NO_SERVICE: Final = 2


@click.command()
@config_option
@output.format_option
def command(config: Path | None, style: str) -> None:
    """Report the health of the service that runs for a configuration.

    The first line is the result, for monitors. Only root and the service's own user are answered.

    Exit status: 0 ok, 1 degraded, 2 no service answers.
    """
    try:
        status = ask_for_status(configuration_files.find(config))
    except OSError as error:
        _end(style, NO_SERVICE, of_file(error))
    except NoService as error:
        _end(style, NO_SERVICE, said(error))
    if style == "json":
        output.show_json({"problems": status.problems, **_values(status)})
    else:
        if status.problems:
            output.echo(say("degraded: {summary}", summary=status.summary))
        else:
            output.echo(say("ok: {summary}", summary=status.summary))
        for name, value in _lines(status):
            click.echo(f"{spoken(name):<15}{spoken(value)}")
    sys.exit(DEGRADED if status.problems else OK)


def _end(style: str, code: int, why: Sentence) -> Never:
    """What is wrong is the answer: on stdout, where monitors look for it."""
    click.echo(output.as_json({"problems": [why]}) if style == "json" else spoken(why))
    sys.exit(code)


def _values(status: Status) -> dict[str, Any]:
    moments = ("taken_over", "store_gone_since", "refused")
    times = {name: as_time(getattr(status, name)) for name in moments if getattr(status, name)}
    changed = {"changed": status.is_changed(), "changed_files": status.changed_files()}
    values = asdict(status) | changed | {"files": status.named} | times
    del values["digest"]
    return values


def _lines(status: Status) -> Iterator[tuple[Sentence, str]]:
    yield say("version"), status.version
    yield (
        say("process"),
        say("{pid}, up {uptime}", pid=status.pid, uptime=_uptime(dt.timedelta(0, round(status.uptime)))),
    )
    is_open = say("open") if status.accepting else say("refuses connections")
    yield say("address"), say("{address}, {state}", address=status.address, state=is_open)
    yield say("workers"), say("{serving} of {wanted}", serving=status.workers, wanted=status.workers_wanted)
    unmet = say(", of which {unmet} met no gate", unmet=status.unmet) if status.unmet else NOTHING
    calls = {"now": status.calls, "since": status.calls_since_start}
    yield say("calls"), say("{now} now, {since} since the start{unmet}", **calls, unmet=unmet)
    yield say("store"), status.store
    yield (
        say("configuration"),
        say(
            "{file}, applied {at}{changed}",
            file=status.configuration,
            at=as_time(status.taken_over),
            changed=say("; the file has changed since then") if status.is_changed() else NOTHING,
        ),
    )
    yield from _files(status)
    yield say("overrides"), str(status.overrides)
    yield say("page"), status.page


def _uptime(time: dt.timedelta) -> Sentence:
    clock = str(dt.timedelta(0, time.seconds))
    return (
        say("{count} day, {clock}", "{count} days, {clock}", count=time.days, clock=clock) if time.days else said(clock)
    )


def _files(status: Status) -> Iterator[tuple[Sentence, str]]:
    """The lists and secrets that the configuration names."""
    if status.files:
        changed = status.changed_files()
        yield (
            say("files"),
            say(
                "{count}, {changed} changed since they were applied",
                count=len(status.files),
                changed=len(changed) or say("none"),
            ),
        )
        yield from ((NOTHING, say("changed: {path}", path=path)) for path in changed)
