"""Lockouts in real databases: counted exactly, by however many processes, and in memory while the store is gone."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from vipgate_fs.gate.lockout import Account, Entry, Judgement, Lockout, Tally
from vipgate_fs.secret import Secret
from vipgate_fs.store import database as database_module
from vipgate_fs.store import tallies
from vipgate_fs.store.database import Refused, StoreGone
from vipgate_fs.store.lockouts import Lockouts

RIGHT, WRONG, LOCKED = Judgement.RIGHT, Judgement.WRONG, Judgement.LOCKED
LIMITS = Lockout(failures=3, gate_failures=1000)
CALLER = Account("g", "caller", "1")
GONE = "the store is gone; going on with lockouts in memory"


def entry(caller="1", right=False, lockout=LIMITS, **more):
    return Entry("g", lockout, caller, right=right, **more)


class Clock:
    now = 1e9

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lockouts(said, database, clock):
    return Lockouts(said, database, clock)


def test_a_lockout(lockouts, said, clock):
    assert [lockouts.judge(entry()) for _ in range(4)] == [WRONG] * 3 + [LOCKED]
    assert lockouts.is_locked(entry())
    assert not lockouts.is_locked(entry("2"))
    assert lockouts.judge(entry("2", right=True)) == RIGHT
    assert said.lines == [
        ("warning", "a lockout begins", {"gate": "g", "kind": "caller", "who": "1", "seconds": 900}),
    ]
    clock.now += 900
    assert lockouts.judge(entry(right=True)) == RIGHT


def test_another_process_knows_of_it(lockouts, said, open_database, url, clock):
    judged = [lockouts.judge(entry()) for _ in range(3)]
    other = Lockouts(said, open_database(url), clock)
    assert [*judged, other.judge(entry(right=True)), other.is_locked(entry())] == [WRONG] * 3 + [LOCKED, True]


def test_calls_in_parallel_gain_nothing(said, open_database, url):
    processes = [Lockouts(said, open_database(url)) for _ in range(3)]
    lockout = Lockout(failures=5)
    with ThreadPoolExecutor(12) as pool:
        judged = Counter(pool.map(lambda number: processes[number % 3].judge(entry(lockout=lockout)), range(100)))
    assert judged == {WRONG: 5, LOCKED: 95}
    assert "the store is gone; going on with lockouts in memory" not in said.events


def test_nor_do_callers_and_customers_in_parallel(said, open_database, url):
    processes = [Lockouts(said, open_database(url)) for _ in range(3)]
    lockout = Lockout(failures=5, gate_failures=20)

    def call(number):
        customer = str(number % 7)
        return processes[number % 3].judge(entry(str(number), lockout=lockout, customer=customer))

    with ThreadPoolExecutor(12) as pool:
        judged = Counter(pool.map(call, range(60)))
    assert judged == {WRONG: 20, LOCKED: 40}
    assert "the store is gone; going on with lockouts in memory" not in said.events


@pytest.mark.parametrize("caller", ["\n" * 5000, "9" * 1000, "'; DROP TABLE vipgate_tallies; --"])
def test_a_hostile_number_counts_like_any_other(lockouts, caller):
    assert [lockouts.judge(entry(caller)) for _ in range(4)] == [WRONG] * 3 + [LOCKED]
    assert lockouts.judge(entry(right=True)) == RIGHT


def test_clearing(lockouts, database):
    for caller in "12":
        for _ in range(3):
            lockouts.judge(entry(caller))
    lockouts.judge(Entry("h", LIMITS, "1"))
    assert database.run(lambda connection: tallies.clear(connection, "g", "caller", "1")) == 1
    assert (lockouts.judge(entry(right=True)), lockouts.judge(entry("2", right=True))) == (RIGHT, LOCKED)
    kept = database.run(lambda connection: [item.account for item in tallies.kept(connection)])
    assert kept == [
        Account("g", "caller", "2"),
        Account("g", "gate", ""),
        Account("h", "caller", "1"),
        Account("h", "gate", ""),
    ]
    assert database.run(tallies.clear) == 4
    assert lockouts.judge(entry("2", right=True)) == RIGHT


def test_what_does_not_matter_is_forgotten(lockouts, database, clock):
    lockouts.judge(entry("1"))
    lockouts.judge(entry("2", right=True))
    database.run(lambda connection: tallies.forget(connection, clock.now + LIMITS.window + 1))
    both = [CALLER, CALLER._replace(who="2")]
    assert database.run(lambda connection: tallies.read(connection, both)) == {
        both[0]: Tally(),
        both[1]: Tally(right_at=clock.now),
    }


def test_an_entry_in_vain_takes_as_long_as_any_other(lockouts):
    for _ in range(3):
        lockouts.judge(entry("locked"))
    lockout = Lockout(failures=1000)
    times = {"locked": [], "free": []}
    for _ in range(30):
        for caller, all_times in times.items():
            started = time.perf_counter()
            lockouts.judge(entry(caller, lockout=lockout))
            all_times.append(time.perf_counter() - started)
    locked, free = (sorted(all_times)[15] for all_times in times.values())
    assert abs(locked - free) < 0.005, "a caller hears no 5 ms among the times that a telephone network takes"


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


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_what_is_forgotten_at_the_moment_of_an_entry(lockouts, database, open_database, url, monkeypatch, said):
    """The hourly clean-up of another process comes between what an entry does first and what it does then."""
    short = Lockout(failures=3, window=1, duration=1, longest=1)
    lockouts.judge(entry(lockout=short))
    other, threads = open_database(url), []
    other.open()
    insert_or_lock = tallies.insert_or_lock

    def forget(connection):
        return tallies.forget(connection, 2e9)

    def and_then(connection, *more):
        def execute(*statement):
            result = type(connection).execute(connection, *statement)
            if not threads:
                threads.append(threading.Thread(target=other.transact, args=(forget,)))
                threads[0].start()
                threads[0].join(0.3)
            return result

        connection.execute = execute
        return insert_or_lock(connection, *more)

    monkeypatch.setattr(tallies, "insert_or_lock", and_then)
    assert lockouts.judge(entry(lockout=short)) == WRONG
    threads[0].join()
    assert said.lines == []


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


def test_a_clock_that_jumps_back_lets_nobody_in(lockouts, clock):
    judged = [lockouts.judge(entry()) for _ in range(2)]
    clock.now -= 3600
    assert [*judged, *[lockouts.judge(entry()) for _ in range(2)]] == [WRONG] * 3 + [LOCKED]
    clock.now += 3600
    assert lockouts.judge(entry(right=True)) == RIGHT


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


def test_memory_alone(said, clock):
    lockouts = Lockouts(said, clock=clock)
    with ThreadPoolExecutor(12) as pool:
        judged = Counter(pool.map(lambda _: lockouts.judge(entry()), range(100)))
    assert judged == {WRONG: 3, LOCKED: 97}
    assert lockouts.is_locked(entry())


def test_memory_has_an_end(said, clock, monkeypatch):
    monkeypatch.setattr("vipgate_fs.store.lockouts.MOST", 10)
    lockouts = Lockouts(said, clock=clock)
    for number in range(100):
        lockouts.judge(entry(str(number)))
    assert len(lockouts._memory) == 10


COUNT = """
import sys
from vipgate_fs.gate.lockout import Entry, Lockout
from vipgate_fs.secret import Secret
from vipgate_fs.store.database import Database
from vipgate_fs.store.lockouts import Lockouts

class Log:
    def error(self, event, **values):
        sys.exit(f"{event}: {values}")
    info = warning = error

lockouts = Lockouts(Log(), Database(Secret(sys.argv[1]), Log()))
while True:
    lockouts.judge(Entry("g", Lockout(failures=1000000, gate_failures=1000000), "1"))
    print("counted", flush=True)
"""


def test_nothing_that_was_acknowledged_is_lost_when_processes_are_killed(said, open_database, url):
    told = 0
    for pause in (0.0, 0.01, 0.03, 0.05, 0.08):
        counting = [
            subprocess.Popen([sys.executable, "-c", COUNT, url.reveal()], stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        lines = [process.stdout.readline() for process in counting]
        time.sleep(pause)
        for process in counting:
            os.kill(process.pid, signal.SIGKILL)
        told += sum(
            len((line + process.communicate()[0]).splitlines()) for line, process in zip(lines, counting, strict=True)
        )
    with_all = open_database(url).run(lambda connection: tallies.read(connection, [CALLER]))
    assert told <= len(with_all[CALLER].failures) <= told + 10, (
        "each process had one entry at most that it told nobody of"
    )
    assert said.lines == []
