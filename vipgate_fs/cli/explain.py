"""`vipgate explain`: show what would happen to a call, and why, with the line of the configuration that decided."""

from __future__ import annotations

import datetime as dt
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from vipgate_fs.cli import output
from vipgate_fs.cli.language import spoken
from vipgate_fs.cli.options import (
    config_option,
    load_or_exit,
    moment_option,
    note_ignored,
    parse_moment,
    parse_variables,
    variable_option,
)
from vipgate_fs.cli.stores import standing_memory
from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.decision import Decision, ask_step, decide, describe
from vipgate_fs.gate.dialable import as_dialled
from vipgate_fs.gate.memory import Memory, ReadOnly
from vipgate_fs.gate.narrator import narrate
from vipgate_fs.gate.step import NotAsked, Step
from vipgate_fs.gate.verdict import Verdict
from vipgate_fs.sentences import as_data, joined, say


@click.command()
@config_option
@click.option(
    "--from", "caller", required=True, metavar="NUMBER", help="The caller; 'anonymous' for a withheld number."
)
@click.option("--hidden", is_flag=True, help="The number is restricted: the network knows it and the caller hides it.")
@click.option("--to", "called", required=True, metavar="NUMBER", help="The called number.")
@moment_option
@click.option("--user", metavar="ID", help="The directory's user behind the called number, as named in `protects`.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group of that user; may be repeated.")
@variable_option
@click.option("--live", is_flag=True, help="Ask webservices and databases for real.")
@click.option("--no-store", is_flag=True, help="Ignore overrides and lockouts, which are in the store.")
@output.format_option
def command(
    config: Path | None,
    caller: str,
    hidden: bool,  # noqa: FBT001 - click passes all by name
    called: str,
    moment: str | None,
    user: str | None,
    groups: tuple[str, ...],
    variables: tuple[str, ...],
    live: bool,  # noqa: FBT001
    no_store: bool,  # noqa: FBT001
    style: str,
) -> None:
    """Show which gate a call meets, what each step answers, what callers would hear and where their calls would go.

    The switch is not asked: users and groups of its directory are taken from --user and --group.
    """
    configuration, called = load_or_exit(config), as_dialled(called)
    site = configuration.site
    at = parse_moment(moment, site.calendar)
    call = Call(
        uuid="explain",
        caller=site.trunk.caller(caller),
        restricted=hidden,
        called=site.trunk.canonical(called),
        dialled=called,
        called_users=frozenset(filter(None, [user])),
        called_groups=frozenset(groups),
        variables=parse_variables(variables),
    )
    ask = ask_step if live else _without_asking
    with nullcontext(ReadOnly()) if no_store else standing_memory(configuration, at) as memory:
        decision = decide(configuration.gates, call, at, site.calendar, ask, memory.overrides)
        explanation = _explanation(configuration, decision.sees(call), at, decision, memory)
    note_ignored(configuration.gates, call)
    if style == "json":
        output.show_json(explanation)
    else:
        _print(explanation)


def _without_asking(step: Step, call: Call) -> Verdict | None:
    if step.waits:
        raise NotAsked(say("--live asks it"))
    return ask_step(step, call)


def _explanation(
    configuration: Configuration, call: Call, at: dt.datetime, decision: Decision, memory: Memory
) -> dict[str, Any]:
    gate = decision.gate
    return {
        "file": str(configuration.path),
        "from": call.caller or "withheld",
        "to": call.called,
        "at": at.isoformat(timespec="minutes"),
        "gate": gate.name if gate else None,
        "active": decision.active,
        "reasons": [asdict(reason) | as_data(reason.text) for reason in decision.reasons],
        "verdict": describe(decision.verdict),
        "outcomes": [
            {
                "when": when or None,
                "happens": happens,
                "result": outcome.result,
                "target": outcome.target,
                "why": outcome.why or None,
            }
            for when, happens, outcome in narrate(decision, call, memory)
        ],
    }


def _print(explanation: dict[str, Any]) -> None:
    caller = explanation["from"] if explanation["from"] != "withheld" else say("a withheld number")
    at = dt.datetime.fromisoformat(explanation["at"])
    output.echo(
        say(
            "{caller} calls {called}, {at:%Y-%m-%dT%H:%M}{offset}",
            caller=caller,
            called=explanation["to"],
            at=at,
            offset=at.isoformat()[len("2026-12-24T18:30:00") :],
        )
    )
    for reason in explanation["reasons"]:
        where = f"{explanation['file']}:{reason['line']}" if reason["line"] else ""
        label = reason["step"] or reason["subject"]
        click.echo(f"  {where:<28}  {label:<12}  {spoken(reason['text'])}")
    if explanation["gate"] is None:
        output.echo(
            say(
                "  (where callers dial another number than this: site.called_number, docs/freeswitch.md, Who is called)"
            )
        )
    output.echo(say("verdict: {verdict}", verdict=explanation["verdict"]), bold=True)
    for outcome in explanation["outcomes"]:
        what = joined("; ", outcome["happens"])
        if outcome["why"]:
            what = say("{what} ({why})", what=what, why=outcome["why"])
        if outcome["when"]:
            what = say("{when}: {what}", when=outcome["when"], what=what)
        click.echo(f"  {spoken(what)}")
