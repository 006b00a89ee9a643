"""Masking: a record loses the last digits of telephone numbers, wherever in it they stand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vipgate_fs.gate.decision import describe
from vipgate_fs.gate.record import CallRecord, mask, masked
from vipgate_fs.gate.verdict import Forward
from vipgate_fs.sentences import joined, say
from vipgate_fs.sentences.catalogue import in_language
from vipgate_fs.sentences.keeping import to_json

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


def test_a_masked_reason_is_still_said_in_german():
    reason = joined("; ", [say("otherwise: {then}", then=describe(Forward("+4930123456"))), say("locked out")])
    record = masked(replace(RECORD, reason=reason))
    assert record.reason == "otherwise: forward to +4930123***; locked out"
    assert in_language(record.reason, "de") == "sonst: weiterleiten an +4930123***; gesperrt"
    assert "456" not in to_json(record.reason)


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
