"""How subcommands get at the site's store."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click
from sqlalchemy import Connection

from vipgate_fs.cli import output
from vipgate_fs.config.essentials import Essentials
from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.memory import ReadOnly
from vipgate_fs.sentences import said, say
from vipgate_fs.sentences.system import system_says
from vipgate_fs.store import overrides
from vipgate_fs.store.book import StoreBook
from vipgate_fs.store.database import Database
from vipgate_fs.store.key import KeyFile
from vipgate_fs.store.owner import OwnerUnknown, act_as_owner
from vipgate_fs.store.schema import expect, make

T = TypeVar("T")


class NoStore(click.ClickException):
    """There is none, by the configuration or because the service has not made it yet."""


class SiteStore:
    """The store that a configuration names. Ends the command with one line when it can't be used, NoStore included.

    Args:
        configuration: names it.
        makes: whether one that is not there yet is made. One of another version is left alone in any case: the service
            brings it up to date.

    Attributes:
        database: asked by `do`; closed when the command ends.
    """

    def __init__(self, configuration: Configuration | Essentials, *, makes: bool = False) -> None:
        url = configuration.store.url
        if url is None:
            raise NoStore(say("store is none: lockouts live in the service's memory, calls are not recorded"))
        file = url.reveal().removeprefix("sqlite:///")
        is_file = file != url.reveal()
        if not makes and is_file and not _size(file):
            raise NoStore(say("there is no store {file}; the service makes it when it is first started", file=file))
        if is_file:
            work_as_owner(Path(file))
        self.database = Database(url, make if makes else expect)
        click.get_current_context().call_on_close(self.database.close)

    def do(self, work: Callable[[Connection], T], *, reads: bool = False) -> T:
        """See `vipgate_fs.store.database.Database.transact`."""
        try:
            return self.database.transact(work, reads=reads)
        except Exception as error:  # noqa: BLE001 - a driver may raise anything
            raise click.ClickException(say("the store: {error}", error=said(self.database.describe(error)))) from None


@contextmanager
def standing_memory(configuration: Configuration, at: dt.datetime) -> Iterator[ReadOnly]:
    """What the store knows at a moment, only to be looked at. Nothing, and a line on stderr, when it can't be asked."""

    def clock() -> float:
        return at.timestamp()

    try:
        store = SiteStore(configuration)
        known = store.do(overrides.read, reads=True)
    except NoStore:
        yield ReadOnly(clock=clock)
    except click.ClickException as error:
        output.echo(say("Warning: overrides and lockouts are ignored: {why}", why=error.message), err=True)
        yield ReadOnly(clock=clock)
    else:
        yield ReadOnly(StoreBook(store.database, KeyFile(configuration.store.key_file)), known, clock)
        store.database.close()


def work_as_owner(file: Path) -> None:
    """See `vipgate_fs.store.owner.act_as_owner`. Ends the command if the owner can't be determined."""
    try:
        act_as_owner(file)
    except OwnerUnknown as error:
        raise click.ClickException(said(error)) from None


def _size(file: str) -> int:
    """In bytes; 0 when it is not there. Ends the command when nobody lets us look."""
    try:
        return os.stat(file).st_size  # noqa: PTH116 - as in vipgate_fs.store.database
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise click.ClickException(say("the store: {file}: {why}", file=file, why=system_says(error))) from None
