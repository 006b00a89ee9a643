"""`vipgate override`: a person switches a gate on or off, over its schedule."""

from __future__ import annotations

import time
from pathlib import Path

import click

from vipgate_fs.cli.options import config_option, load_or_exit, parse_until
from vipgate_fs.cli.stores import SiteStore
from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.override import Override
from vipgate_fs.store import overrides


@click.command()
@config_option
@click.argument("gate", required=False)
@click.argument("state", type=click.Choice(["on", "off", "auto"]), required=False)
@click.option("--until", metavar="ISO-TIME", help="Such as 2026-12-24T18:30, in the site's time.")
@click.option("--for", "length", metavar="TIME", help="Such as 30m, 2h or 7d, from now.")
def command(config: Path | None, gate: str | None, state: str | None, until: str | None, length: str | None) -> None:
    """Switch a gate on or off, over its schedule; auto lets the schedule decide again.

    Without --until and --for it stays so until further notice. Without GATE: what is switched at present. All workers
    and machines know of it within a few seconds.
    """
    configuration = load_or_exit(config)
    end = parse_until(until, length, configuration.site.calendar)
    store = SiteStore(configuration)
    if gate is None:
        _print(store.do(overrides.read, reads=True), configuration)
        return
    if gate not in (names := [each.name for each in configuration.gates]):
        raise click.BadParameter(f"no such gate; there are {', '.join(names)}", param_hint="GATE")
    if state is None or (state == "auto" and end is not None):
        raise click.UsageError("say on, off or auto; auto has no end")
    override = None if state == "auto" else Override(state == "on", end)
    store.do(lambda connection: overrides.write(connection, gate, override))
    click.echo(f"{gate}: {_told(override, configuration)}")


def _print(kept: dict[str, Override], configuration: Configuration) -> None:
    for gate, override in kept.items():
        if override.until is None or time.time() < override.until:
            click.echo(f"{gate}: {_told(override, configuration)}")


def _told(override: Override | None, configuration: Configuration) -> str:
    if override is None:
        return "as its schedule says"
    return f"{'on' if override.active else 'off'}, {override.told(configuration.site.calendar)}"
