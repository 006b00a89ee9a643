"""The output of commands: tables, times and JSON on stdout, notes on stderr, and exit statuses."""

from __future__ import annotations

import io
import json
import os
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Final

import click

from vipgate_fs.cli.language import spoken
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.sentences import said, say
from vipgate_fs.sentences.system import system_says

CAN_NOT_WRITE: Final = 1
"""Exit status when stdout can't be written."""

format_option = click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="JSON: one document.",
)


def echo(what: object, *, err: bool = False, nl: bool = True, **style: Any) -> None:
    """Print a sentence in the user's language, or anything else as it is; style as `click.style` takes it."""
    click.secho(spoken(what), err=err, nl=nl, **style)


def report(style: str, document: Any, *lines: str) -> None:
    """Print a command's result: one JSON document, or lines for people."""
    if style == "json":
        show_json(document)
        return
    for line in lines:
        echo(line)


def show_json(document: Any) -> None:
    """Print one JSON document."""
    click.echo(as_json(document))


def stream_json(items: Iterable[Any]) -> None:
    """Print a JSON list like `show_json`, item by item: nobody has to hold a long one in memory."""
    before = "[\n"
    for item in items:
        click.echo(before + textwrap.indent(as_json(item), "  "), nl=False)
        before = ",\n"
    click.echo("[]" if before == "[\n" else "\n]")


def as_json(document: Any) -> str:
    """A JSON document for people and programs alike."""
    return json.dumps(document, ensure_ascii=False, indent=2)


def fail(what: object) -> None:
    """Print an error on stderr."""
    echo(say("Error: {message}", message=said(what)), err=True)


def show_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table, each column as wide as it needs, the head in bold."""
    lines = [tuple(map(spoken, line)) for line in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for number, line in enumerate(lines):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        click.secho(text, bold=number == 0)


def iso(at: float, calendar: Calendar) -> str:
    """A Unix time as ISO 8601 has it, in the site's time; for programs."""
    return calendar.at(at).isoformat(timespec="seconds")


def shown(at: float, calendar: Calendar) -> str:
    """A Unix time for people, in the site's time."""
    return f"{calendar.at(at):%a %Y-%m-%d %H:%M}"


def has_color() -> bool | None:
    """False where nobody wants any (https://no-color.org); None: it depends on the terminal."""
    return False if os.environ.get("NO_COLOR") else None


def stand_in_for_what_is_closed() -> None:
    """Where the shell has closed a standard stream (`>&-`), nothing that is opened later may take its place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))  # noqa: SIM115, PTH123


def say_what_can_be_written() -> None:
    """Print a question mark for what the terminal's encoding lacks, as others do: Latin-1 has no dash and no „."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def flush_or_fail() -> int:
    """Write what is still to be written: 0, or CAN_NOT_WRITE and a line on stderr, as for a full disk."""
    try:
        sys.stdout.flush()
    except OSError as error:
        return report_unwritable(error)
    return 0


def report_unwritable(error: OSError) -> int:
    """Say that stdout can't be written, and let nobody try it again; the exit status."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    fail(say("the output can't be written: {why}", why=system_says(error)))
    return CAN_NOT_WRITE
