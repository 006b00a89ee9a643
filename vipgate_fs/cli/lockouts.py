"""`vipgate lockouts`: who is locked out, or near to it; and letting him in again."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vipgate_fs.cli.options import config_option, load_or_exit
from vipgate_fs.cli.stores import SiteStore
from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.call import storable
from vipgate_fs.gate.lockout import Lockout

if TYPE_CHECKING:
    from vipgate_fs.store.tallies import Kept


@click.group(invoke_without_command=True)
@config_option
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def command(context: click.Context, config: Path | None, style: str) -> None:
    """List the callers, customer numbers and gates with wrong entries or a lockout; `clear` forgets them."""
    if context.invoked_subcommand is not None:
        context.obj = config
        return
    from vipgate_fs.store import tallies  # noqa: PLC0415 - after the configuration: it takes its time

    configuration = load_or_exit(config)
    kept = SiteStore(configuration).do(lambda connection: list(tallies.kept(connection)), reads=True)
    listed = list(_listed(kept, configuration, time.time()))
    if style == "json":
        click.echo(json.dumps(listed, ensure_ascii=False, indent=2))
    else:
        _print(listed)


@command.command()
@config_option
@click.option("--gate", metavar="NAME", help="Only at this gate.")
@click.option("--caller", metavar="NUMBER", help="Only this caller's own; 'anonymous' for those without a number.")
@click.pass_obj
def clear(above: Path | None, config: Path | None, gate: str | None, caller: str | None) -> None:
    """Forget wrong entries and lockouts: all of them, or those of a gate, or of a caller."""
    from vipgate_fs.store import tallies  # noqa: PLC0415 - as above

    configuration = load_or_exit(config or above)
    names = [each.name for each in configuration.gates]
    if gate is not None and gate not in names:
        raise click.BadParameter(f"no such gate; there are {', '.join(names)}", param_hint="--gate")
    who = None if caller is None else storable(configuration.site.plan.canonical(caller))
    cleared = SiteStore(configuration).do(
        lambda connection: tallies.clear(connection, gate, None if who is None else "caller", who)
    )
    click.echo(f"cleared: {cleared}")


def _listed(kept: list[Kept], configuration: Configuration, now: float) -> Iterator[dict[str, Any]]:
    limits = {gate.name: gate.lockout for gate in configuration.gates}
    local = configuration.site.calendar.local
    for item in kept:
        account, tally = item.account, item.tally
        failures = tally.recent(now, limits.get(account.gate, Lockout()))
        until = dt.datetime.fromtimestamp(tally.locked_until, dt.UTC) if tally.is_locked(now) else None
        if failures or until:
            yield {
                **account._asdict(),
                "failures": len(failures),
                "locked_until": local(until).isoformat(timespec="seconds") if until else None,
                "doublings": tally.doublings,
            }


def _print(listed: list[dict[str, Any]]) -> None:
    lines = [("gate", "of", "who", "wrong entries", "locked until", "doublings")]
    for each in listed:
        until = each["locked_until"] or "-"
        lines.append((each["gate"], each["kind"], _who(each), str(each["failures"]), until, str(each["doublings"])))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _who(listed: dict[str, Any]) -> str:
    return listed["who"] or ("all" if listed["kind"] == "gate" else "withheld")
