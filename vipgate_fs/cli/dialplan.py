"""`vipgate dialplan`: print FreeSWITCH's dialplan for a configuration, or compare an installed one with it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click

from vipgate_fs.cli import config_option
from vipgate_fs.cli.options import load_or_exit
from vipgate_fs.config.model import Configuration
from vipgate_fs.dialplan import numbers
from vipgate_fs.dialplan.differences import differences
from vipgate_fs.dialplan.layout import OWN, Layout, layout
from vipgate_fs.dialplan.reading import Unreadable, read
from vipgate_fs.dialplan.standard import contexts
from vipgate_fs.dialplan.writing import as_xml

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
    "Default: default.",
)
@click.option(
    "--only-protected",
    is_flag=True,
    help="Only numbers that gates protect go there; the others stay reachable while VIPgate is down.",
)
@click.option("--fail-open", is_flag=True, help="Let everybody through while no gate can be reached.")
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
    installed: Path | None,
) -> None:
    """Print the dialplan that leads FreeSWITCH's calls to the gates of this configuration.

    Put it in conf/dialplan/vipgate.xml, and give --diff the same options later.

    Exit status: 0 when printed, or the same; 1 when the installed one differs; 2 when a file can't be read or used.
    """
    configuration = _load(config)
    try:
        general, of_routes = _others(others)
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
        raise click.UsageError(str(error)) from None
    _note_foreign(made)
    if installed is not None:
        _compare(made, installed)
    click.echo(as_xml(made), nl=False)


def _load(config: Path | None) -> Configuration:
    try:
        return load_or_exit(config)
    except SystemExit:
        sys.exit(UNREADABLE)  # 1 is what --diff says of another dialplan


def _others(given: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """The general context of other targets, and those of single routes."""
    general = [text for text in given if "=" not in text]
    if len(general) > 1:
        raise ValueError("--others names one context for all; for another, write ROUTE=CONTEXT")
    pairs = (text.partition("=") for text in given if "=" in text)
    return (general or ["default"])[0], {route: context for route, _, context in pairs}


def _only(configuration: Configuration) -> str | None:
    try:
        return numbers.expression(configuration)
    except ValueError as error:
        raise ValueError(f"--only-protected: {error}; leave it out, and all calls are shown to the gate") from None


def _note_foreign(made: Layout) -> None:
    for gate, context in made.foreign.items():
        click.echo(
            f"Note: passed calls of gate {gate} go to your own context {context}, which is not printed; "
            "it must export vipgate_passed=true and lead to no gate",
            err=True,
        )


def _compare(made: Layout, installed: Path) -> None:
    """List the differences, and end the command."""
    try:
        found = read(installed.read_bytes())
    except OSError as error:
        click.echo(f"Error: {installed}: {error.strerror or error}", err=True)
        sys.exit(UNREADABLE)
    except Unreadable as error:
        click.echo(f"Error: {installed}: {error}", err=True)
        sys.exit(UNREADABLE)
    sentences = differences(contexts(made), found)
    for sentence in sentences:
        click.echo(sentence)
    what = "does what this configuration needs" if not sentences else f"differs: {len(sentences)}"
    click.echo(f"{installed}: {what}", err=True)
    sys.exit(DIFFERENT if sentences else SAME)
