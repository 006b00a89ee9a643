"""Call records: written beside the calls, masked, deleted in time, and never a reason to wait."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial

import pytest
from attempts import attempt_of, judge, write_records
from store.conftest import until

from vipgate_fs.gate.decision import describe
from vipgate_fs.gate.pins import Unchecked
from vipgate_fs.gate.record import CallRecord, masked
from vipgate_fs.gate.verdict import Forward
from vipgate_fs.secret import Secret
from vipgate_fs.sentences import say
from vipgate_fs.sentences.catalogue import in_language
from vipgate_fs.store import dialect, records, schema, writer
from vipgate_fs.store import store as store_module
from vipgate_fs.store.ledger import Ledger
from vipgate_fs.store.records import Wanted

NOW = 1e9
RECORD = CallRecord(
    uuid="6a7f",
    began=1e9,
    gate="support",
    caller="+4917612345678",
    called="+4970222797830",
    verdict="forward to +4930123456",
    entries=0,
    outcome="forwarded",
    target="+4930123456",
    reason="forward to +4930123456",
    deciding=0.012,
    seconds=0.02,
)
DAY = 86_400.0


def kept(database, since=0.0):
    return list(records.read(partial(database.transact, reads=True), since))


def lost(said):
    return sum(values["calls"] for _, event, values in said.lines if event.startswith("call records were lost"))


def test_what_was_recorded_is_read(store, database, said):
    none = replace(RECORD, uuid="none", began=NOW + 1, gate=None, target=None, caller="")
    for record in (none, RECORD, RECORD):
        store.record(record)
    store.close()
    assert kept(database) == [RECORD, none]
    assert kept(database, NOW + 0.5) == [none]
    assert said.lines == []


def test_a_reason_is_said_in_german_wherever_it_is_read(store, database):
    reason = say("otherwise: {then}", then=describe(Forward("+4930123456")))
    store.record(replace(RECORD, reason=reason))
    store.close()
    by_number = database.transact(lambda connection: records.find(connection, RECORD.uuid, RECORD.began))
    latest = database.transact(lambda connection: records.latest(connection, Wanted(0.0))).records
    for record in (*kept(database), by_number, *latest):
        assert record.reason == "otherwise: forward to +4930123456"
        assert in_language(record.reason, "de") == "sonst: weiterleiten an +4930123456"


def test_many_are_read_a_page_at_a_time_and_each_once(database, monkeypatch):
    monkeypatch.setattr(records, "PAGE", 7)
    database.transact(lambda _: None)
    written = [replace(RECORD, uuid=str(number % 10), began=NOW + number // 10, seconds=0.1) for number in range(50)]
    write_records(database, written)
    assert kept(database) == sorted(written, key=lambda record: (record.began, record.uuid))


PEOPLE = ("+4917612345678", "", "70_1", "7001", "+4930%", "a\\b")
SEARCHES = [
    Wanted(0.0),
    Wanted(NOW + 7.0),
    *(Wanted(0.0, number) for number in ("7001", "70_1", "%", "\\", "612", "no such number")),
    Wanted(0.0, withheld=True),
    *(Wanted(0.0, outcomes=frozenset(outcomes)) for outcomes in (["passed"], ["passed", "forwarded"], ["locked out"])),
    Wanted(0.0, gate="support"),
    Wanted(NOW + 2.0, "7001", outcomes=frozenset(["forwarded"]), gate="support"),
    Wanted(NOW + 2.0, "70", withheld=True, outcomes=frozenset(["forwarded"])),
]


def pages(database, wanted):
    """Those that a search finds, a page at a time."""
    after = None
    for _ in range(40):
        found = database.transact(lambda connection, at=after: records.latest(connection, wanted, 3, at), reads=True)
        assert len(found.records) <= 3
        yield found
        after = found.after
        if after is None:
            return
    pytest.fail("a search has no end")


@pytest.mark.parametrize("looked_through", [5, 1000])
def test_a_search_finds_what_fits_however_many_are_looked_through(database, monkeypatch, looked_through):
    """The latest first, each once, a page at a time; several calls end at the same moment."""
    monkeypatch.setattr(records, "LOOKED_THROUGH", looked_through)
    written = [
        replace(
            RECORD,
            uuid=str(number % 7),
            began=NOW + number // 3,
            seconds=number % 2,
            caller=PEOPLE[number % 6],
            called=PEOPLE[number % 4],
            gate=("support", "sales", None)[number % 3],
            outcome=("passed", "forwarded")[number % 2],
        )
        for number in range(30)
    ]
    database.transact(lambda _: None)
    write_records(database, written)
    order = sorted(written, key=lambda record: (record.began + record.seconds, record.uuid, record.began), reverse=True)
    for wanted in SEARCHES:
        found = list(pages(database, wanted))
        fits = [record for record in order if wanted.fits(record)]
        assert [record for page in found for record in page.records] == fits, wanted
        assert looked_through < 30 or all(page.looked_back is None for page in found)
        assert looked_through < 30 or len(found) == max(1, -(-len(fits) // 3)), wanted
    if looked_through < 30:
        nothing = next(pages(database, Wanted(0.0, "no such number")))
        fifth = order[4].began + order[4].seconds, order[4].uuid, order[4].began
        assert (nothing.records, nothing.after, nothing.looked_back) == ([], fifth, fifth[0])


def test_what_fits_a_search():
    record = replace(RECORD, caller="7001", called="7002", seconds=5.0)
    for wanted, fits in [
        (Wanted(NOW + 5.0), True),
        (Wanted(NOW + 5.1), False),
        (Wanted(0.0, "001"), True),
        (Wanted(0.0, "7002"), True),
        (Wanted(0.0, "7003"), False),
        (Wanted(0.0, withheld=True), False),
        (Wanted(0.0, outcomes=frozenset(["forwarded", "passed"])), True),
        (Wanted(0.0, outcomes=frozenset(["passed"])), False),
        (Wanted(0.0, gate="support"), True),
        (Wanted(0.0, gate="sales"), False),
        (Wanted(NOW + 6.0, "7001", gate="support"), False),
        (Wanted(0.0, "7003", gate="support"), False),
        (Wanted(0.0, "7001", withheld=True, gate="support"), False),
        (Wanted(0.0, "7001", outcomes=frozenset(["passed"]), gate="support"), False),
    ]:
        assert wanted.fits(record) == fits, wanted
    assert Wanted(0.0, withheld=True).fits(replace(record, caller=""))


def test_calls_are_counted_by_gate_and_outcome_from_a_moment_on(database):
    written = [
        replace(RECORD, uuid=str(number), began=NOW + number, seconds=0.0, gate=gate, outcome=outcome)
        for number, (gate, outcome) in enumerate(
            [("support", "passed"), ("support", "passed"), ("support", "forwarded"), (None, "passed")]
        )
    ]
    database.transact(lambda _: None)
    write_records(database, written)
    for since, counted in [
        (0.0, {("support", "passed"): 2, ("support", "forwarded"): 1, (None, "passed"): 1}),
        (NOW + 1, {("support", "passed"): 1, ("support", "forwarded"): 1, (None, "passed"): 1}),
        (NOW + 9, {}),
    ]:
        assert database.transact(partial(records.counts, since=since), reads=True) == counted


def test_a_call_is_found_by_its_id_and_its_beginning(database):
    written = [replace(RECORD, uuid=uuid, began=NOW + at) for uuid in ("a", "b") for at in (1, 2)]
    database.transact(lambda _: None)
    write_records(database, written)
    for record in written:
        found = partial(records.find, uuid=record.uuid, began=record.began)
        assert database.transact(found, reads=True) == record
    assert database.transact(partial(records.find, uuid="a", began=NOW), reads=True) is None


def test_they_are_written_soon(store, database):
    store.record(RECORD)
    until(lambda: kept(database))


def test_many_are_written_at_once(store, database):
    transactions = store._writer.transactions
    for number in range(2000):
        store.record(replace(RECORD, uuid=str(number)))
    until(lambda: len(kept(database)) == 2000)
    assert store._writer.transactions - transactions < 10


def test_old_ones_are_deleted_a_few_at_a_time(open_store, database, monkeypatch):
    monkeypatch.setattr(schema, "DELETED_AT_ONCE", 3)
    monkeypatch.setattr(store_module, "REFRESH", 0.1)
    monkeypatch.setattr(store_module, "PURGE_EVERY", 0.1)
    young = replace(RECORD, uuid="young", began=NOW - 29 * DAY)
    old = [replace(RECORD, uuid=str(number), began=NOW - 31 * DAY) for number in range(10)]
    write_records(database, [*old, young])
    open_store(retention=30 * DAY)
    until(lambda: kept(database) == [young])
    write_records(database, old)
    until(lambda: kept(database) == [young])


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_nobody_waits_for_the_first_deletion_of_many(open_store, database, monkeypatch, url):
    """While it lasts, its pieces are short, and nine tenths of the time are the calls'."""
    monkeypatch.setattr(store_module, "REFRESH", 0.05)
    database.transact(lambda _: None)
    with closing(sqlite3.connect(url.reveal().removeprefix("sqlite:///"))) as connection, connection:
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) INSERT INTO vipgate_calls "
            "SELECT 'uuid-' || i, i, i, 'g', '', '', '', 0, '', NULL, '', 0, 0, NULL FROM n"
        )
    store, pieces, purge = open_store(), [], records.purge

    def timed(connection, before):
        more = purge(connection, before)
        pieces.append(time.monotonic())
        return more

    monkeypatch.setattr(records, "purge", timed)
    until(lambda: pieces)
    for number in range(50):
        judge(store, attempt_of(str(number)))
    assert schema.DELETED_AT_ONCE * len(pieces) < 100_000, "it is not over yet"
    assert len(pieces) < 50 + 10, "no attempt waits for more than a piece"


