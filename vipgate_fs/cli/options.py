"""What several subcommands take, and how they find the configuration."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.schedules import Calendar

config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The configuration; default: $VIPGATE_CONFIG, ./vipgate.yaml, /etc/vipgate/vipgate.yaml.",
)

moment_option = click.option(
    "--at", "moment", metavar="ISO-TIME", help="Such as 2026-12-24T18:30, in the site's time; default: now."
)


def parse_moment(text: str | None, calendar: Calendar, option: str = "--at") -> dt.datetime:
    """What an option says, in the site's time zone; now for None. Ends the command when it is no time."""
    if text is None:
        return calendar.local(dt.datetime.now(dt.UTC))
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("not an ISO time such as 2026-12-24T18:30", param_hint=option) from None
    return calendar.local(at if at.tzinfo else at.replace(tzinfo=calendar.timezone))


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
