"""`vipgate files`: locate the files that ship with VIPgate."""

from __future__ import annotations

from typing import Final

import click

from vipgate_fs.cli import output
from vipgate_fs.resources import resource

FILES: Final = {
    "dialplan": "freeswitch-dialplan.xml",
    "unit": "deploy/vipgate.service",
    "prometheus": "deploy/prometheus",
    "grafana": "deploy/grafana/vipgate.json",
    "sounds": "sounds",
    "schemas": "schemas",
    "examples": "examples",
    "docs": "docs",
}


@click.command()
@click.argument("name", type=click.Choice(list(FILES)), required=False)
@output.format_option
def command(name: str | None, style: str) -> None:
    """Print where the dialplan, the systemd unit, alerts, the dashboard, sounds, schemas, examples and manuals are."""
    wanted = {each: str(resource(file)) for each, file in FILES.items() if name in (None, each)}
    output.report(style, wanted, *([wanted[name]] if name else (f"{each:<12}{file}" for each, file in wanted.items())))
