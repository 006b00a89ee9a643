"""What the pages ask and do: the configuration, the store and the running service."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import gevent
from sqlalchemy import Connection

from vipgate_fs import config
from vipgate_fs.admin.live import Live
from vipgate_fs.admin.tables import Changed, Tables
from vipgate_fs.admin.versions import Versions
from vipgate_fs.aside import Aside
from vipgate_fs.config import Loaded
from vipgate_fs.config.model import Configuration, PageAt
from vipgate_fs.config.store import STATE
from vipgate_fs.document.saving import ChangedMeanwhile, digest, expect, save
from vipgate_fs.document.sources import MACHINE, Reading, read_file
from vipgate_fs.gate.record import CallRecord
from vipgate_fs.sentences.system import of_file
from vipgate_fs.service.answers import Answer, NoService
from vipgate_fs.service.audit_trail import audit
from vipgate_fs.service.control import ask_for_applied, ask_for_status, ask_to_reload
from vipgate_fs.service.logs import Log
from vipgate_fs.service.status import Status
from vipgate_fs.store import records
from vipgate_fs.store.database import Database
from vipgate_fs.store.dialect import HANG
from vipgate_fs.store.renaming import forget, hand_over
from vipgate_fs.store.schema import make

T = TypeVar("T")

_MOST_DRAFTS: Final = 60
_MOST_LIVE: Final = 500
"""Calls that are seen as they end, of those that end at about the same time."""
_UNTIL_IT_MOVES: Final = 1.0
"""Seconds in which the last answer is taken before this page moves."""
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


class TableChanged(Exception):
    """Somebody else has changed a table meanwhile. The text names it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A content of the file that somebody is looking at before it is saved.

    Attributes:
        content: all of it.
        base: the file as it was when the change was begun.
        by: who has made it.
        what: what for, in a few words.
        tables: callers' tables that change with it, by their names in the file's folder.
        renamed: gates, each by its name of before and its new one: what is switched by hand stays so.
    """

    content: bytes = field(repr=False)
    base: bytes = field(repr=False)
    by: str
    what: str
    tables: Mapping[str, Changed] = field(default_factory=dict, repr=False)
    renamed: tuple[tuple[str, str], ...] = ()

    @property
    def sources(self) -> Tables:
        """What it names, as it will be."""
        return Tables(self.tables)


class Drafts:
    """Those that wait, in this process; only so many: the oldest go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Draft] = OrderedDict()

    def put(self, draft: Draft) -> str:
        """Keep it; its id, which nobody can guess."""
        name = secrets.token_urlsafe(16)
        self._kept[name] = draft
        while len(self._kept) > _MOST_DRAFTS:
            self._kept.popitem(last=False)
        return name

    def get(self, name: str) -> Draft | None:
        """The one of that id."""
        return self._kept.get(name)

    def drop(self, name: str) -> None:
        """Forget it."""
        self._kept.pop(name, None)


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
        self.drafts = Drafts()
        self._stores: dict[str, tuple[Database, Aside]] = {}
        self.live = Live(self._ended_since)

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
            return read_file(self.path).data
        except OSError as error:
            raise NoConfiguration(of_file(error, self.path)) from None

    def loaded(self) -> Loaded:
        """The file as it is now, checked. Raises NoConfiguration."""
        content = self.content()
        digest, now = hashlib.sha256(content).digest(), time.monotonic()
        if self._loaded is None or self._loaded[0] != digest or now - self._loaded[1] > _STALE:
            self._loaded = digest, now, config.load_text(content, self.path)
        return self._loaded[2]

    def configuration(self, status: Status | None = None) -> Configuration:
        """What is in force, as far as that is known; else the file. Raises NoConfiguration."""
        try:
            file, why = self.loaded().configuration, ""
        except NoConfiguration as error:
            file, why = None, error.why
        if status is not None:
            self._learn(status, file)
        found = self._in_force if status is not None and self._in_force is not None else file or self._in_force
        if found is None:
            raise NoConfiguration(why)
        return found

    def _learn(self, status: Status, file: Configuration | None) -> None:
        """Remember what is in force, with the lists and secrets that it had when it was applied."""
        if self._in_force is not None and self._in_force.digest.hex() == status.digest:
            return
        if file is not None and file.digest.hex() == status.digest:
            self._in_force = file
        elif (reading := self._applied()) is not None:
            self._in_force = config.load_text(reading.text, self.path, reading).configuration

    def in_force(self) -> bytes | None:
        """The content that is in force; the file's when the service does not answer; None when that has errors."""
        reading = self._applied()
        content = reading.text if reading is not None else self.content()
        return content if config.load_text(content, self.path, reading or MACHINE).configuration else None

    def _applied(self) -> Reading | None:
        try:
            return ask_for_applied(self.path)
        except NoService:
            return None

    def versions(self) -> Versions:
        """What is kept of the file: beside the store, where there is one. Raises NoConfiguration."""
        store = self.configuration().store
        beside = STATE if STATE.is_dir() else self.path.parent
        return Versions((store.key_file.parent if store.url is not None else beside) / "versions")

    def save(self, draft: Draft) -> Answer | None:
        """Write a draft, keep the version before and this one, and let the service apply it; what came of that.

        When the draft moves this page, its process ends with that: then the service is asked after the answer, and
        None is returned.

        Raises:
            ChangedMeanwhile: somebody else has changed the file since the draft was begun.
            TableChanged: or one of its tables.
            OSError: it can't be written.
            StoreTrouble: a gate has another name, and the store can't be asked for what is switched by hand.
        """
        versions = self.versions()
        expect(self.path, digest(draft.base))
        for name, table in draft.tables.items():
            try:
                expect(self.path.parent / name, table.before)
            except ChangedMeanwhile:
                raise TableChanged(name) from None
        if draft.renamed and self.configuration().store.url is not None:  # first: a gate switched on by hand stays on
            self.change(lambda connection: hand_over(connection, draft.renamed))
        with suppress(OSError):
            versions.keep(draft.base)
        for name, table in draft.tables.items():  # a new one is named by nobody before the file is saved
            if table.before:
                with suppress(OSError):
                    versions.keep_table(name, read_file(self.path.parent / name).data)
            save(self.path.parent / name, table.content, table.before)
        if draft.content != draft.base:
            save(self.path, draft.content, digest(draft.base))
        self._loaded = None
        with suppress(OSError):
            versions.keep(draft.content, draft.by, draft.what)
        self.note("file", draft.by or "link", about=draft.what or None, tables=" ".join(draft.tables) or None)
        if self.moves_to(draft) != self.moves_to(replace(draft, content=draft.base)):
            gevent.spawn_later(_UNTIL_IT_MOVES, self._apply, draft)
            return None
        return self._apply(draft)

    def moves_to(self, draft: Draft) -> PageAt | None:
        """Where this page is by a draft; None: nowhere, or it has errors."""
        found = config.load_text(draft.content, self.path, draft.sources).configuration
        return found.server.admin if found is not None else None

    def _apply(self, draft: Draft) -> Answer:
        answer = self.reload()
        if draft.renamed and not answer.why:
            with suppress(StoreTrouble, NoConfiguration):
                gone = {old for old, _ in draft.renamed} - {each.name for each in self.configuration().gates}
                self.change(lambda connection: forget(connection, gone))
        return answer

    # The store

    def ask(self, question: Callable[[Connection], T]) -> T:
        """What a question to the store gives; it changes nothing. Raises StoreTrouble."""
        return self._transact(question, reads=True)

    def change(self, work: Callable[[Connection], T]) -> T:
        """The same for a change: all of it, or nothing."""
        return self._transact(work, reads=False)

    def _ended_since(self, since: float) -> list[CallRecord]:
        """Records of the calls that ended then or later; none while the store can't be asked: the page says so."""
        with suppress(StoreTrouble, NoConfiguration):
            return self.ask(lambda connection: records.latest(connection, records.Wanted(since), _MOST_LIVE)).records
        return []

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
