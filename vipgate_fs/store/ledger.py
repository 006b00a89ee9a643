"""The store within one transaction: what attempts are judged by, and where what they change is written.

Every attempt changes accounts of its gate only, and its guest PIN is of its gate: whoever holds the gates, in their
order, holds all of it. In SQLite a transaction that writes is alone; in PostgreSQL the row of the gate as a whole is
locked. These statements run with every call, so they are prepared once by the driver, and not compiled anew.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

from vipgate_fs.gate.lockout import Account, Attempt, Lockout, Tally
from vipgate_fs.gate.memory import Judged, Tallies, weigh
from vipgate_fs.gate.pins import Credential, Unchecked
from vipgate_fs.gate.record import CallRecord
from vipgate_fs.sentences.keeping import to_json
from vipgate_fs.store.dialect import Dialect
from vipgate_fs.store.guests import digest
from vipgate_fs.store.key import KeyFile, KeyUnusable

Limited = Mapping[Account, tuple[Tally, Lockout]]
"""Tallies with the limits of their gates, which say how long they matter."""

_LOCK: Final = """
    INSERT INTO vipgate_tallies (gate, kind, who, failures, since, locked_until, right_at, forget_at)
    SELECT value->>0, 'gate', '', 0, 0, 0, 0, 0 FROM {listed} WHERE true ORDER BY 1
    ON CONFLICT (gate, kind, who) DO UPDATE SET gate = excluded.gate
"""
_READ: Final = """
    SELECT tally.gate, tally.kind, tally.who, failures, since, locked_until, right_at
    FROM {listed} CROSS JOIN vipgate_tallies AS tally
    WHERE tally.gate = value->>0 AND tally.kind = value->>1 AND tally.who = value->>2
"""
_WRITE: Final = """
    INSERT INTO vipgate_tallies (gate, kind, who, failures, since, locked_until, right_at, forget_at)
    VALUES {rows}
    ON CONFLICT (gate, kind, who) DO UPDATE SET
        failures = excluded.failures, since = excluded.since, locked_until = excluded.locked_until,
        right_at = excluded.right_at, forget_at = excluded.forget_at
"""
_FIND_GUEST: Final = """
    SELECT id FROM vipgate_guest_pins
    WHERE digest = ? AND (caller IS NULL OR caller = ?) AND valid_until > ? AND (uses_left IS NULL OR uses_left > 0)
"""
_ANY_GUEST: Final = """
    SELECT 1 FROM vipgate_guest_pins
    WHERE gate = ? AND valid_until > ? AND (uses_left IS NULL OR uses_left > 0) LIMIT 1
"""
_USE_GUEST: Final = "UPDATE vipgate_guest_pins SET uses_left = uses_left - 1, used = ? WHERE id = ?"
_LAST_STEP: Final = "SELECT step FROM vipgate_time_steps WHERE owner = ?"
_HOLD_STEP: Final = "INSERT INTO vipgate_time_steps (owner, step) VALUES (?, -1) ON CONFLICT DO NOTHING"
_USE_STEP: Final = "UPDATE vipgate_time_steps SET step = ? WHERE owner = ?"
_RECORD: Final = """
    INSERT INTO vipgate_calls (
        uuid, began, gate, caller, called, verdict, entries, outcome, target, reason, deciding, seconds, ended,
        reason_parts
    ) VALUES {rows} ON CONFLICT DO NOTHING
