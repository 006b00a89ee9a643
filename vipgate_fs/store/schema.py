"""The tables, and how those of an earlier version become the present ones."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Double,
    Insert,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    inspect,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from vipgate_fs.sentences import say

METADATA: Final = MetaData()

TALLIES: Final = Table(
    "vipgate_tallies",
    METADATA,
    Column("gate", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("who", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("since", Double, nullable=False),
    Column("locked_until", Double, nullable=False),
    Column("right_at", Double, nullable=False),
    Column("forget_at", Double, nullable=False, index=True),
)
"""See `vipgate_fs.gate.lockout`: an Account and its Tally."""

CALLS: Final = Table(
    "vipgate_calls",
    METADATA,
    Column("uuid", Text, primary_key=True),
    Column("began", Double, primary_key=True),
    Column("ended", Double, nullable=False, index=True),
    Column("gate", Text),
    Column("caller", Text, nullable=False),
    Column("called", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("target", Text),
    Column("reason", Text, nullable=False),
    Column("deciding", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("reason_parts", Text),
)
"""See `vipgate_fs.gate.record.CallRecord`; `reason_parts` says the reason in other languages, too: see
`vipgate_fs.sentences.keeping`. A call that comes to the gate twice has the same uuid."""

OVERRIDES: Final = Table(
    "vipgate_overrides",
    METADATA,
    Column("gate", Text, primary_key=True),
    Column("active", Integer, nullable=False),
    Column("until", Double),
    Column("since", Double),
    Column("note", Text, nullable=False, server_default=""),
)
"""See `vipgate_fs.gate.override.Override`; `active` is 0 or 1."""

GUEST_PINS: Final = Table(
    "vipgate_guest_pins",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False, index=True, unique=True),
    Column("gate", Text, nullable=False),
    Column("caller", Text),
    Column("valid_until", Double, nullable=False),
    Column("uses_left", Integer),
    Column("note", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("used", Double),
    Column("digits", Integer),
)
"""See `vipgate_fs.store.guests.IssuedPin`; `digest` is what is kept of the PIN."""

TIME_STEPS: Final = Table(
    "vipgate_time_steps",
    METADATA,
    Column("owner", Text, primary_key=True),
    Column("step", BigInteger, nullable=False),
)
"""The time step (RFC 6238) of the last one-time PIN that was accepted of each owner."""

ACCOUNTS: Final = Table(
    "vipgate_accounts",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("proof", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("codes", Text),
)
"""See `vipgate_fs.store.accounts.Account`."""

_VERSION: Final = Table("vipgate_schema", MetaData(), Column("version", Integer, nullable=False))
PAGE: Final = ""
"""In the place of a gate: tallies of those who sign in on the administration page. No gate has that name."""
DELETED_AT_ONCE: Final = 500
"""Rows."""
_LOCK: Final = 0x56495067
"""Key of PostgreSQL's advisory lock under which one machine migrates at a time."""

