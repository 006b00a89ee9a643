"""`vipgate dialplan`: print FreeSWITCH's dialplan for a configuration, or compare an installed one with it."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path
from typing import Any, Final

import click

from vipgate_fs.cli import config_option, output
from vipgate_fs.cli.language import spoken
from vipgate_fs.cli.options import load_or_exit
from vipgate_fs.cli.stores import work_as_owner
from vipgate_fs.config.model import Configuration
from vipgate_fs.dialplan import fusionpbx, numbers
from vipgate_fs.dialplan.differences import differences
from vipgate_fs.dialplan.layout import OWN, Layout, layout
from vipgate_fs.dialplan.reading import Unreadable, read
from vipgate_fs.dialplan.sql import sql
from vipgate_fs.dialplan.standard import contexts
from vipgate_fs.dialplan.writing import as_xml
from vipgate_fs.document.sources import read_file
from vipgate_fs.sentences import said, say
from vipgate_fs.sentences.system import of_file

SAME: Final = 0
DIFFERENT: Final = 1
UNREADABLE: Final = 2


@click.command()
@config_option
@click.option(
    "--gate",
    "gates",
    multiple=True,
    metavar="HOST:PORT",
    help="Where FreeSWITCH reaches a gate; repeat it for the next one to try. Default: server.listen, and then a "
    "second gate on that machine, two ports above.",
)
@click.option("--entry", default=OWN, show_default=True, metavar="CONTEXT", help="Where the trunk's calls begin.")
@click.option(
    "--called",
    default="public",
    show_default=True,
    metavar="CONTEXT",
    help="Your context where passed calls to the called number go on.",
)
@click.option(
    "--others",
    multiple=True,
    metavar="[ROUTE=]CONTEXT",
    help="Your context of other targets, such as a forward's; with ROUTE, for the gates that have this route.context. "
    "Default: default; in FusionPBX a domain, by default site.domain.",
)
@click.option(
    "--only-protected",
    is_flag=True,
    help="Only numbers that gates protect go there; the others stay reachable while VIPgate is down.",
)
@click.option("--fail-open", is_flag=True, help="Let everybody through while no gate can be reached.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["xml", "fusionpbx", "json"]),
    default="xml",
    show_default=True,
    help="xml: a file that FreeSWITCH includes; fusionpbx: SQL for FusionPBX's dialplan; json: the result of --diff.",
)
@click.option("--in-domains", is_flag=True, help="FusionPBX: ask the gate in the domains' contexts, not in public.")
@click.option(
    "--match-to", is_flag=True, help="FusionPBX: the destinations match ${sip_to_user}, so the gate must go by To, too."
)
@click.option(
    "--order",
    type=click.IntRange(13, 998),
    default=fusionpbx.ORDER,
    show_default=True,
    help="FusionPBX: of the gate's row; every destination's must be higher.",
)
@click.option(
    "--app",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="FusionPBX: write files that its app defaults import, instead of SQL; such as /var/www/fusionpbx/app/vipgate.",
)
@click.option("--domain-uuid", "uuids", multiple=True, metavar="DOMAIN=UUID", help="FusionPBX: of a domain, for --app.")
@click.option("--remove", is_flag=True, help="FusionPBX: print the SQL that takes VIPgate's rows away.")
@click.option(
    "--diff",
    "installed",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Compare an installed dialplan with it instead, and list what differs in meaning.",
)
def command(
    config: Path | None,
    gates: tuple[str, ...],
    entry: str,
    called: str,
    others: tuple[str, ...],
    *,
    only_protected: bool,
    fail_open: bool,
    style: str,
    installed: Path | None,
    **of_fusionpbx: Any,
) -> None:
    """Print the dialplan that leads FreeSWITCH's calls to the gates of this configuration.

    Put it in conf/dialplan/vipgate.xml, and give --diff the same options later. FusionPBX does not read that folder:
    docs/fusionpbx.md.

    Exit status: 0 when printed, or the same; 1 when the installed one differs; 2 when a file can't be read or used.
    """
    configuration = _load(config)
    try:
        general, of_routes = _others(others, _default_others(configuration, style, **of_fusionpbx))
        made = layout(
            configuration,
            gates=gates,
            entry=entry,
            called=called,
            others=general,
            others_of=of_routes,
            only=_only(configuration) if only_protected else None,
            fails_open=fail_open,
        )
    except ValueError as error:
        raise click.UsageError(said(error)) from None
    _note_foreign(made)
    if style == "fusionpbx":
        if installed is not None:
            raise click.UsageError(
                say("--diff compares XML files; FusionPBX's rows are printed anew, which changes nothing else")
            )
        _fusionpbx(made, configuration, **of_fusionpbx)
        return
    if installed is not None:
        _compare(made, installed, style)
    if style == "json":
        raise click.UsageError(say("JSON is the result of --diff; a dialplan is XML, or FusionPBX's rows"))
    click.echo(as_xml(made), nl=False)


def _default_others(configuration: Configuration, style: str, *, in_domains: bool, remove: bool, **more: Any) -> str:
    """The context of other targets when no option names one."""
    if style != "fusionpbx":
        if in_domains or remove or more["match_to"] or more["app"] or more["uuids"] or more["order"] != fusionpbx.ORDER:
            raise ValueError(
                say("--in-domains, --match-to, --order, --app, --domain-uuid and --remove need --format fusionpbx")
            )
        return "default"
    return configuration.site.domain or ("default" if in_domains or remove else "")


def _fusionpbx(
    made: Layout,
    configuration: Configuration,
    *,
    order: int,
    in_domains: bool,
    match_to: bool,
    app: Path | None,
    uuids: tuple[str, ...],
    remove: bool,
) -> None:
    """Print the rows, or write the files of an app folder."""
    for note in fusionpbx.notes(configuration, in_domains=in_domains):
        click.echo(spoken(say("Note: {note}", note=note)), err=True)
    try:
        rows = () if remove else fusionpbx.rows(made, order=order, in_domains=in_domains, match_to=match_to)
        files = fusionpbx.files(rows, _uuids(uuids)) if app is not None else {}
    except ValueError as error:
        raise click.UsageError(said(error)) from None
    if app is None:
        click.echo(sql(rows, made.passed), nl=False)
        return
    for name, text in files.items():
        work_as_owner(app / name)  # the web server's user, who could make it a link to anywhere
        try:
            (app / name).parent.mkdir(parents=True, exist_ok=True)
            (app / name).write_text(text, "utf-8")
        except OSError as error:
            output.fail(of_file(error))
            sys.exit(UNREADABLE)
        click.echo(app / name)


def _uuids(given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for domain, _, text in (each.partition("=") for each in given):
        try:
            found[domain] = str(uuid.UUID(text))
        except ValueError:
            raise ValueError(
                say("found {domain}={text}; allowed: DOMAIN=UUID, as v_domains has them", domain=domain, text=text)
            ) from None
    return found


def _load(config: Path | None) -> Configuration:
    try:
        return load_or_exit(config)
    except SystemExit:
        sys.exit(UNREADABLE)  # 1 is what --diff says of another dialplan


def _others(given: tuple[str, ...], default: str) -> tuple[str, dict[str, str]]:
    """The general context of other targets, and those of single routes."""
    general = [text for text in given if "=" not in text]
    if len(general) > 1:
        raise ValueError(say("--others names one context for all; for another, write ROUTE=CONTEXT"))
    if not (general or default):
        raise ValueError(say("--others names FusionPBX's domain of your extensions (or set site.domain)"))
    pairs = (text.partition("=") for text in given if "=" in text)
    return (general or [default])[0], {route: context for route, _, context in pairs}


def _only(configuration: Configuration) -> str | None:
    try:
        return numbers.expression(configuration)
    except ValueError as error:
        raise ValueError(
            say("--only-protected: {error}; leave it out, and all calls are shown to the gate", error=error)
        ) from None


def _note_foreign(made: Layout) -> None:
    for gate, context in made.foreign.items():
        note = say(
            "passed calls of gate {gate} go to your own context {context}, which is not printed; it must export "
            "vipgate_passed=true and lead to no gate",
            gate=gate,
            context=context,
        )
        click.echo(spoken(say("Note: {note}", note=note)), err=True)


def _compare(made: Layout, installed: Path, style: str) -> None:
    """List the differences, and end the command."""
    try:
        found = read(read_file(installed).data)
    except OSError as error:
        output.fail(of_file(error, installed))
        sys.exit(UNREADABLE)
    except Unreadable as error:
        output.fail(say("{path}: {why}", path=installed, why=said(error)))
        sys.exit(UNREADABLE)
    sentences = differences(contexts(made), found)
    output.report(style, {"differences": list(sentences)}, *map(spoken, sentences))
    what = say("{file}: does what this configuration needs", file=installed)
    if sentences:
        what = say("{file}: {number} differences", file=installed, number=len(sentences))
    click.echo(spoken(what), err=True)
    sys.exit(DIFFERENT if sentences else SAME)