"""
"""A CallRecord, when it ended, and the parts of its reason."""
_TOGETHER: Final = 16
"""Rows with a statement. SQLite's driver lets go of Python's lock with each, and has to wait until it gets it back."""
_in_order: Final = attrgetter(*(field.name for field in fields(CallRecord)))  # not `astuple`, which copies deeply


class Ledger:
    """See `vipgate_fs.gate.memory.Book`. One that only reads is never asked to use, save or record anything.

    Args:
        connection: of the driver, with a transaction.
        dialect: of its kind of database.
        key: of guest PINs.
        reads: whether it only reads.

    Attributes:
        known: the tallies as they are now.
        changed: those that are to be saved.
    """

    def __init__(self, connection: Any, dialect: Dialect, key: KeyFile, *, reads: bool = False) -> None:
        self.known: dict[Account, Tally] = {}
        self.changed: dict[Account, tuple[Tally, Lockout]] = {}
        self._cursor = connection.cursor()
        self._dialect = dialect
        self._key = key
        self._locks = dialect.locks and not reads

    def load(self, accounts: Collection[Account], unsaved: Limited) -> None:
        """Hold the gates of these accounts and read their tallies, with what the store does not know of them yet."""
        if self._locks:
            self._many(_LOCK, [[gate] for gate in sorted({account.gate for account in accounts})])
        self.tallies(accounts)
        for account, (tally, lockout) in unsaved.items():
            self.known[account] = self.known[account].joined(tally, lockout.of(account))
            self.changed[account] = self.known[account], lockout

    def judge(self, attempt: Attempt, expected: Credential, entered: str, now: float) -> tuple[Judged, Tallies]:
        """See `vipgate_fs.gate.memory.weigh`. Something is saved in any case: what is in vain takes as long."""
        judged, changed = weigh(self, attempt, expected, entered, now)
        self.known.update(changed)
        for account in {attempt.own, *changed}:
            self.changed[account] = self.known[account], attempt.lockout
        return judged, changed

    def save(self) -> None:
        """Write what has changed."""
        rows = [
            (*account, tally.failures, tally.since, tally.locked_until, tally.right_at,
             tally.forget_at(lockout.of(account)))
            for account, (tally, lockout) in sorted(self.changed.items(), key=lambda item: item[0])
        ]  # fmt: skip
        self._insert(_WRITE, rows)

    def record(self, records: Iterable[CallRecord]) -> None:
        """Write records; one that was written before, by a try that seemed to have failed, is left alone."""
        rows = [(*_in_order(record), record.began + record.seconds, to_json(record.reason)) for record in records]
        self._insert(_RECORD, rows)

    def tallies(self, accounts: Collection[Account]) -> Tallies:
        """See Book."""
        missing = [account for account in accounts if account not in self.known]
        if missing:
            self.known.update(dict.fromkeys(missing, Tally()))
            self.known.update(map(tally_of, self._many(_READ, missing)))
        return {account: self.known[account] for account in accounts}

    def find_guest_pin(self, gate: str, caller: str, entered: str, at: float) -> str | None:
        """See `vipgate_fs.gate.pins.OneTime`."""
        try:
            key = self._key.read()
        except KeyUnusable as error:
            if self._one(_ANY_GUEST, gate, at) is None:
                return None  # nobody misses the key: no guest PIN of the gate can be right
            self._key.miss(gate, error)
            raise Unchecked from error
        found: str | None = self._one(_FIND_GUEST, digest(key, gate, entered), caller, at)
        return found

    def use_guest_pin(self, guest: str, at: float) -> None:
        """See OneTime."""
        self._cursor.execute(self._sql(_USE_GUEST), (at, guest))

    def last_time_step(self, owner: str) -> int:
        """See OneTime."""
        if self._locks:
            self._cursor.execute(self._sql(_HOLD_STEP), (owner,))
        step: int | None = self._one(_LAST_STEP + (" FOR UPDATE" if self._locks else ""), owner)
        return -1 if step is None else step

    def use_time_step(self, owner: str, step: int) -> None:
        """See OneTime."""
        if not self._locks:
            self._cursor.execute(self._sql(_HOLD_STEP), (owner,))
        self._cursor.execute(self._sql(_USE_STEP), (step, owner))

    def _insert(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        for start in range(0, len(rows), _TOGETHER):
            some = rows[start : start + _TOGETHER]
            places = ", ".join([f"({', '.join('?' * len(some[0]))})"] * len(some))
            values = tuple(value for row in some for value in row)
            self._cursor.execute(self._sql(statement.replace("{rows}", places)), values)

    def _one(self, statement: str, *values: Any) -> Any:
        self._cursor.execute(self._sql(statement), values)
        row = self._cursor.fetchone()
        return None if row is None else row[0]

    def _many(self, statement: str, listed: Collection[Any]) -> Iterator[Any]:
        self._cursor.execute(self._sql(statement), (json.dumps(list(listed)),))
        return iter(self._cursor.fetchall() if self._cursor.description else ())

    def _sql(self, statement: str) -> str:
        statement = statement.replace("{listed}", self._dialect.listed)
        return statement.replace("?", "%s") if self._dialect.locks else statement


def tally_of(row: Any) -> tuple[Account, Tally]:
    """An account with its tally, of a row of the table."""
    gate, kind, who, failures, since, locked_until, right_at, *_ = row
    return Account(gate, kind, who), Tally(failures, since, locked_until, right_at)
