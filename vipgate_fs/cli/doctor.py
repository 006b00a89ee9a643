"""`vipgate doctor`: what is wrong with a site, and what to type."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Never

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.cli import output
from vipgate_fs.cli.check import load
from vipgate_fs.cli.language import spoken
from vipgate_fs.cli.options import config_option
from vipgate_fs.cli.switch import switch_options
from vipgate_fs.config.model import Configuration
from vipgate_fs.doctor import examine, verdict
from vipgate_fs.doctor.asking import asked, connected, find_socket
from vipgate_fs.doctor.call import Request, Step
from vipgate_fs.doctor.call import place as place_call
from vipgate_fs.doctor.entries import entries_of
from vipgate_fs.doctor.facts import Facts
from vipgate_fs.doctor.finding import Finding, Severity
from vipgate_fs.doctor.fusionpbx import Unreadable, ask_fusionpbx
from vipgate_fs.doctor.machine import Machine, ask_machine
from vipgate_fs.doctor.switch import ask_switch
from vipgate_fs.esl.inbound import Unreachable
from vipgate_fs.gate.dialable import as_dialled
from vipgate_fs.gate.gate import Route
from vipgate_fs.secret import Secret
from vipgate_fs.sentences import say
from vipgate_fs.sentences.system import of_file


class ForMonitors(click.Command):
    """One whose wrong use is no critical finding: that is unknown, too (Monitoring Plugins guidelines, 2.4)."""

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        """As click does."""
        try:
            return super().make_context(*arguments, **more)
        except click.UsageError as error:
            error.message = spoken(error.message)  # type: ignore[misc]
            error.show()
            sys.exit(Severity.UNKNOWN)


@click.command(cls=ForMonitors)
@config_option
@switch_options
@click.option(
    "--trunk",
    "trunks",
    multiple=True,
    metavar="NAME",
    help="A SIP profile or gateway that calls from outside come through; may be repeated. Default: find out.",
)
@click.option("--without-switch", is_flag=True, help="Look at the configuration and at this machine only.")
@click.option(
    "--call",
    "number",
    metavar="NUMBER",
    help="Let the switch call this number itself, as the trunk's calls come, and tell what happens. Nobody's telephone "
    "rings; the gate judges and records the call like any other.",
)
@click.option("--from", "caller", metavar="NUMBER", default="anonymous", help="Who calls; default: a withheld number.")
@output.format_option
def command(
    config: Path | None,
    place: tuple[str, int] | None,
    password_file: Path | None,
    settings: Path | None,
    trunks: tuple[str, ...],
    without_switch: bool,  # noqa: FBT001
    number: str | None,
    caller: str,
    style: str,
) -> None:
    """Find what is wrong with the configuration, with this machine and with the switch, and say what to type.

    Nothing is changed, and nobody's telephone rings. The first line is the result, for monitors.

    Exit status: 0 nothing is wrong, 1 warnings, 2 something is critical, 3 the switch or the configuration could not be
    asked.
    """
    try:
        path = configuration_files.find(config)
        loaded = load(path)
    except OSError as error:
        _end(style, of_file(error))
    switch, why = None, ""
    try:
        socket = find_socket(place, password_file, settings)
        if number is not None:
            _call(socket, loaded.configuration, trunks, number, caller, style)
        if not without_switch:
            with asked(socket) as ask:
                switch = ask_switch(ask, loaded.configuration)
    except Unreachable as error:
        why = str(error)
    except OSError as error:
        why = of_file(error)
    if number is not None:
        _end(style, why)
    fusionpbx, why_no_fusionpbx = None, ""
    try:
        fusionpbx = None if without_switch else ask_fusionpbx()
    except Unreadable as error:
        why_no_fusionpbx = str(error)
    machine = (
        ask_machine(loaded.configuration, holds_secrets=loaded.holds_secrets) if loaded.configuration else Machine()
    )
    facts = Facts(
        path, loaded.configuration, loaded.findings, machine, switch, why, fusionpbx, why_no_fusionpbx, trunks
    )
    findings = sorted(examine(facts), key=lambda finding: -finding.severity.rank)
    _show(findings, style)
    sys.exit(verdict(findings))


def _call(
    socket: tuple[str, int, Secret] | None,
    configuration: Configuration | None,
    trunks: tuple[str, ...],
    number: str,
    caller: str,
    style: str,
) -> Never:
    """Make a call, show its steps, and end the command. Raises Unreachable."""
    steps: list[Step] = []

    def show(step: Step) -> None:
        steps.append(step)
        if style == "text":
            click.echo(f"{step.seconds:7.2f} s  {spoken(step.text)}")

    with connected(socket) as switch:
        entries = entries_of(ask_switch(switch.api, configuration), trunks)
        if not entries:
            _end(style, say("no SIP profile or gateway takes calls from outside; name one by --trunk"))
        entry = entries[0]
        passed = {gate.route.context for gate in configuration.gates} if configuration else {Route().context}
        try:
            request = Request(as_dialled(number), as_dialled(caller), entry.context, frozenset(passed))
        except ValueError as error:
            _end(style, str(error))
        began = say(
            "{caller} calls {number} in context {context}, as calls through {entry} come",
            caller=caller,
            number=number,
            context=entry.context,
            entry=entry.name,
        )
        show(Step(0.0, began))
        outcome = place_call(switch, request, show)
    if style == "json":
        listed = [{"seconds": round(step.seconds, 3), "text": step.text} for step in steps]
        output.show_json({"result": outcome.severity.name.lower(), "outcome": outcome.text, "steps": listed})
    else:
        click.echo(f"{outcome.severity.name}: {spoken(outcome.text)}")
    sys.exit(outcome.severity)


def _end(style: str, why: str) -> Never:
    """Nothing can be found out: that is the answer, on stdout, where monitors look for it."""
    unknown = output.as_json({"result": "unknown", "findings": [], "why": why})
    click.echo(unknown if style == "json" else f"UNKNOWN: {spoken(why)}")
    sys.exit(Severity.UNKNOWN)


def _show(findings: list[Finding], style: str) -> None:
    result = verdict(findings).name
    if style == "json":
        listed = [asdict(one) | {"severity": one.severity.name.lower()} for one in findings]
        output.show_json({"result": result.lower(), "findings": listed})
        return
    click.echo(f"{result}: {_summary(findings)}")
    for one in findings:
        click.secho(f"\n{one.severity.name}: {spoken(one.what)}", bold=True)
        click.echo(f"    {spoken(one.why)}")
        click.echo(f"    → {spoken(one.do)}")


def _summary(findings: Iterable[Finding]) -> str:
    counts = Counter(finding.severity for finding in findings)
    critical, unknown, warnings = (counts[each] for each in (Severity.CRITICAL, Severity.UNKNOWN, Severity.WARNING))
    parts = {
        say("{count} critical", count=critical): critical,
        say("{count} not found out", count=unknown): unknown,
        say("{count} warning", "{count} warnings", count=warnings): warnings,
    }
    return ", ".join(spoken(part) for part, count in parts.items() if count) or spoken(say("nothing is wrong"))
