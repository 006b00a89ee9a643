"""Options that several subcommands share, and how they find the configuration."""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.cli import config_option, output
from vipgate_fs.config.essentials import Essentials, load_essentials
from vipgate_fs.config.model import Configuration
from vipgate_fs.document.findings import Finding
from vipgate_fs.duration import duration
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.gates import Gates
from vipgate_fs.gate.schedules import MOMENT, YEARS, Calendar
from vipgate_fs.sentences import Sentence, said, say
from vipgate_fs.sentences.system import of_file

T = TypeVar("T")
U = TypeVar("U")

__all__ = ["config_option"]  # the others are this module's own

moment_option = click.option(
    "--at", "moment", metavar="ISO-TIME", help="Such as 2026-12-24T18:30, in the site's time; default: now."
)


def complete_gate(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names of the configuration's gates, for a shell that completes what is typed."""
    with suppress(OSError):
        essentials, _ = load_essentials(configuration_files.find(context.meta.get("vipgate.config")))
        return [name for name in essentials.gates if name.startswith(incomplete)] if essentials else []
    return []


variable_option = click.option(
    "--variable", "variables", multiple=True, metavar="NAME=VALUE", help="A channel variable; may be repeated."
)


def parse_variables(texts: Iterable[str]) -> dict[str, str]:
    """What `--variable` says, by name. Ends the command when it has no `=`."""
    pairs = [text.partition("=") for text in texts]
    if not all(name and equals for name, equals, _ in pairs):
        raise click.BadParameter(say("write NAME=VALUE"), param_hint="--variable")
    return {name: value for name, _, value in pairs}


def note_ignored(gates: Gates, call: Call) -> None:
    """A note on stderr of gates for users or groups, where nobody has named those of the called number."""
    if gates.needs_directory(call) and not (call.called_users or call.called_groups):
        names = [gate.name for gate in gates if gate.protects.users or gate.protects.groups]
        output.echo(
            say(
                "Note: gates for users or groups ({gates}) are ignored; "
                "name the called number's user with --user, and their groups with --group",
                gates=", ".join(names),
            ),
            err=True,
        )


def parse_moment(text: str | None, calendar: Calendar, option: str = "--at", allowed: Sentence = MOMENT) -> dt.datetime:
    """What an option says, in the site's time zone; now for None. Ends the command when it is no time."""
    if text is None:
        return calendar.now()
    try:
        return calendar.moment(text, allowed)
    except ValueError as error:
        raise click.BadParameter(said(error), param_hint=option) from None


def parse_since(text: str, calendar: Calendar) -> float:
    """What `--since` says, a moment or so long ago, as Unix time. Ends the command when it is neither."""
    with suppress(ValueError):
        return time.time() - duration(text)
    return parse_moment(
        text, calendar, "--since", say("{moment}, or so long ago, such as 24h", moment=MOMENT)
    ).timestamp()


def parse_length(text: str, option: str) -> float:
    """How long an option says that something takes, in seconds. Ends the command when it is no such time."""
    try:
        return duration(text)
    except ValueError as error:
        raise click.BadParameter(said(error), param_hint=option) from None


def parse_end(until: str | None, length: float | None, calendar: Calendar, begin: float | None = None) -> float | None:
    """What `--until` says, or so many seconds after `begin`, as Unix time; None for neither. `begin` None is now.

    A date means through that day.

    Ends the command when both are said, or when the end is before the beginning.
    """
    if until is not None and length is not None:
        raise click.UsageError(say("say either until when, or for how long"))
    begin = time.time() if begin is None else begin
    end = begin + length if length is not None else None
    if until is not None:
        end = _end_of(until, calendar)
    if end is not None and end <= max(begin, time.time()):
        raise click.BadParameter(say("this time is over, or before the beginning"), param_hint="--until")
    return end


def _end_of(until: str, calendar: Calendar) -> float:
    with suppress(ValueError):
        day = dt.date.fromisoformat(until)
        if day.year in YEARS:  # through that day, as `valid_until` has it
            return calendar.midnight(day + dt.timedelta(days=1)).timestamp()
    return parse_moment(until, calendar, "--until").timestamp()


def load_or_exit(path: Path | None) -> Configuration:
    """The configuration, or an end of the command: exit 1 with all findings, exit 2 when the file can't be read."""
    loaded = _read_or_exit(path, configuration_files.load)
    return sound_or_exit(loaded.configuration, loaded.findings)


def load_essentials_or_exit(path: Path | None) -> Essentials:
    """What the store needs of it, or the same end; other faults of the file, and missing secrets, do not matter."""
    return sound_or_exit(*_read_or_exit(path, load_essentials))


def find_or_exit(path: Path | None) -> Path:
    """The configuration's path, or an end of the command."""
    return or_exit(configuration_files.find, path)


def _read_or_exit(path: Path | None, read: Callable[[Path], T]) -> T:
    return or_exit(read, find_or_exit(path))


def or_exit(read: Callable[[U], T], path: U) -> T:
    """What is read of a file, or an end of the command: exit 2 when it can't be."""
    try:
        return read(path)
    except OSError as error:
        output.fail(of_file(error, path))
        sys.exit(2)


def sound_or_exit(found: T | None, findings: Iterable[Finding], status: int = 1) -> T:
    """What was made of a file, or an end of the command with that exit status; its findings go to stderr."""
    for finding in findings:
        output.echo(finding, err=True)
    if found is None:
        sys.exit(status)
    return found
