"""`vipgate diff`: show what a change of the configuration changes for callers."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from vipgate_fs import config as configuration_files
from vipgate_fs.cli import config_option, output
from vipgate_fs.cli.options import sound_or_exit
from vipgate_fs.document.sources import MACHINE, AsTheService, Reading, Sources, read_file
from vipgate_fs.preview.classes import TooManyPatterns
from vipgate_fs.preview.diff import Change, compare, everything_called
from vipgate_fs.preview.revision import NoRevision, Revision
from vipgate_fs.preview.sentences import as_data, example, sentence
from vipgate_fs.preview.sentences import command as explaining
from vipgate_fs.preview.sides import Side
from vipgate_fs.preview.times import HORIZON, Horizon
from vipgate_fs.sentences import Sentence, say
from vipgate_fs.sentences.system import of_file
from vipgate_fs.service.answers import NoService
from vipgate_fs.service.control import ask_for_applied

SAME, DIFFERENT, UNREADABLE = 0, 1, 2
MOST_DAYS: Final = 3660

days_option = click.option(
    "--days", type=click.IntRange(1, MOST_DAYS), default=HORIZON, show_default=True, help="Look so far ahead."
)


@click.command()
@config_option
@click.argument("old", required=False, type=click.Path(path_type=Path))
@click.argument("new", required=False, type=click.Path(path_type=Path))
@click.option("--running", is_flag=True, help="OLD is what the service of the configuration (--config) has applied.")
@click.option("--since", metavar="GIT-REV", help="OLD is NEW as it was at a revision of git, such as HEAD.")
@days_option
@output.format_option
def command(
    config: Path | None,
    old: Path | None,
    new: Path | None,
    running: bool,  # noqa: FBT001
    since: str | None,
    days: int,
    style: str,
) -> None:
    """List every class of calls whose fate differs between two configurations, each with a call that shows it.

    OLD and NEW are files; with --running or --since, give only NEW, by default the configuration that the other
    commands use. What the service has applied includes the lists and secrets as they were then; only root and the
    service's own user can have it. A revision of git includes the lists that git has of it. The answers of webservices,
    databases and plug-ins are unknown, so their decisions may be anything. Lockouts, overrides and guest PINs belong to
    the store and are ignored.

    Exit status: 0 when nothing changes, 1 when something does, 2 when a file can't be read or compared, or no service
    answers.
    """
    if [running, since is not None, new is not None].count(True) != 1 or (new is not None and old is None):
        raise click.UsageError(say("name two files, OLD and NEW, or one, and --running or --since a revision of git"))
    with _uncollected():
        found = _found(config, old, new, since, days)
        found.show(style)
    sys.exit(DIFFERENT if found.is_any else SAME)


def _found(config: Path | None, old: Path | None, new: Path | None, since: str | None, days: int) -> Found:
    try:
        if new is not None and old is not None:
            before, after = side(old, read_file(old).data), side(new, read_file(new).data)
        elif since is not None:
            path = configuration_files.find(old or config)
            then = Revision(path, since)
            before, after = side(path, then.text, then), side(path, read_file(path).data)
        else:
            path = configuration_files.find(config)
            applied, file = ask_for_applied(path), old or path
            before, after = applied_side(applied), side(file, read_file(file).data, AsTheService(applied))
    except OSError as error:
        output.fail(of_file(error))
        sys.exit(UNREADABLE)
    except (NoService, NoRevision) as error:
        output.fail(error)
        sys.exit(UNREADABLE)
    return Found(before, after, days)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector: it would look at a million objects again and again, all of which are needed."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Found:
    """What differs between two configurations. Ends the command when they can't be compared.

    Attributes:
        changes: each class of calls.
        unseen: what changes besides, and is not compared call by call.
    """

    def __init__(self, before: Side, after: Side, days: int) -> None:
        first = after.calendar.now().date()
        self._horizon = Horizon(first, days, after.calendar)
        self.unseen = list(_unseen(before, after))
        try:
            called = everything_called(before, after)
            self.changes: list[Change] = list(compare(before, after, first, days, called))
        except TooManyPatterns as error:
            output.fail(error)
            sys.exit(UNREADABLE)
        if not called.is_whole:
            self.unseen.append(
                say(
                    "The order of very many gates for numbers, users and groups is another: not all calls to numbers "
                    "of users and groups are compared."
                )
            )

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        changes = [as_data(one, self._horizon) for one in self.changes]
        return {
            "first": self._horizon.first.isoformat(),
            "days": self._horizon.days,
            "changes": changes,
            "not_compared": self.unseen,
        }

    def lines(self) -> list[str]:
        """For people: a sentence each, and how to see it."""
        found = ((sentence(one, self._horizon), example(one, self._horizon)) for one in self.changes)
        return [*(line for what, call in found for line in (what, f"    {explaining(call)}")), *self.unseen]

    @property
    def is_any(self) -> bool:
        """Whether anything changes."""
        return bool(self.changes or self.unseen)

    def show(self, style: str) -> None:
        """Print it."""
        if style == "json":
            output.show_json(self.as_data())
            return
        for line in self.lines():
            output.echo(line)
        output.echo(self.count, err=self.is_any)

    @property
    def count(self) -> Sentence:
        """How many there are, in words."""
        ahead = {"first": self._horizon.first, "days": self._horizon.days}
        if not self.changes:
            return say("no changes from {first:%Y-%m-%d} on, {days} days ahead", **ahead)
        return say(
            "{count} change from {first:%Y-%m-%d} on, {days} days ahead",
            "{count} changes from {first:%Y-%m-%d} on, {days} days ahead",
            count=len(self.changes),
            **ahead,
        )


def _unseen(before: Side, after: Side) -> Iterator[Sentence]:
    old, new = (", ".join(one.configuration.site.called_number) for one in (before, after))
    if old != new:
        yield say(
            "site.called_number was {old}, now {new}: the first of these headers with a number that a gate protects "
            "decides, so calls in which they name different numbers may meet another gate. Which those are is up to "
            "whoever sends them; what becomes of calls to each number is compared.",
            old=old,
            new=new,
        )
    plans = [one.configuration.site.trunk for one in (before, after)]
    if not plans[0].reads_like(plans[1]) and any(
        step.waits for gate in after.configuration.gates for step in gate.steps
    ):
        yield say(
            "Some numbers are read as other ones than before: webservices, databases and plug-ins are asked about "
            "those, and may answer otherwise; that is not compared."
        )


def side(path: Path, content: bytes, sources: Sources = MACHINE) -> Side:
    """One of the configurations, or the end of the command when it is not valid."""
    loaded = configuration_files.load_text(content, path, sources)
    findings = () if loaded.configuration else loaded.findings
    return Side.of(sound_or_exit(loaded.configuration, findings, UNREADABLE), content)


def applied_side(applied: Reading) -> Side:
    """What a service has applied."""
    return side(applied.path, applied.text, applied)
