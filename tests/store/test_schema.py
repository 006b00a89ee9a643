from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from vipgate_fs.gate.lockout import Tally
from vipgate_fs.store import dialect, records, schema
from vipgate_fs.store.schema import METADATA, MIGRATIONS, WrongSchema, expect, make
from vipgate_fs.store.tallies import kept as kept_


def nothing(_connection):
    pass


def described(connection):
    tables = inspect(connection)
    return {
        name: (
            {column["name"]: column["nullable"] for column in tables.get_columns(name)},
            tables.get_pk_constraint(name)["constrained_columns"],
            {index["name"]: index["column_names"] for index in tables.get_indexes(name)},
        )
        for name in METADATA.tables
    }


def test_the_migrations_make_the_tables(database):
    migrated = database.transact(described)

    def make_anew(connection):
        METADATA.drop_all(connection)
        METADATA.create_all(connection)
        return described(connection)

    assert migrated == database.transact(make_anew)
    assert database.transact(lambda connection: connection.scalar(text("SELECT version FROM vipgate_schema"))) == len(
        MIGRATIONS
    )


def test_migrations_are_done_once_and_go_on_from_where_they_were(database, open_database, url, monkeypatch):
    database.transact(nothing)
    monkeypatch.setattr(
        schema, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE vipgate_next (a TEXT); DROP TABLE vipgate_next")
    )
    for _ in range(2):
        later = open_database(url)
        later.transact(nothing)
        assert (
            later.transact(lambda connection: connection.scalar(text("SELECT version FROM vipgate_schema")))
            == len(MIGRATIONS) + 1
        )


def test_a_migration_that_fails_leaves_everything_as_it_was(database, open_database, url, monkeypatch):
    database.transact(nothing)
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE vipgate_next (a TEXT); SELECT nonsense"))
        with pytest.raises(DBAPIError, match="nonsense"):
            open_database(url).transact(nothing)
    assert database.transact(lambda connection: inspect(connection).has_table("vipgate_next")) is False
    assert database.transact(lambda connection: connection.scalar(text("SELECT version FROM vipgate_schema"))) == len(
        MIGRATIONS
    )


OLD = """
    INSERT INTO vipgate_tallies VALUES
        ('g', 'gate', '', '1000000007.25 1000000008.5 1000000010.0', 0, 0, 0, 1000000910.0),
        ('g', 'caller', '1', '', 1000000500.0, 3, 0, 1000000500.0),
        ('g', 'caller', '2', '1000000300.0*20', 1000000100.5, 1, 1000000000.0, 1007776000.0),
        ('g', 'caller', '3', '7.5 8.5 999.25', 0, 0, 0, 915.0),
        ('g', 'proof', ' 2', '1000000400.0', 0, 0, 1000000000.0, 1007776000.0)
"""


def test_failed_attempts_and_doublings_of_an_earlier_version_still_count(open_database, url, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", MIGRATIONS[:3])
        open_database(url).transact(lambda connection: connection.execute(text(OLD)))
    found = open_database(url).transact(lambda connection: {kept.account[1:]: kept.tally for kept in kept_(connection)})
    assert found == {
        ("gate", ""): Tally(3, 1000000007.0),
        ("caller", "1"): Tally(3, 1000000500.0, 1000000500.0),
        ("caller", "2"): Tally(2, 1000000300.0, 1000000100.5, 1000000000.0),
        ("caller", "3"): Tally(3),
    }
    forget_at = text("SELECT forget_at FROM vipgate_tallies WHERE kind = 'gate'")
    assert open_database(url).transact(lambda connection: connection.scalar(forget_at)) >= 1e9 + 3 * 12 * 3600


def test_records_of_an_earlier_version_keep_their_text(open_database, url, monkeypatch):
    insert = "INSERT INTO vipgate_calls VALUES ('u', 1e9, 1e9, NULL, '1', '2', 'pass', 0, 'passed', '2', 'why', 0, 0)"
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", MIGRATIONS[:6])
        open_database(url).transact(lambda connection: connection.execute(text(insert)))
    record = open_database(url).transact(lambda connection: records.find(connection, "u", 1e9))
    assert record.reason == "why"


def test_a_service_goes_on_without_a_store_of_a_newer_schema_and_says_what_that_means(database, open_store, said):
    database.transact(lambda connection: connection.execute(text("UPDATE vipgate_schema SET version = 99")))
    open_store().close()
    (_, event, values), (_, unknown, _) = said.lines
    assert event == "store unavailable, counting lockouts in memory"
    assert f"has schema version 99, and this VIPgate knows only those up to {len(MIGRATIONS)}" in values["why"]
    assert "guest PINs and one-time PINs are refused" in values["without"]
    assert "tried again" in values["do"]
    assert unknown == "overrides are unknown until the store is back; the schedules decide"


@pytest.mark.parametrize(
    ("prepare", "version", "message"),
    [
        (expect, None, "the store is empty; the service makes its tables"),
        (make, None, None),
        (expect, 1, "has schema version 1, and this VIPgate needs .*; restart the service"),
        (make, 1, "has schema version 1, and this VIPgate needs .*; restart the service"),
        (expect, len(MIGRATIONS), None),
        (make, len(MIGRATIONS), None),
        (expect, 99, "has schema version 99, and this VIPgate knows only those up to"),
        (make, 99, "has schema version 99, and this VIPgate knows only those up to"),
    ],
)
def test_a_command_does_not_migrate_under_a_running_service(open_database, url, monkeypatch, prepare, version, message):
    if version is not None:
        with monkeypatch.context() as patched:
            patched.setattr(schema, "MIGRATIONS", MIGRATIONS[:version])
            open_database(url).transact(nothing)
        if version > len(MIGRATIONS):
            open_database(url).transact(
                lambda connection: connection.execute(text("UPDATE vipgate_schema SET version = 99"))
            )

    command = open_database(url, prepare)
    if message is None:
        command.transact(lambda connection: connection.execute(text("SELECT since FROM vipgate_overrides")).close())
    else:
        with pytest.raises(WrongSchema, match=message):
            command.transact(lambda _: None)


def test_many_processes_may_start_at_once(open_store, said, monkeypatch):
    monkeypatch.setattr(dialect, "PATIENCE", 30.0)  # a busy disk is no store that is gone
    starting = [threading.Thread(target=open_store) for _ in range(8)]
    for thread in starting:
        thread.start()
    for thread in starting:
        thread.join()
    assert said.lines == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_file_is_private_and_durable(database, url):
    def pragmas(connection):
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]

    assert database.transact(pragmas) == ["wal", 2]
    file = Path(url.reveal().removeprefix("sqlite:///"))
    assert {stat.S_IMODE(each.stat().st_mode) for each in file.parent.iterdir()} == {0o600}
