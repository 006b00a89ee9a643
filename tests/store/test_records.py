"""Call records: written beside the calls, masked, deleted in time, and never a reason to wait."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from vipgate_fs.secret import Secret
from vipgate_fs.store import database as database_module
from vipgate_fs.store import records, schema
from vipgate_fs.store.records import CallRecord, Recorder, mask, masked

NOW = 1e9
RECORD = CallRecord(
    uuid="6a7f",
    began=NOW,
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


@pytest.fixture
def recorder(said, database):
    """Starts a recorder."""

    def start(**more):
        recorder = Recorder(database, said, **{"retention": 30 * DAY, "clock": lambda: NOW, **more})
        recorder.start()
        return recorder

    return start


def kept(database, since=0.0):
    return database.run(lambda connection: list(records.read(connection, since)), reads=True)


def test_what_was_recorded_is_read(recorder, database, said):
    none = replace(RECORD, uuid="none", began=NOW + 1, gate=None, target=None, caller="")
    recording = recorder()
    recording.record(none)
    recording.record(RECORD)
    recording.record(RECORD)
    recording.close()
    assert kept(database) == [RECORD, none]
    assert kept(database, NOW + 0.5) == [none]
    assert said.lines == []


def test_they_are_written_soon(recorder, database):
    recording = recorder()
    recording.record(RECORD)
    until = time.monotonic() + 2
    while not kept(database):
        assert time.monotonic() < until
        time.sleep(0.01)
    recording.close()


def test_many_are_written_at_once(recorder, database):
    recording = recorder()
    started = time.monotonic()
    for number in range(2000):
        recording.record(replace(RECORD, uuid=str(number)))
    assert time.monotonic() - started < 0.5
    recording.close(10)
    assert len(kept(database)) == 2000


def test_old_ones_are_deleted(recorder, database, monkeypatch):
    monkeypatch.setattr(schema, "DELETED_AT_ONCE", 3)
    old = [replace(RECORD, uuid=str(number), began=NOW - 31 * DAY) for number in range(10)]
    young = replace(RECORD, uuid="young", began=NOW - 29 * DAY)
    database.run(lambda connection: records.write(connection, [*old, young]))
    recorder().close()
    assert kept(database) == [young]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+4917612345678", "+4917612345***"),
        ("017612345678", "017612345***"),
        ("1234567", "1234***"),
        ("7001", "7001"),
        ("", ""),
        ("alice", "alice"),
        ("70-01 23", "70-01 23"),
        ("555-123-4567", "555-123-4***"),
        ("0170 123 45 67", "0170 123 4***"),
        ("(0170) 1/2.3\u00a04-5", "(0170) 1/2***"),
        ("forward to +4930123456", "forward to +4930123***"),
    ],
)
def test_masking_a_number(number, shown):
    assert mask(number) == shown


def test_a_masked_record_holds_no_whole_number():
    record = masked(replace(RECORD, reason="no gate protects +4970222797830"))
    assert (record.caller, record.called, record.target) == ("+4917612345***", "+4970222797***", "+4930123***")
    assert (record.verdict, record.reason) == ("forward to +4930123***", "no gate protects +4970222797***")
    hung_up = masked(replace(RECORD, target=None))
    assert (hung_up.target, hung_up.verdict, hung_up.reason) == (None, *["forward to +4930123***"] * 2)


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("override until Thu 2026-12-24 18:30 (1234567)", "override until Thu 2026-12-24 18:30 (1234***)"),
        ("no gate protects 555-123-4567", "no gate protects 555-123-4***"),
        ("forward to 0170-1234567", "forward to 0170-1234***"),
    ],
)
def test_a_masked_reason_holds_dates_but_no_whole_number(reason, shown):
    record = replace(RECORD, caller="", called="555-123-4567", verdict="forward to 0170-1234567", target=None)
    assert masked(replace(record, reason=reason)).reason == shown


def test_masking_happens_before_anything_is_stored(recorder, database):
    recording = recorder(mask_numbers=True)
    recording.record(RECORD)
    recording.close()
    assert kept(database) == [masked(RECORD)]


@pytest.fixture
def gone(monkeypatch, said, open_database, tmp_path):
    """A store whose folder is not there yet."""
    monkeypatch.setattr(database_module, "PATIENCE", 0.3)
    monkeypatch.setattr(database_module, "RETRY", 0.1)
    monkeypatch.setattr(records, "RETRY", 0.1)
    return open_database(Secret(f"sqlite:///{tmp_path}/state/vipgate.db"))


def test_records_wait_for_a_store_that_is_gone(gone, said, tmp_path):
    recording = Recorder(gone, said, retention=DAY, clock=lambda: NOW)
    recording.start()
    recording.record(RECORD)
    time.sleep(0.3)
    tmp_path.joinpath("state").mkdir()
    recording.record(replace(RECORD, uuid="2"))
    until = time.monotonic() + 2
    while "the store is back" not in said.events:
        assert time.monotonic() < until
        time.sleep(0.02)
    recording.close()
    assert [record.uuid for record in kept(gone)] == ["2", "6a7f"]
    assert said.events == ["the store is gone; going on with lockouts in memory", "the store is back"]


def test_what_can_not_be_written_is_counted(gone, said, monkeypatch):
    monkeypatch.setattr(records, "MOST", 5)
    recording = Recorder(gone, said, retention=DAY)
    recording.start()
    for number in range(8):
        recording.record(replace(RECORD, uuid=str(number)))
    recording.close()
    lost = [values["calls"] for _, event, values in said.lines if event.startswith("call records were lost")]
    assert sum(lost) == 8


def test_one_that_the_store_refuses_takes_no_other_with_it(recorder, database, said, monkeypatch):
    def write(connection, records):
        if any(record.uuid == "3" for record in records):
            raise ValueError("not this one")
        written(connection, records)

    written = records.write
    monkeypatch.setattr(records, "write", write)
    recording = recorder()
    for number in range(6):
        recording.record(replace(RECORD, uuid=str(number)))
    recording.close(10)
    assert [record.uuid for record in kept(database)] == ["0", "1", "2", "4", "5"]
    lost = [values["calls"] for _, event, values in said.lines if event.startswith("call records were lost")]
    assert lost == [1]
    assert set(said.events) == {
        "call records were lost: the store did not take them",
        "the store refused a piece of work",
    }


def test_a_purge_happens_again_and_again(recorder, database, monkeypatch):
    monkeypatch.setattr(records, "_PURGE_EVERY", 0.1)
    recording = recorder()
    time.sleep(0.15)
    database.run(lambda connection: records.write(connection, [replace(RECORD, began=NOW - 31 * DAY)]))
    until = time.monotonic() + 2
    while kept(database):
        assert time.monotonic() < until
        time.sleep(0.02)
    recording.close()