def test_masking_happens_before_anything_is_stored(open_store, database):
    store = open_store(mask_numbers=True)
    store.record(RECORD)
    store.close()
    assert kept(database) == [masked(RECORD)]


@pytest.fixture
def gone(monkeypatch, open_store_at, tmp_path):
    """A store whose folder is not there yet."""
    monkeypatch.setattr(dialect, "RETRY", 0.1)
    return open_store_at(Secret(f"sqlite:///{tmp_path}/state/vipgate.db"))


def test_records_wait_for_a_store_that_is_gone(gone, said, tmp_path, open_database):
    gone.record(RECORD)
    time.sleep(0.3)
    tmp_path.joinpath("state").mkdir()
    gone.record(replace(RECORD, uuid="2"))
    until(lambda: "store available again" in said.events)
    gone.close()
    written = kept(open_database(Secret(f"sqlite:///{tmp_path}/state/vipgate.db")))
    assert [record.uuid for record in written] == ["2", "6a7f"]
    assert lost(said) == 0


def test_what_can_not_be_written_is_counted(gone, said, monkeypatch):
    monkeypatch.setattr(writer, "MOST", 5)
    for number in range(8):
        gone.record(replace(RECORD, uuid=str(number)))
    gone.close()
    assert lost(said) == 8


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_overload_loses_none(store, database, said, url):
    """Many calls at once, with attempts between them, while somebody else keeps the store busy again and again."""

    def disturb():
        with closing(sqlite3.connect(url.reveal().removeprefix("sqlite:///"), isolation_level=None)) as other:
            other.execute("PRAGMA busy_timeout = 10000")
            for _ in range(5):
                other.execute("BEGIN IMMEDIATE")
                time.sleep(0.4)
                other.execute("COMMIT")
                time.sleep(0.1)

    def call(number):
        with suppress(Unchecked):
            judge(store, attempt_of(str(number)), right=True)
        store.record(replace(RECORD, uuid=str(number)))

    with ThreadPoolExecutor(100) as pool:
        disturbing = pool.submit(disturb)
        list(pool.map(call, range(1000)))
        disturbing.result()
    until(lambda: len(kept(database)) == 1000)
    assert said.lines == []


def test_one_that_the_store_refuses_takes_no_other_with_it(open_store, database, said, monkeypatch):
    def refuse(ledger, records):
        if any(record.uuid == "3" for record in records):
            raise ValueError("not this one")
        record(ledger, records)

    record = Ledger.record
    monkeypatch.setattr(Ledger, "record", refuse)
    store = open_store()
    for number in range(6):
        store.record(replace(RECORD, uuid=str(number)))
    store.close()
    assert [record.uuid for record in kept(database)] == ["0", "1", "2", "4", "5"]
    assert lost(said) == 1
    assert set(said.events) == {
        "call records were lost: the store did not take them",
        "the store refused a piece of work",
    }
