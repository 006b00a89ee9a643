"""What `vipgate reload --dry-run` shows: a reload as far as it can go without changing anything."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Never

import click

from vipgate_fs.cli import diff, output, replay
from vipgate_fs.cli.options import parse_since
from vipgate_fs.preview import meaning
from vipgate_fs.preview.sides import Side
from vipgate_fs.preview.times import HORIZON
from vipgate_fs.sentences import say
from vipgate_fs.service.control import ask_to_rehearse

SAME, DIFFERENT, UNREADABLE = 0, 1, 2


def rehearse(path: Path, since: str, style: str) -> Never:
    """Show it, and end the command.

    Args:
        path: of the service's configuration.
        since: from when on recorded calls are decided again.
        style: `text` or `json`.

    Raises:
        NoService: there is none, or none that knows this.
    """
    answer, applied, new = ask_to_rehearse(path)
    if new is None:
        _refuse(answer.why, answer.findings, style)
    before, after = diff.applied_side(applied), diff.applied_side(new)
    now = dt.datetime.now(dt.UTC)
    findings = [*answer.findings, *map(str, meaning.findings(after.configuration, new.text, now))]
    findings = list(dict.fromkeys(findings))
    changes = diff.Found(before, after, HORIZON)
    settings = before.settings_that_differ(after)
    calls, why = _replayed(before, after, since)  # last: it gives up root's rights
    if style == "json":
        output.show_json(
            {
                "refused": False,
                "why": None,
                "findings": findings,
                "diff": changes.as_data(),
                "settings": settings,
                "replay": calls.as_data() if calls else None,
            }
        )
    else:
        _show(findings, changes, settings)
        if calls is not None:
            calls.show(style)
        else:
            output.echo(say("Note: no recorded calls to replay: {why}", why=why), err=True)
        output.echo(say("nothing has been applied"), err=True)
    sys.exit(DIFFERENT if changes.is_any else SAME)


def _refuse(why: str, findings: tuple[str, ...], style: str) -> Never:
    if style == "json":
        output.show_json({"refused": True, "why": why, "findings": findings})
        sys.exit(UNREADABLE)
    for finding in findings:
        output.echo(finding, err=True)
    output.fail(say("the reload would be refused: {why}", why=why))
    sys.exit(UNREADABLE)


def _show(findings: list[str], changes: diff.Found, settings: list[str]) -> None:
    for finding in findings:
        output.echo(finding, err=True)
    for line in changes.lines():
        output.echo(line)
    output.echo(changes.count)
    if settings:
        output.echo(say("other settings that change: {settings}", settings=", ".join(settings)))


def _replayed(before: Side, after: Side, since: str) -> tuple[replay.Found | None, str]:
    """The recorded calls; None, and why, where there are none to be had."""
    calendar = before.configuration.site.calendar
    try:
        return replay.Found(
            before.configuration, after.configuration, before.configuration, parse_since(since, calendar)
        ), ""
    except click.UsageError:
        raise
    except click.ClickException as error:
        return None, error.message
