from __future__ import annotations

import time
from functools import partial

import pytest
from sqlalchemy import create_engine, text

from vipgate_fs.secret import Secret
from vipgate_fs.store.database import Database
from vipgate_fs.store.schema import METADATA
from vipgate_fs.store.store import Store


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
def open_database():
    """Opens a database; all are closed at the end."""
    opened = []

    def open_it(url, *prepare):
        opened.append(Database(url, *prepare))
        return opened[-1]

    yield open_it
    for database in opened:
        database.close()


@pytest.fixture
def database(open_database, url):
    return open_database(url)


@pytest.fixture
def key_file(tmp_path):
    return tmp_path / "secret" / "vipgate.key"


@pytest.fixture
def open_store_at(said, key_file, clock):
    """Opens a store, as a process of its own would; all are closed at the end."""
    opened = []

    def open_it(url, **more):
        opened.append(Store(url, key_file, said, **{"clock": clock, **more}))
        opened[-1].open()
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def open_store(open_store_at, url):
    return partial(open_store_at, url)


@pytest.fixture
def store(open_store):
    return open_store()


def until(true, seconds=10):
    """Wait for something that must be true soon."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


class Clock:
    now = 1e9

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()
