"""Overrides in real databases, and what a service knows of them."""

from __future__ import annotations

import time

from vipgate_fs.gate.override import Override
from vipgate_fs.store import keeper as keeper_module
from vipgate_fs.store.database import StoreGone
from vipgate_fs.store.keeper import Keeper
from vipgate_fs.store.overrides import read, write

ON, OFF = Override(active=True), Override(active=False, until=2e9, since=1e9, note="Ms Example")
UNKNOWN = "overrides are unknown until the store is back; the schedules decide"


def test_what_is_written_is_read(database):
    for gate, override in (("b", ON), ("a", OFF), ("b", OFF), ("c", ON), ("c", None), ("d", None)):
        database.run(lambda connection, gate=gate, override=override: write(connection, gate, override))
    assert database.run(read, reads=True) == {"a": OFF, "b": OFF}


def until(true):
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_service_knows_of_them_at_once_and_of_changes_soon(database, open_database, url, said, monkeypatch):
    monkeypatch.setattr(keeper_module, "REFRESH", 0.05)
    database.run(lambda connection: write(connection, "a", OFF))
    keeper = Keeper(said, open_database(url))
    keeper.start()
    assert keeper.overrides.current == {"a": OFF}
    database.run(lambda connection: write(connection, "a", ON))
    until(lambda: keeper.overrides.current == {"a": ON})
    keeper.close()
    assert said.lines == []


def test_the_last_known_ones_hold_while_the_store_is_gone(database, said, monkeypatch):
    monkeypatch.setattr(keeper_module, "REFRESH", 0.02)
    database.run(lambda connection: write(connection, "a", OFF))
    keeper = Keeper(said, database)
    keeper.start()
    asked = []

    def gone(*_, **__):
        asked.append(True)
        raise StoreGone("away")

    monkeypatch.setattr(database, "run", gone)
    until(lambda: len(asked) > 2)
    keeper.close()
    assert keeper.overrides.current == {"a": OFF}


def test_a_worker_that_starts_while_the_store_is_gone_says_that_it_knows_of_none(database, said, monkeypatch):
    monkeypatch.setattr(keeper_module, "REFRESH", 0.02)
    database.run(lambda connection: write(connection, "a", ON))
    with monkeypatch.context() as patched:
        patched.setattr(database, "transact", lambda *_, **__: (_ for _ in ()).throw(OSError("no route")))
        keeper = Keeper(said, database)
        keeper.start()
        assert keeper.overrides.current == {}
    assert [line for line in said.lines if line[1] == UNKNOWN] == [("error", UNKNOWN, {})]
    database._gone_until = 1e-9
    until(lambda: keeper.overrides.current == {"a": ON})
    keeper.close()


def test_without_a_store_there_are_none(said):
    keeper = Keeper(said)
    keeper.start()
    keeper.close()
    assert (keeper.overrides.current, said.lines) == ({}, [])
