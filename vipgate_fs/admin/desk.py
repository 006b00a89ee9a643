"""What the pages ask and do: the configuration, the store and the running service."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from vipgate_fs import config
from vipgate_fs.aside import Aside
from vipgate_fs.config import Loaded
from vipgate_fs.config.model import Configuration
from vipgate_fs.service.answers import Answer
from vipgate_fs.service.audit_trail import audit
from vipgate_fs.service.control import NoService, ask_for_status, ask_to_reload
from vipgate_fs.service.logs import Log
from vipgate_fs.service.status import Status
from vipgate_fs.store.database import Database
from vipgate_fs.store.dialect import HANG
from vipgate_fs.store.schema import make

T = TypeVar("T")

_STALE: Final = 300.0
"""Seconds after which the files that the configuration names are read again, though it has not changed itself."""


class NoConfiguration(Exception):
    """The file can't be used, and what is in force is not known.

    Attributes:
        why: the file can't be read; "" when it has errors.
    """

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why


class StoreTrouble(Exception):
    """The store can't be asked, or there is none. The text says why.

    Attributes:
        is_none: there is to be none, by the configuration.
    """

    def __init__(self, why: str, *, is_none: bool = False) -> None:
        super().__init__(why)
        self.is_none = is_none


class Desk:
    """What stands behind the pages.

    Args:
        path: of the configuration file.
        log: for changes, and for faults of the page itself.
    """

    def __init__(self, path: Path, log: Log) -> None:
        self.path, self.log = path, log
        self._loaded: tuple[bytes, float, Loaded] | None = None
        self._in_force: Configuration | None = None
        self._stores: dict[str, tuple[Database, Aside]] = {}

    # The service

    def status(self) -> Status | None:
        """How the service is; None when it does not answer."""
        try:
            return ask_for_status(self.path)
        except NoService:
            return None

    def reload(self) -> Answer:
        """Let the service apply the file."""
        try:
            answer = ask_to_reload(self.path)
        except NoService as error:
            answer = Answer(str(error))
        self._loaded = None
        return answer

    # The configuration

    def content(self) -> bytes:
        """The file. Raises NoConfiguration."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise NoConfiguration(f"{self.path}: {error.strerror}") from None

    def loaded(self) -> Loaded:
        """The file as it is now, checked. Raises NoConfiguration."""
        content = self.content()
        digest, now = hashlib.sha256(content).digest(), time.monotonic()
        if self._loaded is None or self._loaded[0] != digest or now - self._loaded[1] > _STALE:
            self._loaded = digest, now, config.load_text(content, self.path)
        return self._loaded[2]

    def configuration(self, status: Status | None = None) -> Configuration:
        """What is in force, as far as that is known; else the file.

        Raises:
            NoConfiguration: see there.
        """
        file = self.loaded().configuration
        if status is not None and file is not None and file.digest.hex() == status.digest:
            self._in_force = file
        if status is not None and self._in_force is not None and self._in_force.digest.hex() == status.digest:
            return self._in_force
        found = file or self._in_force
        if found is None:
            raise NoConfiguration
        return found

    # The store

    def ask(self, question: Callable[[Connection], T]) -> T:
        """What a question to the store gives; it changes nothing. Raises StoreTrouble."""
        return self._transact(question, reads=True)

    def change(self, work: Callable[[Connection], T]) -> T:
        """The same for a change: all of it, or nothing."""
        return self._transact(work, reads=False)

    def database(self) -> Database:
        """The store's. Raises StoreTrouble."""
        return self._store()[0]

    def _transact(self, work: Callable[[Connection], T], *, reads: bool) -> T:
        database, aside = self._store()
        try:
            return aside.run(lambda: database.transact(work, reads=reads), HANG)
        except Exception as error:  # noqa: BLE001 - a driver may raise anything
            raise StoreTrouble(database.describe(error)) from None

    def _store(self) -> tuple[Database, Aside]:
        url = self.configuration().store.url
        if url is None:
            raise StoreTrouble("store is none", is_none=True)
        key = url.reveal()
        if key not in self._stores:
            for database, _ in self._stores.values():
                database.close()
            database = Database(url, make)
            self._stores = {key: (database, Aside(native=database.dialect.file is not None))}
        return self._stores[key]

    # Who did what

    def note(self, what: str, by: str, **values: Any) -> None:
        """Write into the log, and into the system's, who has changed what."""
        self.log.info("changed on the administration page", what=what, by=by, **values)
        audit(f"page {what}", by=by, **values)
