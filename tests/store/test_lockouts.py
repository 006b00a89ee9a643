"""Lockouts in real databases: counted exactly, by however many processes, and in memory."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

import pytest
from attempts import RIGHT_PIN, attempt_of, judge
from forked import Process
from running_service import until
from sqlalchemy import text

from vipgate_fs.gate.lockout import KNOWN_FOR, Account, Judgement, Lockout, Tally
from vipgate_fs.gate.memory import InMemory
from vipgate_fs.gate.pins import Pin
from vipgate_fs.store import tallies
from vipgate_fs.store.key import KeyFile
from vipgate_fs.store.ledger import Ledger

RIGHT, WRONG, LOCKED = Judgement.RIGHT, Judgement.WRONG, Judgement.LOCKED
LIMITS = Lockout(failures=3, gate_failures=1000)
CALLER = Account("g", "caller", "1")


def attempt(caller="1", lockout=LIMITS, **more):
    return attempt_of(caller, lockout, **more)


def known(database, *accounts):
    with database.reading() as connection:
        return Ledger(connection, database.dialect, KeyFile(None), reads=True).tallies(accounts)


@contextmanager
def being_judged(database, of, *, saved=True):
    """A transaction of another process that has judged a wrong attempt, and is not over yet; it may not be written yet, either."""
    with database.writing() as connection:
        ledger = Ledger(connection, database.dialect, KeyFile(None))
        ledger.load(of.accounts, {})
        assert ledger.judge(of, Pin(RIGHT_PIN), "1", 1e9)[0].judgement is WRONG
        if saved:
            ledger.save()
        yield
        if not saved:
            ledger.save()


def test_a_lockout(store, said, clock):
    assert [judge(store, attempt()) for _ in range(4)] == [WRONG] * 3 + [LOCKED]
    assert store.is_locked(attempt())
    assert not store.is_locked(attempt("2"))
    assert judge(store, attempt("2"), right=True) == RIGHT
    assert said.lines == [
        ("warning", "a lockout begins", {"gate": "g", "kind": "caller", "who": "1", "seconds": 900}),
    ]
    clock.now += 900
    assert judge(store, attempt(), right=True) == RIGHT


def test_lockouts_in_force_are_counted_by_the_store(store, database, clock):
    """Right attempts, proofs of them and lockouts that are over are none."""
    judge(store, attempt("7"), right=True)
    for caller in ("1", "1", "1", "2", "2", "2", "3"):
        judge(store, attempt(caller))

    def counted():
        return database.transact(lambda connection: tallies.count_locked(connection, clock.now), reads=True)

    assert counted() == 2
    database.transact(lambda connection: tallies.clear(connection, "g", ["caller"], "1"))
    assert counted() == 1
    clock.now += 900
    assert counted() == 0


def test_lockouts_in_force_are_counted_in_memory(said, clock):
    memory = InMemory(said, lambda: clock.now)
    judge(memory, attempt("7"), right=True)
    for caller in ("1", "1", "1", "2", "2", "2", "3"):
        judge(memory, attempt(caller))
    assert memory.lockouts == 2
    clock.now += 900
    assert memory.lockouts == 0


def test_another_process_knows_of_it(open_store):
    store, other = open_store(), open_store()
    judged = [judge(store, attempt()) for _ in range(3)]
    assert [*judged, judge(other, attempt(), right=True), other.is_locked(attempt())] == [WRONG] * 3 + [LOCKED, True]


def test_whether_a_caller_is_locked_out_is_asked_of_the_store(open_store, database):
    """What a process has seen itself is neither needed for it nor enough."""
    store, other = open_store(), open_store()
    assert [judge(store, attempt()) for _ in range(3)] == [WRONG] * 3
    assert (other.is_locked(attempt()), other.is_locked(attempt("2"))) == (True, False)
    database.transact(tallies.clear)
    assert (store.is_locked(attempt()), other.is_locked(attempt())) == (False, False)


def test_calls_in_parallel_gain_nothing(said, open_store):
    processes, lockout = [open_store() for _ in range(3)], Lockout(failures=5)
    with ThreadPoolExecutor(12) as pool:
        judged = Counter(pool.map(lambda number: judge(processes[number % 3], attempt(lockout=lockout)), range(100)))
    assert judged == {WRONG: 5, LOCKED: 95}
    assert said.events == ["a lockout begins"]


def test_nor_do_callers_and_customers_in_parallel(said, open_store):
    processes, lockout = [open_store() for _ in range(3)], Lockout(failures=5, gate_failures=20)

    def call(number):
        return judge(processes[number % 3], attempt(str(number), lockout, customer=str(number % 7)))

    with ThreadPoolExecutor(12) as pool:
        judged = Counter(pool.map(call, range(60)))
    assert judged == {WRONG: 20, LOCKED: 40}
    assert set(said.events) == {"a lockout begins"}


def test_whoever_judges_waits_for_another_process_that_does(open_store, open_database, url):
    """Else both would read the same tally, and each would take its attempt for the last that is allowed."""
    store, last = open_store(), attempt(lockout=Lockout(failures=1))
    with ThreadPoolExecutor(1) as pool:
        with being_judged(open_database(url), last):
            waiting = pool.submit(judge, store, last)
            time.sleep(0.3)
            assert not waiting.done()
        assert waiting.result(10) == LOCKED


@pytest.mark.parametrize("caller", ["\n" * 5000, "9" * 1000, "'; DROP TABLE vipgate_tallies; --", 'ä"\\'])
def test_a_hostile_number_counts_like_any_other(store, caller):
    assert [judge(store, attempt(caller)) for _ in range(4)] == [WRONG] * 3 + [LOCKED]
    assert judge(store, attempt(), right=True) == RIGHT


def test_clearing(store, database):
    for caller in "12":
        for _ in range(3):
            judge(store, attempt(caller))
    judge(store, attempt("1", gate="h"))
    assert database.transact(lambda connection: tallies.clear(connection, "g", ["caller"], "1")) == 1
    assert (judge(store, attempt(), right=True), judge(store, attempt("2"), right=True)) == (RIGHT, LOCKED)
    kept = database.transact(lambda connection: [item.account for item in tallies.kept(connection)])
    assert kept == [
        Account("g", "caller", "2"),
        Account("g", "gate", ""),
        Account("h", "caller", "1"),
        Account("h", "gate", ""),
    ]
    assert database.transact(tallies.clear) == 4
    assert judge(store, attempt("2"), right=True) == RIGHT


def test_what_is_cleared_while_somebody_is_judging_stays_cleared(open_database, url):
    database, locked = open_database(url), attempt(lockout=Lockout(failures=2))
    with being_judged(database, locked):
        pass
    with ThreadPoolExecutor(1) as pool:
        with being_judged(open_database(url), locked):
            clearing = pool.submit(database.transact, tallies.clear)
            time.sleep(0.3)
            assert not clearing.done()
        assert clearing.result(10) == 2
    assert known(database, locked.own)[locked.own].locked_until == 0.0


@pytest.mark.parametrize(
    "change", [tallies.clear, lambda connection: tallies.forget_known(connection, "g", " 1")], ids=["clear", "forget"]
)
def test_nobody_who_is_judging_writes_back_what_is_changed_before_they_write(open_database, url, change):
    """Only whoever holds the gate may change its accounts: they were read, and are not written yet."""
    database, locked = open_database(url), attempt(lockout=Lockout(failures=2))
    with being_judged(database, locked):
        pass
    with ThreadPoolExecutor(1) as pool:
        with being_judged(open_database(url), locked, saved=False):
            changing = pool.submit(database.transact, change)
            wait([changing], 0.3)
            assert not changing.done()
        changing.result(10)
    tally = known(database, locked.own)[locked.own]
    assert tally == Tally() if change is tallies.clear else (tally.failures, tally.locked_until > 0) == (2, True)


def test_known_callers_are_found_and_become_strangers_for_one_thing_after_the_other(store, database, clock):
    proved = [("g", "1", None), ("g", "1", "1001"), ("g", "2", "1001"), ("h", "1", None)]
    for gate, caller, customer in proved:
        judge(store, attempt(caller, customer=customer, gate=gate), right=True)
    judge(store, attempt("2", customer="1001"))

    def found(now=clock.now, **asked):
        listed = database.transact(lambda connection: tallies.known(connection, now, **asked))
        assert {each.since for each in listed} <= {clock.now}
        return [(each.gate, each.who, each.failures) for each in listed]

    def own(gate, who):
        account = Account(gate, "caller", who)
        return known(database, account)[account].right_at == clock.now

    def forget(gate, who):
        return database.transact(lambda connection: tallies.forget_known(connection, gate, who))

    everybody = [("g", " 1", 0), ("g", "1001 1", 0), ("g", "1001 2", 1), ("h", " 1", 0)]
    assert found() == everybody
    assert (found(part="1001"), found(part="%"), found(most=2)) == (everybody[1:3], [], everybody[:2])
    assert (found(after=("g", "1001 1")), found(clock.now + KNOWN_FOR)) == (everybody[2:], [])
    assert [forget("g", who) for who in ("1001 1", "1001 1", "1001", "nobody")] == [True, False, False, False]
    assert (found(), own("g", "1")) == ([everybody[0], *everybody[2:]], True)
    assert forget("g", " 1")
    assert (found(), own("g", "1"), own("g", "2"), own("h", "1")) == (everybody[2:], False, True, True)


def test_what_does_not_matter_is_forgotten(store, database, clock):
    judge(store, attempt("1"))
    judge(store, attempt("2"), right=True)
    database.transact(lambda connection: tallies.forget(connection, clock.now + LIMITS.forgive + 1))
    both = [CALLER, CALLER._replace(who="2")]
    assert known(database, *both) == {both[0]: Tally(), both[1]: Tally(right_at=clock.now)}


def test_an_attempt_in_vain_costs_the_same_transaction_as_any_other(store, database):
    """Else the time that it takes would tell that the caller is locked out: that of one fsync, for instance."""

    def written():
        return known(database, CALLER)[CALLER], store._writer.transactions

    for _ in range(3):
        judge(store, attempt())
    changes = []
    write = Ledger.save

    def save(ledger):
        changes.append(len(ledger.changed))
        write(ledger)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Ledger, "save", save)
        before, transactions = written()
        assert judge(store, attempt(), right=True) == LOCKED
        assert judge(store, attempt("other"), right=False) == WRONG
        after, more = written()
    assert (before == after, more - transactions, min(changes)) == (True, 2, 1)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_what_is_forgotten_at_the_moment_of_an_attempt(open_store, open_database, url, said):
    """The hourly clean-up of another process comes between what an attempt reads and what it writes."""
    store, short = open_store(), Lockout(failures=3, forgive=60, duration=60, longest=60)
    judge(store, attempt(lockout=short))
    other, read, threads = open_database(url), Ledger.load, []
    other.transact(lambda _: None)  # to connect may take longer than the attempt waits

    def and_then(ledger, *more):
        read(ledger, *more)
        if not threads:
            forget = (lambda connection: tallies.forget(connection, 2e9),)
            threads.append(threading.Thread(target=other.transact, args=forget))
            threads[0].start()
            threads[0].join(30)  # it waits for nobody: what others hold is left for the next time

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Ledger, "load", and_then)
        assert judge(store, attempt(lockout=short)) == WRONG
    assert not threads[0].is_alive()
    assert known(other, CALLER)[CALLER].failures == 2
    assert said.lines == []


def test_a_clock_that_jumps_back_lets_nobody_in(store, clock):
    judged = [judge(store, attempt()) for _ in range(3)]
    for back in (1, 3600):
        clock.now -= back
        judged.append(judge(store, attempt(), right=True))
    assert judged == [WRONG] * 3 + [LOCKED] * 2
    clock.now += 3601
    assert judge(store, attempt(), right=True) == LOCKED
    clock.now += 900
    assert judge(store, attempt(), right=True) == RIGHT


def test_memory_alone(said, clock):
    memory = InMemory(said, clock)
    with ThreadPoolExecutor(12) as pool:
        judged = Counter(pool.map(lambda _: judge(memory, attempt()), range(100)))
    assert judged == {WRONG: 3, LOCKED: 97}
    assert memory.is_locked(attempt())


def test_memory_has_an_end(said, clock, monkeypatch):
    monkeypatch.setattr("vipgate_fs.gate.memory.MOST", 10)
    memory = InMemory(said, clock)
    for number in range(100):
        judge(memory, attempt(str(number)))
    assert len(memory._tallies) == 10


COUNT = """
import sys, threading
from pathlib import Path
from vipgate_fs.gate.lockout import Attempt, Lockout
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.record import CallRecord
from vipgate_fs.secret import Secret
from vipgate_fs.store.store import Store

