"""Overrides in real databases, and what a service knows of them."""

from __future__ import annotations

import threading
from contextlib import suppress

from attempts import attempt_of, judge
from store.conftest import until

from vipgate_fs.gate.memory import InMemory
from vipgate_fs.gate.override import Override
from vipgate_fs.gate.pins import Unchecked
from vipgate_fs.store import dialect
from vipgate_fs.store import store as store_module
from vipgate_fs.store.overrides import read, write
from vipgate_fs.store.store import Store

ON, OFF = Override(active=True), Override(active=False, until=2e9, since=1e9, note="Ms Example")
UNKNOWN = "overrides are unknown until the store is back; the schedules decide"


def override(database, gate, override):
    database.transact(lambda connection: write(connection, gate, override))


def test_what_is_written_is_read(database):
    for gate, decided in (("b", ON), ("a", OFF), ("b", OFF), ("c", ON), ("c", None), ("d", None)):
        override(database, gate, decided)
    assert database.transact(read, reads=True) == {"a": OFF, "b": OFF}


def test_a_service_knows_of_them_at_once_and_of_changes_soon(database, open_store, said, monkeypatch):
    monkeypatch.setattr(store_module, "REFRESH", 0.05)
    override(database, "a", OFF)
    store = open_store()
    assert store.overrides == {"a": OFF}
    override(database, "a", ON)
    until(lambda: store.overrides == {"a": ON})
    assert said.lines == []


def test_a_busy_worker_knows_of_changes_as_soon(database, open_store, monkeypatch):
    """Whoever looks does not wait for those who write."""
    monkeypatch.setattr(store_module, "REFRESH", 0.05)
    store, over = open_store(), threading.Event()

    def keep_busy(number):
        while not over.is_set():
            with suppress(Unchecked):
                judge(store, attempt_of(str(number)))

    busy = [threading.Thread(target=keep_busy, args=(number,)) for number in range(20)]
    for thread in busy:
        thread.start()
    override(database, "a", ON)
    until(lambda: store.overrides == {"a": ON}, seconds=3)
    over.set()
    for thread in busy:
        thread.join()


def test_the_last_known_ones_hold_while_the_store_is_gone(database, open_store, monkeypatch):
    monkeypatch.setattr(store_module, "REFRESH", 0.02)
    override(database, "a", OFF)
    store, asked = open_store(), []

    def gone():
        asked.append(True)
        raise OSError("away")

    with monkeypatch.context() as patched:
        patched.setattr(store._database, "_connected", gone)
        until(lambda: len(asked) > 3)
        assert store.gone_since is not None
        assert store.overrides == {"a": OFF}


def test_a_worker_that_starts_while_the_store_is_gone_says_that_it_knows_of_none(
    database, url, key_file, said, monkeypatch
):
    monkeypatch.setattr(store_module, "REFRESH", 0.02)
    monkeypatch.setattr(dialect, "RETRY", 0.05)
    override(database, "a", ON)
    store = Store(url, key_file, said)
    with monkeypatch.context() as patched:
        patched.setattr(store._database, "_connected", lambda: (_ for _ in ()).throw(OSError("no route")))
        store.open()
        assert store.overrides == {}
    assert [line for line in said.lines if line[1] == UNKNOWN] == [("error", UNKNOWN, {})]
    until(lambda: store.overrides == {"a": ON})
    store.close()


def test_without_a_store_there_are_none(said):
    memory = InMemory(said)
    memory.open()
    memory.close()
    assert (dict(memory.overrides), said.lines) == ({}, [])
