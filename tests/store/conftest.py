from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from vipgate_fs.secret import Secret
from vipgate_fs.store.database import Database
from vipgate_fs.store.lockouts import Lockouts
from vipgate_fs.store.schema import METADATA


class Said:
    """A log that keeps (level, event, values)."""

    def __init__(self):
        self.lines = []

    def __getattr__(self, level):
        return lambda event, **values: self.lines.append((level, event, values))

    @property
    def events(self):
        return [event for _, event, _ in self.lines]


@pytest.fixture
def said():
    return Said()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The URL of an empty store, of each kind of database."""
    if request.param == "sqlite":
        yield Secret(f"sqlite:///{tmp_path}/vipgate.db")
        return
    url = Secret(request.getfixturevalue("postgresql").url)
    empty(url)
    yield url


def empty(url):
    """Remove our tables."""
    engine = create_engine(url.reveal())
    with engine.begin() as connection:
        for table in (*METADATA.tables, "vipgate_schema"):
            connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
    engine.dispose()


@pytest.fixture
def open_database(said):
    """Opens a database; all are closed at the end."""
    opened = []

    def open_it(url, log=said):
        opened.append(Database(url, log))
        return opened[-1]

    yield open_it
    for database in opened:
        database.close()


@pytest.fixture
def database(open_database, url):
    return open_database(url)


class Clock:
    now = 1e9

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lockouts(said, database, clock):
    return Lockouts(said, database, clock)
