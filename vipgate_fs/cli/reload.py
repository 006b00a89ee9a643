"""`vipgate reload`: apply a changed configuration to the running service."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Never

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.cli import output
from vipgate_fs.cli.dry_run import UNREADABLE, rehearse
from vipgate_fs.cli.options import config_option
from vipgate_fs.cli.replay import since_option
from vipgate_fs.sentences import Sentence, said, say
from vipgate_fs.sentences.system import of_file
from vipgate_fs.service.answers import NoService
from vipgate_fs.service.control import ask_to_reload


@click.command()
@config_option
@click.option("--dry-run", is_flag=True, help="Show what would change for callers, and apply nothing.")
@since_option
@output.format_option
def command(
    config: Path | None,
    dry_run: bool,  # noqa: FBT001 - click passes each by name
    since: str,
    style: str,
) -> None:
    """Apply the configuration as it is now to the service that runs for it: whole, or not at all.

    Calls in progress end under the configuration they began with. Only root and the service's own user may reload.

    With --dry-run the service reads the configuration as for a reload and drops it again. What it would change is
    shown as by `vipgate diff --running`, which recorded calls would have ended differently (from --since on) as by
    `vipgate replay`, and what is wrong or can't be meant as by `vipgate check`. No worker is started: whether the
    service could listen on another address shows only when it does.

    Exit status: 0 applied, 1 refused and nothing has changed, 2 no service runs; with --dry-run: 0 nothing changes for
    callers, 1 something does, 2 the reload would be refused, or no service runs.
    """
    try:
        path = configuration_files.find(config)
        if dry_run:
            rehearse(path, since, style)
        answer = ask_to_reload(path)
    except OSError as error:
        _end(style, of_file(error), dry_run)
    except NoService as error:
        _end(style, said(error), dry_run)
    if style == "json":
        output.show_json({"reloaded": not answer.why, "why": answer.why or None, "findings": answer.findings})
        sys.exit(1 if answer.why else 0)
    for finding in answer.findings:
        output.echo(finding, err=True)
    if answer.why:
        output.fail(say("refused, nothing has changed: {why}", why=answer.why))
        sys.exit(1)
    output.echo(say("reloaded"))


def _end(style: str, why: Sentence, dry_run: bool) -> Never:  # noqa: FBT001
    if style == "json":
        output.show_json({"refused" if dry_run else "reloaded": dry_run, "why": why, "findings": []})
    else:
        output.fail(why)
    sys.exit(UNREADABLE)
