"""Lockouts in real databases: counted exactly, by however many processes, and in memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from vipgate_fs.gate.lockout import Account, Entry, Judgement, Lockout, Tally
from vipgate_fs.store import tallies
from vipgate_fs.store.lockouts import Lockouts

RIGHT, WRONG, LOCKED = Judgement.RIGHT, Judgement.WRONG, Judgement.LOCKED
LIMITS = Lockout(failures=3, gate_failures=1000)
CALLER = Account("g", "caller", "1")
GONE = "the store is gone; going on with lockouts in memory"


def entry(caller="1", right=False, lockout=LIMITS, **more):
    return Entry("g", lockout, caller, right=right, **more)


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
    assert GONE not in said.events


def test_nor_do_callers_and_customers_in_parallel(said, open_database, url):
    processes = [Lockouts(said, open_database(url)) for _ in range(3)]
    lockout = Lockout(failures=5, gate_failures=20)

    def call(number):
        customer = str(number % 7)
        return processes[number % 3].judge(entry(str(number), lockout=lockout, customer=customer))

    with ThreadPoolExecutor(12) as pool:
        judged = Counter(pool.map(call, range(60)))
    assert judged == {WRONG: 20, LOCKED: 40}
    assert GONE not in said.events


@pytest.mark.parametrize("caller", ["\n" * 5000, "9" * 1000, "'; DROP TABLE vipgate_tallies; --"])
def test_a_hostile_number_counts_like_any_other(lockouts, caller):
    assert [lockouts.judge(entry(caller)) for _ in range(4)] == [WRONG] * 3 + [LOCKED]
    assert lockouts.judge(entry(right=True)) == RIGHT


def test_clearing(lockouts, database):
    for caller in "12":
        for _ in range(3):
            lockouts.judge(entry(caller))
    lockouts.judge(Entry("h", LIMITS, "1"))
    assert database.run(lambda connection: tallies.clear(connection, "g", ["caller"], "1")) == 1
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


def test_a_clock_that_jumps_back_lets_nobody_in(lockouts, clock):
    judged = [lockouts.judge(entry()) for _ in range(2)]
    clock.now -= 3600
    assert [*judged, *[lockouts.judge(entry()) for _ in range(2)]] == [WRONG] * 3 + [LOCKED]
    clock.now += 3600
    assert lockouts.judge(entry(right=True)) == RIGHT


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
