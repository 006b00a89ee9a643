"""A store that is gone, slow or full, or is asked what it can't do: what callers and other processes notice."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from vipgate_fs.gate.lockout import Entry, Judgement, Lockout
from vipgate_fs.secret import Secret
from vipgate_fs.store import database as database_module
from vipgate_fs.store.database import Refused, StoreGone
from vipgate_fs.store.lockouts import Lockouts

RIGHT, WRONG, LOCKED = Judgement.RIGHT, Judgement.WRONG, Judgement.LOCKED
LIMITS = Lockout(failures=3, gate_failures=1000)
GONE = "the store is gone; going on with lockouts in memory"


def entry(caller="1", right=False):
    return Entry("g", LIMITS, caller, right=right)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(database_module, "PATIENCE", 0.3)
    monkeypatch.setattr(database_module, "RETRY", 0.2)


BREAKING = {
    "a folder in its place": (lambda file: (file.unlink(), file.mkdir()), lambda file: file.rmdir()),
    "no database any more": (
        lambda file: (file.unlink(), file.write_bytes(b"garbage" * 1000)),
        lambda file: file.unlink(),
    ),
    "its folder is gone": (
        lambda file: file.parent.rename(file.parent.with_name("away")),
        lambda file: file.parent.with_name("away").rename(file.parent),
    ),
}


@pytest.mark.parametrize("how", BREAKING)
def test_a_store_that_is_gone_and_comes_back(impatient, said, open_database, tmp_path, how, clock):
    file = tmp_path / "state" / "vipgate.db"
    file.parent.mkdir()
    lockouts = Lockouts(said, open_database(Secret(f"sqlite:///{file}")), clock)
    do, undo = BREAKING[how]
    judged = [lockouts.judge(entry()) for _ in range(2)]
    do(file)
    for leftover in file.parent.glob("vipgate.db-*"):
        leftover.unlink()
    judged += [lockouts.judge(entry()) for _ in range(2)]
    assert judged == [WRONG] * 3 + [LOCKED], "what was counted before counts in memory"
    undo(file)
    time.sleep(0.25)
    assert lockouts.judge(entry(right=True)) == LOCKED, "what was counted in memory counts in the store"
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM vipgate_tallies WHERE locked_until > 0").fetchall() == [(1,)]
    connection.close()
    assert said.events == [
        "the store is gone; going on with lockouts in memory",
        "a lockout begins",
        "the store is back",
    ]


@pytest.mark.parametrize(
    ("pragma", "why"),
    [("max_page_count = 1", "database or disk is full"), ("query_only = 1", "attempt to write a readonly database")],
)
def test_a_store_that_takes_no_more(said, open_database, tmp_path, pragma, why):
    database = open_database(Secret(f"sqlite:///{tmp_path}/vipgate.db"))
    lockouts = Lockouts(said, database)
    lockouts.judge(entry())
    database.transact(lambda connection: connection.exec_driver_sql(f"PRAGMA {pragma}").close())
    judged = Counter(lockouts.judge(entry("\u00e4" * 60 + str(number))) for number in range(100))
    assert judged == {WRONG: 100}
    ((level, event, values),) = said.lines
    assert (level, event, values["why"]) == ("error", GONE, why)


@pytest.mark.parametrize(
    "work",
    [
        lambda _: {}["missing"],
        lambda connection: connection.execute(text("SELECT CAST(:text AS TEXT)"), {"text": "\ud800"}),
        lambda connection: connection.execute(
            text("INSERT INTO vipgate_time_steps VALUES (:owner, NULL)"), {"owner": "o"}
        ),
    ],
)
def test_work_that_is_wrong_harms_no_other(lockouts, database, said, work):
    """One caller must not be able to take the store from all."""
    with pytest.raises(Refused):
        database.run(work)
    assert lockouts.judge(entry(right=True)) == RIGHT
    assert said.events == ["the store refused a piece of work"]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_nor_does_a_text_that_postgresql_does_not_take(lockouts, said):
    assert [lockouts.judge(entry("49\0")) for _ in range(4)] == [WRONG] * 3 + [LOCKED]
    assert lockouts.judge(entry("2", right=True)) == RIGHT
    assert GONE not in said.events


def test_what_was_counted_without_the_store_is_known_to_others_as_soon_as_it_is_back(
    lockouts, database, open_database, url, clock, said, monkeypatch
):
    monkeypatch.setattr("vipgate_fs.store.lockouts._SAVED_AT_ONCE", 4)
    other = Lockouts(said, open_database(url), clock)
    other.judge(entry("9"))
    with monkeypatch.context() as patched:
        patched.setattr(database, "run", lambda *_, **__: (_ for _ in ()).throw(StoreGone("away")))
        for number in range(10):
            assert [lockouts.judge(entry(str(number))) for _ in range(3)] == [WRONG] * 3
        with pytest.raises(StoreGone):
            lockouts.save()
    lockouts.save()
    assert [other.judge(entry(str(number), right=True)) for number in range(10)] == [LOCKED] * 10
    assert lockouts._unsaved == {}


def test_who_makes_a_store_waits_for_another_who_does(open_database, tmp_path, said):
    """SQLite refuses the change to WAL at once, instead of waiting."""
    file = tmp_path / "vipgate.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, other.execute, ["COMMIT"])
    timer.start()
    open_database(Secret(f"sqlite:///{file}")).run(lambda connection: connection.execute(text("SELECT 1")).all())
    timer.join()
    other.close()
    assert said.events == []


COUNT_STEPS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM vipgate_time_steps").fetchone()[0])
connection.close()
"""


