"""What several subcommands take, and how they find the configuration."""

from __future__ import annotations

import datetime as dt
import re
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.config.model import Configuration
from vipgate_fs.duration import duration
from vipgate_fs.gate.schedules import Calendar

_DURATION: Final = re.compile(r"[1-9][0-9]{0,3}[smhd]", re.ASCII)

config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The configuration; default: $VIPGATE_CONFIG, ./vipgate.yaml, /etc/vipgate/vipgate.yaml.",
)

moment_option = click.option(
    "--at", "moment", metavar="ISO-TIME", help="Such as 2026-12-24T18:30, in the site's time; default: now."
)

variable_option = click.option(
    "--variable", "variables", multiple=True, metavar="NAME=VALUE", help="A variable of the channel; may be repeated."
)


def parse_variables(texts: Iterable[str]) -> dict[str, str]:
    """What `--variable` says, by name. Ends the command when it has no `=`."""
    pairs = [text.partition("=") for text in texts]
    if not all(name and equals for name, equals, _ in pairs):
        raise click.BadParameter("write NAME=VALUE", param_hint="--variable")
    return {name: value for name, _, value in pairs}


def parse_moment(text: str | None, calendar: Calendar, option: str = "--at") -> dt.datetime:
    """What an option says, in the site's time zone; now for None. Ends the command when it is no time."""
    if text is None:
        return calendar.local(dt.datetime.now(dt.UTC))
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("not an ISO time such as 2026-12-24T18:30", param_hint=option) from None
    return calendar.local(at if at.tzinfo else at.replace(tzinfo=calendar.timezone))


def parse_until(until: str | None, length: str | None, calendar: Calendar) -> float | None:
    """What `--until` says, or an option with the length of a time from now, as Unix time; None for neither.

    Ends the command when it is no time, or one that is over.
    """
    if until is not None and length is not None:
        raise click.UsageError("say either until when, or for how long")
    if length is not None:
        if not _DURATION.fullmatch(length):
            raise click.BadParameter(f"found {length}; allowed: 1 to 9999 with s, m, h or d, such as 2h")
        return time.time() + duration(length)
    if until is None:
        return None
    at = parse_moment(until, calendar, "--until").timestamp()
    if at <= time.time():
        raise click.BadParameter("this time is over", param_hint="--until")
    return at


def load_or_exit(path: Path | None) -> Configuration:
    """The configuration, or an end of the command: exit 1 with all findings, exit 2 when the file can't be read."""
    try:
        path = configuration_files.find(path)
        loaded = configuration_files.load(path)
    except OSError as error:
        click.echo(f"Error: {error.filename or path}: {error.strerror or error}", err=True)
        sys.exit(2)
    for finding in loaded.findings:
        click.echo(str(finding), err=True)
    if loaded.configuration is None:
        sys.exit(1)
    return loaded.configuration
