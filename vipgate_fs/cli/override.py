"""`vipgate override`: switch a gate on or off, whatever its schedule says."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from vipgate_fs.cli import output
from vipgate_fs.cli.options import (
    complete_gate,
    config_option,
    load_essentials_or_exit,
    parse_end,
    parse_length,
    parse_moment,
)
from vipgate_fs.cli.stores import NoStore, SiteStore
from vipgate_fs.config.essentials import Essentials
from vipgate_fs.gate.call import storable
from vipgate_fs.gate.override import Override
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.sentences import Sentence, say
from vipgate_fs.service.audit_trail import audit
from vipgate_fs.store import overrides


@click.command()
@config_option
@click.argument("gate", required=False, shell_complete=complete_gate)
@click.argument("state", type=click.Choice(["on", "off", "auto"]), required=False)
@click.option("--from", "begin", metavar="ISO-TIME", help="Such as 2026-12-24T18:30, in the site's time; default: now.")
@click.option("--until", metavar="ISO-TIME", help="Such as 2026-12-27T08:00, or 2026-12-27 for the whole day.")
@click.option("--for", "length", metavar="TIME", help="Such as 30m, 2h or 7d, at most 9999d, from the beginning.")
@output.format_option
@click.option("--note", metavar="TEXT", help="Why, or whose; shown with the override.")
def command(
    config: Path | None,
    gate: str | None,
    state: str | None,
    begin: str | None,
    until: str | None,
    length: str | None,
    note: str | None,
    style: str,
) -> None:
    """Switch a gate on or off, whatever its schedule says; auto lets the schedule decide again.

    Without --until and --for, it holds until further notice. A gate has one override: a new one replaces the previous
    one, even if it begins later. All workers and machines apply it within a few seconds.

    Without a state, shows the gate's override; without GATE, all overrides, including those of gates that are no longer
    in the configuration: auto removes them.
    """
    essentials = load_essentials_or_exit(config)
    calendar = essentials.site.calendar
    if gate is not None and gate not in essentials.gates and (state in ("on", "off") or gate not in _kept(essentials)):
        raise click.BadParameter(
            say("no such gate; there are {gates}", gates=", ".join(essentials.gates)), param_hint="GATE"
        )
    changes = [each for each in (begin, until, length, note) if each is not None]
    if gate is None or state is None:
        if changes:
            raise click.UsageError(say("say which gate, and on or off"))
        _print(gate, essentials, style)
        return
    if state == "auto" and changes:
        raise click.UsageError(say("auto has neither beginning nor end nor note"))
    since = None if begin is None else parse_moment(begin, calendar, "--from").timestamp()
    end = parse_end(until, None if length is None else parse_length(length, "--for"), calendar, since)
    override = None if state == "auto" else Override(state == "on", end, since, storable(note or "", longest=200))
    SiteStore(essentials, makes=True).do(lambda connection: overrides.write(connection, gate, override))
    times = {name: None if at is None else output.iso(at, calendar) for name, at in (("since", since), ("until", end))}
    audit("override", gate=gate, state=state, **times)
    output.report(
        style,
        _values(gate, override, calendar),
        say("{gate}: {state}", gate=gate, state=_described(override, calendar)),
    )


def _values(gate: str, override: Override | None, calendar: Calendar) -> dict[str, Any]:
    if override is None:
        return {"gate": gate, "state": "auto", "since": None, "until": None, "note": ""}
    since, until = (None if at is None else output.iso(at, calendar) for at in (override.since, override.until))
    state = "on" if override.active else "off"
    return {"gate": gate, "state": state, "since": since, "until": until, "note": override.note}


def _print(gate: str | None, essentials: Essentials, style: str) -> None:
    """How a gate is switched, or all those that are."""
    calendar = essentials.site.calendar
    now = calendar.at(time.time())
    switched = {name: override for name, override in _kept(essentials).items() if not override.is_over(now)}
    wanted = {gate: switched.get(gate)} if gate is not None else dict(switched)
    lines = []
    for name, override in wanted.items():
        state = _described(override, calendar)
        if name in essentials.gates:
            lines.append(say("{gate}: {state}", gate=name, state=state))
        else:
            lines.append(say("{gate}: {state}; there is no such gate", gate=name, state=state))
    document = [_values(name, override, calendar) for name, override in wanted.items()]
    output.report(style, document, *(lines or [say("no gate is switched: all are as their schedules say")]))


def _kept(essentials: Essentials) -> dict[str, Override]:
    """All overrides in the store, by the names of their gates."""
    try:
        return SiteStore(essentials).do(overrides.read, reads=True)
    except NoStore:
        if essentials.store.url is None:
            raise
        return {}  # nobody has switched anything yet


def _described(override: Override | None, calendar: Calendar) -> Sentence:
    if override is None:
        return say("as its schedule says")
    why = override.describe(calendar)
    return say("on, {override}", override=why) if override.active else say("off, {override}", override=why)
