"""`vipgate files`: where the files lie that come with VIPgate."""

from __future__ import annotations

from typing import Final

import click

from vipgate_fs.resources import resource

FILES: Final = {
    "dialplan": "freeswitch-dialplan.xml",
    "unit": "deploy/vipgate.service",
    "sounds": "sounds",
    "schemas": "schemas",
    "examples": "examples",
    "docs": "docs",
}


@click.command()
@click.argument("name", type=click.Choice(list(FILES)), required=False)
def command(name: str | None) -> None:
    """Tell where the dialplan, the systemd unit, sounds, schemas, examples and manuals lie: all of them, or one."""
    if name is not None:
        click.echo(resource(FILES[name]))
        return
    for each, file in FILES.items():
        click.echo(f"{each:<10}{resource(file)}")
