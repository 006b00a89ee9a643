"""How subcommands get at the site's store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
import structlog

from vipgate_fs.config.model import Configuration
from vipgate_fs.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

T = TypeVar("T")


class NoStore(click.ClickException):
    """There is none, by the configuration or because the service has not made it yet."""


class SiteStore:
    """The store that a configuration names. Ends the command with one line when it can't be used, NoStore included."""

    def __init__(self, configuration: Configuration) -> None:
        url = configuration.store.url
        if url is None:
            raise NoStore("store is none: lockouts live in the service's memory, calls are not recorded")
        file = url.reveal().removeprefix("sqlite:///")
        if file != url.reveal() and not Path(file).exists():
            raise NoStore(f"there is no store {file}; the service makes it when it is first started")
        self._database = Database(url, structlog.get_logger())

    def do(self, work: Callable[[Connection], T], *, reads: bool = False) -> T:
        """See `vipgate_fs.store.database.Database.transact`."""
        try:
            return self._database.transact(work, reads=reads)
        except Exception as error:  # noqa: BLE001 - a driver may raise anything
            raise click.ClickException(f"the store: {self._database.told(error)}") from None
