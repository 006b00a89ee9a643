"""A connection in which somebody hangs is left to them; who comes after has one of their own."""

from __future__ import annotations

import threading

import pytest


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


def is_closed(connection):
    try:
        connection.execute("SELECT 1")
    except Exception as error:
        return "closed" in str(error)
    return False
