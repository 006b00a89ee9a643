"""Overrides in real databases, and what a service knows of them."""

from __future__ import annotations

import time

import pytest

from vipgate_fs.gate.override import Override
from vipgate_fs.store import overrides as overrides_module
from vipgate_fs.store.database import StoreGone
from vipgate_fs.store.overrides import Overrides, read, write

ON, OFF = Override(active=True), Override(active=False, until=2e9)


def test_what_is_written_is_read(database):
    for gate, override in (("b", ON), ("a", OFF), ("b", OFF), ("c", ON), ("c", None), ("d", None)):
        database.run(lambda connection, gate=gate, override=override: write(connection, gate, override))
    assert database.run(read, reads=True) == {"a": OFF, "b": OFF}


def test_a_service_knows_of_them_at_once_and_of_changes_soon(database, open_database, url, monkeypatch):
    monkeypatch.setattr(overrides_module, "REFRESH", 0.05)
    database.run(lambda connection: write(connection, "a", OFF))
    known = Overrides(open_database(url))
    known.start()
    assert known.current == {"a": OFF}
    database.run(lambda connection: write(connection, "a", ON))
    until = time.monotonic() + 5
    while known.current != {"a": ON} and time.monotonic() < until:
        time.sleep(0.02)
    known.close()
    assert known.current == {"a": ON}


def test_the_last_known_ones_hold_while_the_store_is_gone(database, monkeypatch):
    monkeypatch.setattr(overrides_module, "REFRESH", 0.02)
    database.run(lambda connection: write(connection, "a", OFF))
    known = Overrides(database)
    known.start()
    asked = []

    def gone(*_, **__):
        asked.append(True)
        raise StoreGone("away")

    monkeypatch.setattr(database, "run", gone)
    time.sleep(0.2)
    known.close()
    assert asked
    assert known.current == {"a": OFF}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_without_a_store_there_are_none(url):
    known = Overrides()
    known.start()
    assert known.current == {}
