"""`vipgate reload`: apply a changed configuration to the running service."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Never

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.cli import output
from vipgate_fs.cli.options import config_option
from vipgate_fs.service.control import NoService, ask_to_reload


@click.command()
@config_option
@output.format_option
def command(config: Path | None, style: str) -> None:
    """Apply the configuration as it is now to the service that runs for it: whole, or not at all.

    Calls in progress end under the configuration they began with. Only root and the service's own user may reload.

    Exit status: 0 applied, 1 refused and nothing has changed, 2 no service runs.
    """
    try:
        answer = ask_to_reload(configuration_files.find(config))
    except OSError as error:
        _end(style, f"{error.filename}: {error.strerror}", 2)
    except NoService as error:
        _end(style, str(error), 2)
    if style == "json":
        output.show_json({"reloaded": not answer.why, "why": answer.why or None, "findings": answer.findings})
        sys.exit(1 if answer.why else 0)
    for finding in answer.findings:
        click.echo(finding, err=True)
    if answer.why:
        click.echo(f"Error: refused, nothing has changed: {answer.why}", err=True)
        sys.exit(1)
    click.echo("reloaded")


def _end(style: str, why: str, code: int) -> Never:
    if style == "json":
        output.show_json({"reloaded": False, "why": why, "findings": []})
    else:
        click.echo(f"Error: {why}", err=True)
    sys.exit(code)