class Log:
    def error(self, event, **values):
        sys.stderr.write(f"{event}: {values}")
    info = warning = error

store = Store(Secret(sys.argv[1]), Path("none"), Log())
store.open()
attempt, pin = Attempt("g", Lockout(failures=1000000, gate_failures=1000000), "1"), Pin("1")

def count():
    while True:
        store.judge(attempt, pin, "2")
        sys.stdout.write("counted\\n")
        sys.stdout.flush()

threads = [threading.Thread(target=count) for _ in range(4)]
for thread in threads:
    thread.start()
"""


@pytest.mark.parametrize("pause", [0.0, 0.01, 0.03, 0.05, 0.08])
def test_nothing_that_was_acknowledged_is_lost_when_processes_are_killed(open_database, url, pause, tmp_path):
    outs = [tmp_path / "one", tmp_path / "other"]
    counting = [Process(COUNT, url.reveal(), out=out) for out in outs]
    try:
        until(lambda: all(out.is_file() and out.read_text() for out in outs))
        time.sleep(pause)
    finally:
        for process in counting:
            process.destroy()
    answered = sum(len(out.read_text().splitlines()) for out in outs)
    failures = known(open_database(url), CALLER)[CALLER].failures
    assert answered <= failures <= answered + 8, "each thread had one attempt at most that it told nobody of"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_is_acknowledged_is_on_the_disk(database, url):
    with database.writing() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert database.transact(lambda connection: connection.execute(text("PRAGMA journal_mode")).scalar()) == "wal"


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_postgresql_ends_what_nobody_waits_for_any_more(database):
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "application_name")
    with database.reading() as connection:
        kept = [connection.execute(f"SHOW {name}").fetchone()[0] for name in names]
    assert kept == ["2s", "1s", "5s", "vipgate"]
