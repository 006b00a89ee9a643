"""A connection in which somebody hangs is left to them; who comes after has one of their own."""

from __future__ import annotations

import sqlite3
import threading

import pytest
from sqlalchemy.exc import StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from vipgate_fs.secret import Secret
from vipgate_fs.store import overrides
from vipgate_fs.store import store as store_module
from vipgate_fs.store.database import Database
from vipgate_fs.store.schema import WrongSchema


@pytest.mark.parametrize("hangs", ["in a transaction", "while it connects"])
def test_who_hung_in_an_abandoned_connection_touches_no_other_and_closes_it(database, hangs, monkeypatch):
    reached, over, used, errors = threading.Event(), threading.Event(), [], []
    connect = type(database)._connected

    def connect_slowly(self):
        engine = connect(self)
        raw = engine.raw_connection

        def slowly():
            made = raw()
            used.append(made.driver_connection)
            reached.set()
            assert over.wait(20)
            return made

        engine.raw_connection = slowly
        return engine

    def hang():
        try:
            with database.writing() as connection:
                used.append(connection)
                reached.set()
                assert over.wait(20)
        except Exception as error:
            errors.append(error)

    database.abandon()  # it is not the first time
    with monkeypatch.context() as patched:
        if hangs == "while it connects":
            patched.setattr(type(database), "_connected", connect_slowly)
        thread = threading.Thread(target=hang)
        thread.start()
        assert reached.wait(20)
    database.abandon()
    if hangs == "in a transaction":  # nobody else writes to SQLite meanwhile
        over.set()
        thread.join(20)
    with database.writing() as connection:
        over.set()
        thread.join(20)
        assert connection is not used[0]
        connection.execute("SELECT 1")
    with database.writing() as again:
        assert again is connection
    assert len(used) == 1
    assert is_closed(used[0])
    assert [type(error) for error in errors] == ([TimeoutError] if hangs == "while it connects" else [])


def test_what_nobody_uses_is_closed_when_it_is_abandoned_and_what_is_used_can_be_closed_after_it(database):
    database.abandon()
    with database.writing():
        pass
    engine = database._connected()
    idle = engine.pool
    database.abandon()
    assert engine.pool is not idle
    database.close()
    with database.writing() as connection:
        connection.execute("SELECT 1")


def test_an_error_is_described_in_one_short_line_without_the_password():
    database = Database(Secret("postgresql+psycopg://vipgate:s3cr3t@127.0.0.1:1/vipgate"))
    assert database.describe(ValueError("no\n\tentry for s3cr3t ")) == "no entry for ***"
    assert database.describe(ValueError("x" * 1000)) == "x" * 200
    assert database.describe(StatementError("a", "b", {}, ValueError("the driver's"))) == "the driver's"
    assert database.describe(TimeoutError()).startswith("nothing was finished within ")


def test_what_is_wrong_with_the_database_is_told_from_what_is_wrong_with_a_question():
    database = Database(Secret("sqlite:///vipgate.db"))
    for error in (
        TimeoutError(),
        OSError(),
        ImportError(),
        WrongSchema(),
        PoolTimeoutError(),
        sqlite3.OperationalError(),
    ):
        assert database.is_lost(error), repr(error)
    for error in (ValueError(), StatementError("a", "b", {}, None), sqlite3.IntegrityError(), sqlite3.DataError()):
        assert not database.is_lost(error), repr(error)
    assert database.is_lost(StatementError("a", "b", {}, sqlite3.OperationalError()))
    assert not database.is_lost(StatementError("a", "b", {}, sqlite3.DataError()))


def test_of_several_who_connect_at_once_one_connection_is_kept(database, monkeypatch):
    made, together, make = [], threading.Barrier(4), database.dialect.engine

    def engine():
        engine = make()
        made.append(engine)
        together.wait(20)
        return engine

    monkeypatch.setattr(database.dialect, "engine", engine)
    threads = [threading.Thread(target=database.transact, args=(str,)) for _ in range(together.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sum(engine.pool.checkedin() > 0 for engine in made) == 1
    database.close()
    assert not any(engine.pool.checkedin() for engine in made)


def test_who_looks_at_the_store_has_ended_when_it_is_closed(open_store, monkeypatch):
    looks, over, read = threading.Event(), threading.Event(), overrides.read

    def slowly(connection):
        if threading.current_thread() is not threading.main_thread():
            looks.set()
            assert over.wait(20)
        return read(connection)

    monkeypatch.setattr(store_module, "REFRESH", 0.01)
    before = set(threading.enumerate())
    store = open_store()
    monkeypatch.setattr(overrides, "read", slowly)
    assert looks.wait(20)
    threading.Timer(0.1, over.set).start()
    store.close()
    assert "exchange" not in {thread.name for thread in set(threading.enumerate()) - before}


def is_closed(connection):
    try:
        connection.execute("SELECT 1")
    except Exception as error:
        return "closed" in str(error)
    return False


def test_of_two_who_connect_at_once_the_second_has_a_connection_though_a_third_closes_it(database, monkeypatch):
    engine = database.dialect.engine

    def overtaken():
        monkeypatch.setattr(database.dialect, "engine", engine)
        first = threading.Thread(target=database.transact, args=(lambda connection: None,))
        first.start()
        first.join(20)
        made = engine()
        dispose = made.dispose
        made.dispose = lambda: (dispose(), database.close())
        return made

    database.close()
    monkeypatch.setattr(database.dialect, "engine", overtaken)
    with database.reading() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("hangs", ["reads", "transacts"])
def test_what_was_abandoned_meanwhile_is_closed_by_whoever_hung_in_it(database, hangs):
    if hangs == "reads":
        with database.reading() as connection:
            database.abandon()
    else:
        connection = database.transact(
            lambda made: (database.abandon(), made.connection.driver_connection)[1], reads=True
        )
    with pytest.raises(Exception, match="closed"):
        connection.execute("SELECT 1")
