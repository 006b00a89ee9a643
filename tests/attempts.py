"""Attempts at a gate `g`, records of calls, and what is in a store, as tests make them."""

from __future__ import annotations

from vipgate_fs.gate.lockout import Attempt, Lockout
from vipgate_fs.gate.pins import Pin
from vipgate_fs.service.course import Course
from vipgate_fs.store.key import KeyFile
from vipgate_fs.store.ledger import Ledger

RIGHT_PIN, WRONG_PIN = "47110815", "11111111"


def judge(memory, attempt, *, right=False):
    """What an attempt is worth."""
    return memory.judge(attempt, Pin(RIGHT_PIN), RIGHT_PIN if right else WRONG_PIN).judgement


def attempt_of(caller="1", lockout=Lockout(), customer=None, gate="g"):  # noqa: B008 - it is frozen
    """An attempt of a caller."""
    return Attempt(gate, lockout, caller, customer)


def record_of(call, at, decision, outcome):
    """The record that the service makes of a call."""
    course = Course(at)
    course.decision = decision
    return course.record(call, outcome)


def write_records(database, records):
    """Put call records into a store."""
    with database.writing() as connection:
        Ledger(connection, database.dialect, KeyFile(None)).record(records)
