"""`vipgate diff`: show what a change of the configuration changes for callers."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.cli import config_option
from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import Mapping, parse
from vipgate_fs.preview.classes import TooManyPatterns
from vipgate_fs.preview.diff import Side, compare
from vipgate_fs.preview.sentences import as_data, example, sentence
from vipgate_fs.preview.sentences import command as explaining
from vipgate_fs.preview.times import HORIZON, Horizon

SAME, DIFFERENT, UNREADABLE = 0, 1, 2
MOST_DAYS: Final = 3660


@click.command()
@config_option
@click.argument("old", required=False, type=click.Path(path_type=Path))
@click.argument("new", required=False, type=click.Path(path_type=Path))
@click.option("--since", metavar="GIT-REV", help="OLD is NEW as it was at a revision of git, such as HEAD.")
@click.option(
    "--days", type=click.IntRange(1, MOST_DAYS), default=HORIZON, show_default=True, help="Look so far ahead."
)
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(config: Path | None, old: Path | None, new: Path | None, since: str | None, days: int, style: str) -> None:
    """List every class of calls whose fate differs between two configurations, each with a call that shows it.

    OLD and NEW are files; with --since, give only NEW, by default the configuration that the other commands use. The
    answers of webservices, databases and plug-ins are unknown, so their decisions may be anything. Lockouts, overrides
    and guest PINs belong to the store and are ignored.

    Exit status: 0 when nothing changes, 1 when something does, 2 when a file can't be read or compared.
    """
    try:
        if since is not None and new is None:
            path = configuration_files.find(old or config)
            before, after = _side(path, _revision(path, since)), _side(path, path.read_bytes())
        elif since is None and old is not None and new is not None:
            before, after = _side(old, old.read_bytes()), _side(new, new.read_bytes())
        else:
            raise click.UsageError("name two files, OLD and NEW, or one, and --since a revision of git")
    except OSError as error:
        click.echo(f"Error: {error.filename}: {error.strerror or error}", err=True)
        sys.exit(UNREADABLE)
    first = after.calendar.local(dt.datetime.now(dt.UTC)).date()
    horizon = Horizon(first, days, after.calendar)
    try:
        changes = list(compare(before, after, first, days))
    except TooManyPatterns as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(UNREADABLE)
    if style == "json":
        document = {"first": first.isoformat(), "days": days, "changes": [as_data(one, horizon) for one in changes]}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        for change in changes:
            click.echo(sentence(change, horizon))
            click.echo(f"    {explaining(example(change, horizon))}")
        click.echo(f"{len(changes) or 'no'} changes from {first} on, {days} days ahead", err=bool(changes))
    sys.exit(DIFFERENT if changes else SAME)


def _side(path: Path, content: bytes) -> Side:
    """One of the configurations, or the end of the command when it is not valid."""
    loaded = configuration_files.load_text(content, path)
    root = parse(content, Report(str(path)))
    if loaded.configuration is None or not isinstance(root, Mapping):
        for finding in loaded.findings:
            click.echo(str(finding), err=True)
        sys.exit(UNREADABLE)
    return Side(loaded.configuration, root)


def _revision(path: Path, since: str) -> bytes:
    """The file as it was. Ends the command if git can't say."""
    git = ["git", "-C", str(path.absolute().parent), "show", f"{since}:./{path.name}"]
    try:
        shown = subprocess.run(git, check=False, capture_output=True, timeout=60)  # noqa: S603 - git of the user's PATH
    except FileNotFoundError:
        click.echo("Error: --since needs git", err=True)
        sys.exit(UNREADABLE)
    if shown.returncode:
        click.echo(f"Error: {shown.stderr.decode(errors='replace').strip()}", err=True)
        sys.exit(UNREADABLE)
    return shown.stdout