MIGRATIONS: Final = (
    """
    CREATE TABLE vipgate_tallies (
        gate TEXT NOT NULL, kind TEXT NOT NULL, who TEXT NOT NULL,
        failures TEXT NOT NULL, locked_until DOUBLE PRECISION NOT NULL, doublings INTEGER NOT NULL,
        right_at DOUBLE PRECISION NOT NULL, forget_at DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (gate, kind, who)
    );
    CREATE INDEX ix_vipgate_tallies_forget_at ON vipgate_tallies (forget_at);
    CREATE TABLE vipgate_calls (
        uuid TEXT NOT NULL, began DOUBLE PRECISION NOT NULL, ended DOUBLE PRECISION NOT NULL,
        gate TEXT, caller TEXT NOT NULL, called TEXT NOT NULL,
        verdict TEXT NOT NULL, entries INTEGER NOT NULL, outcome TEXT NOT NULL, target TEXT, reason TEXT NOT NULL,
        deciding DOUBLE PRECISION NOT NULL, seconds DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (uuid, began)
    );
    CREATE INDEX ix_vipgate_calls_ended ON vipgate_calls (ended)
    """,
    """
    CREATE TABLE vipgate_overrides (gate TEXT PRIMARY KEY NOT NULL, active INTEGER NOT NULL, until DOUBLE PRECISION);
    CREATE TABLE vipgate_guest_pins (
        id TEXT PRIMARY KEY NOT NULL, digest TEXT NOT NULL, gate TEXT NOT NULL, caller TEXT,
        valid_until DOUBLE PRECISION NOT NULL, uses_left INTEGER, note TEXT NOT NULL, created DOUBLE PRECISION NOT NULL
    );
    CREATE UNIQUE INDEX ix_vipgate_guest_pins_digest ON vipgate_guest_pins (digest);
    CREATE TABLE vipgate_time_steps (owner TEXT PRIMARY KEY NOT NULL, step BIGINT NOT NULL)
    """,
    """
    ALTER TABLE vipgate_overrides ADD COLUMN since DOUBLE PRECISION;
    ALTER TABLE vipgate_overrides ADD COLUMN note TEXT DEFAULT '' NOT NULL;
    ALTER TABLE vipgate_guest_pins ADD COLUMN used DOUBLE PRECISION
    """,
    # Until then: the Unix times of failed attempts, with spaces between them, and how often a lockout was doubled. Each
    # of both counts as one failed attempt now; of a time, the first ten characters are the whole seconds.
    """
    ALTER TABLE vipgate_tallies RENAME COLUMN failures TO times;
    ALTER TABLE vipgate_tallies ADD COLUMN failures INTEGER DEFAULT 0 NOT NULL;
    ALTER TABLE vipgate_tallies ADD COLUMN since DOUBLE PRECISION DEFAULT 0 NOT NULL;
    UPDATE vipgate_tallies SET failures = doublings, since = locked_until;
    UPDATE vipgate_tallies SET failures = failures + 1 + length(times) - length(replace(times, ' ', ''))
        WHERE times <> '';
    UPDATE vipgate_tallies SET since = CAST(substr(times, 1, 10) AS DOUBLE PRECISION)
        WHERE substr(times, 11, 1) = '.' AND substr(times, 1, 10) NOT LIKE '%.%';
    UPDATE vipgate_tallies SET forget_at = since + failures * 86400 WHERE forget_at < since + failures * 86400;
    ALTER TABLE vipgate_tallies DROP COLUMN times;
    ALTER TABLE vipgate_tallies DROP COLUMN doublings
    """,
    """
    CREATE TABLE vipgate_accounts (
        name TEXT PRIMARY KEY NOT NULL, role TEXT NOT NULL, proof TEXT NOT NULL, created DOUBLE PRECISION NOT NULL
    )
    """,
    "ALTER TABLE vipgate_guest_pins ADD COLUMN digits INTEGER",
    "ALTER TABLE vipgate_accounts ADD COLUMN codes TEXT",
    "ALTER TABLE vipgate_calls ADD COLUMN reason_parts TEXT",
)
"""One after the other; the number of those that were done is the schema's version. None is ever changed or removed."""


class WrongSchema(Exception):
    """The store is not of this version of VIPgate. The text says what to do."""


def migrate(connection: Connection) -> None:
    """Bring the store to the present version; within a transaction, which is all of it or nothing.

    Raises:
        WrongSchema: it is newer than this program.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    version = _version(connection)
    if version is None:
        _VERSION.create(connection)
        connection.execute(insert(_VERSION).values(version=0))
        version = 0
    for migration in MIGRATIONS[version:]:
        for statement in migration.split(";"):
            connection.execute(text(statement))
    if version < len(MIGRATIONS):
        connection.execute(update(_VERSION).values(version=len(MIGRATIONS)))


def expect(connection: Connection) -> None:
    """Leave the store as it is: a command must not migrate it under a service of an older version.

    Raises:
        WrongSchema: it is not of the present version.
    """
    version = _version(connection)
    if version is None:
        raise WrongSchema(say("the store is empty; the service makes its tables when it is started"))
    if version < len(MIGRATIONS):
        raise WrongSchema(
            say(
                "the store has schema version {version}, and this VIPgate needs {needed}; restart the service "
                "with this version, which brings the store up to date",
                version=version,
                needed=len(MIGRATIONS),
            )
        )


def make(connection: Connection) -> None:
    """The same, but an empty store gets its tables: who issues the first guest PIN need not have started the service.

    Raises:
        WrongSchema: it is not of the present version.
    """
    (migrate if _version(connection) is None else expect)(connection)


def _version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(_VERSION.name):
        return None
    version: int = connection.scalars(select(_VERSION.c.version)).one()
    if version > len(MIGRATIONS):
        raise WrongSchema(
            say(
                "the store has schema version {version}, and this VIPgate knows only those up to {needed}; "
                "install the newer VIPgate again, or choose another store",
                version=version,
                needed=len(MIGRATIONS),
            )
        )
    return version


def insert_missing(connection: Connection, table: Table) -> Insert:
    """An INSERT that leaves rows alone that are there already."""
    return _insert(connection, table).on_conflict_do_nothing()


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def delete_some(connection: Connection, table: Table, condition: ColumnElement[bool]) -> bool:
    """Delete rows, some at a time, so that nobody waits for long; whether there were any.

    Those locked by another transaction are left for the next time: it may be waiting for others of them.
    """
    key = tuple_(*table.primary_key)
    some = select(*table.primary_key).where(condition).limit(DELETED_AT_ONCE).with_for_update(skip_locked=True)
    return connection.execute(delete(table).where(key.in_(some))).rowcount > 0