def test_nothing_that_this_process_does_takes_sqlites_locks_from_it(open_database, tmp_path):
    """Else another process that closes the file deletes the log of what was acknowledged here."""
    file = tmp_path / "vipgate.db"
    url = Secret(f"sqlite:///{file}")

    def write(name):
        database.run(
            lambda connection: connection.execute(text(f"INSERT INTO vipgate_time_steps VALUES ('{name}', 1)"))
        )

    def counted_elsewhere():
        return subprocess.run(
            [sys.executable, "-c", COUNT_STEPS, file], capture_output=True, text=True, check=True
        ).stdout

    database = open_database(url)
    write("before")
    database._lose(TimeoutError())
    database.try_again()
    open_database(url).run(lambda connection: connection.execute(text("SELECT 1")).all())
    assert counted_elsewhere() == "1\n"
    write("after")
    assert counted_elsewhere() == "2\n"


def test_what_nobody_waits_for_any_more_has_not_happened(database, impatient):
    """Else a guest PIN would be used up whose caller was told that it is wrong."""
    ended = threading.Event()

    def slow(connection):
        connection.execute(text("INSERT INTO vipgate_time_steps VALUES ('o', 1)"))
        time.sleep(0.6)
        ended.set()

    with pytest.raises(StoreGone):
        database.run(slow)
    assert ended.wait(10)
    time.sleep(0.2)
    count = database.transact(lambda connection: connection.execute(text("SELECT 1 FROM vipgate_time_steps")).all())
    assert count == []


def test_one_account_that_the_store_refuses_takes_no_other_with_it(lockouts, database, said, open_database, url, clock):
    real = database.run

    def refusing(work, **options):
        def checked(connection):
            answer = work(connection)
            if connection.execute(text("SELECT 1 FROM vipgate_tallies WHERE who = 'bad'")).all():
                raise ValueError
            return answer

        return real(checked, **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database, "run", lambda *_, **__: (_ for _ in ()).throw(StoreGone("away")))
        for caller in ("good", "bad", "fine"):
            assert [lockouts.judge(entry(caller)) for _ in range(3)] == [WRONG] * 3
        patched.setattr(database, "run", refusing)
        lockouts.save()
    other = Lockouts(said, open_database(url), clock)
    assert [other.judge(entry(caller, right=True)) for caller in ("good", "bad", "fine")] == [LOCKED, RIGHT, LOCKED]


def test_what_the_store_refuses_to_take_is_not_offered_again(lockouts, database, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(database, "run", lambda *_, **__: (_ for _ in ()).throw(Refused("no")))
        lockouts.judge(entry())
        lockouts.save()
    assert lockouts._unsaved == {}


def test_the_wait_for_a_turn_is_part_of_the_patience(database, monkeypatch):
    asked = []
    monkeypatch.setattr(database._aside, "run", lambda _, seconds: asked.append(seconds))
    with database._turn, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(database.run, lambda _: None)
        time.sleep(0.3)
        database._turn.release()
        waiting.result()
        database._turn.acquire()
    assert asked[0] <= database_module.PATIENCE - 0.29


def test_who_waits_for_others_does_not_take_the_store_from_all(impatient, database, said):
    database.open()

    def slow(connection):
        time.sleep(0.2)
        return connection

    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(database.run, slow, reads=True) for _ in range(8)]
    told = [str(each.exception()) for each in done if each.exception()]
    assert 4 <= len(told) < 8
    assert set(told) == {"it is busy"}
    while database._engine.pool.checkedout():  # by those that nobody waits for any more
        time.sleep(0.01)
    assert said.lines == []


def test_a_locked_store_makes_nobody_wait_for_long(impatient, said, open_database, tmp_path):
    file = tmp_path / "vipgate.db"
    lockouts = Lockouts(said, open_database(Secret(f"sqlite:///{file}")))
    lockouts.judge(entry())
    blocker = sqlite3.connect(file, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    started = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        judged = Counter(pool.map(lambda _: lockouts.judge(entry()), range(20)))
    assert time.monotonic() - started < 1.5
    assert judged == {WRONG: 2, LOCKED: 18}
    blocker.execute("ROLLBACK")
    blocker.close()
    time.sleep(0.5)
    assert lockouts.judge(entry(right=True)) == LOCKED
    assert said.events[-1] == "the store is back"


def test_postgresql_stopped_and_started(impatient, said, open_database, postgresql, clock):
    lockouts = Lockouts(said, open_database(Secret(postgresql.url)), clock)
    judged = [lockouts.judge(entry("restart")) for _ in range(2)]
    postgresql.stop()
    try:
        judged += [lockouts.judge(entry("restart")) for _ in range(2)]
    finally:
        postgresql.start()
    time.sleep(0.5)
    assert [*judged, lockouts.judge(entry("restart", right=True))] == [WRONG] * 3 + [LOCKED] * 2
    assert "the store is back" in said.events
    assert not any("s3cr3t" in str(line) for line in said.lines)
