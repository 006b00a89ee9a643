"""A store that is gone, slow, busy or full, or is asked what it can't do: what callers and other processes notice."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from attempts import attempt_of, judge
from sqlalchemy import text
from store.conftest import until

from vipgate_fs.gate.lockout import Judgement, Lockout
from vipgate_fs.gate.pins import Unchecked
from vipgate_fs.secret import Secret
from vipgate_fs.store import dialect, tallies
from vipgate_fs.store import store as store_module
from vipgate_fs.store.ledger import Ledger

RIGHT, WRONG, LOCKED = Judgement.RIGHT, Judgement.WRONG, Judgement.LOCKED
LIMITS = Lockout(failures=3, gate_failures=1000)
GONE, BACK = "store unavailable, counting lockouts in memory", "store available again"


def attempt(caller="1", lockout=LIMITS):
    return attempt_of(caller, lockout)


def judged_or_not(store, attempt, *, right=False):
    """What an attempt is worth; None: it could not be checked."""
    try:
        return judge(store, attempt, right=right)
    except Unchecked:
        return None


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(dialect, "PATIENCE", 0.3)
    monkeypatch.setattr(dialect, "HANG", 1.0)
    monkeypatch.setattr(dialect, "RETRY", 0.2)
    monkeypatch.setattr("vipgate_fs.store.sqlite.MOMENT", 0.2)


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "state" / "vipgate.db"
    file.parent.mkdir()
    return file


@pytest.fixture
def file_store(file, open_store_at):
    return open_store_at(Secret(f"sqlite:///{file}"))


@contextmanager
def blocked(file):
    """Somebody else holds a SQLite store."""
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


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
def test_a_store_that_is_gone_and_comes_back(impatient, said, file, file_store, how):
    do, undo = BREAKING[how]
    judged = [judge(file_store, attempt()) for _ in range(2)]
    do(file)
    for leftover in file.parent.glob("vipgate.db-*"):
        leftover.unlink()
    judged += [judge(file_store, attempt()) for _ in range(2)]
    assert judged == [WRONG] * 3 + [LOCKED], "what was counted before counts in memory"
    undo(file)
    until(lambda: BACK in said.events)
    assert judge(file_store, attempt(), right=True) == LOCKED, "what was counted in memory counts in the store"
    with closing(sqlite3.connect(file)) as connection:
        locked = "SELECT count(*) FROM vipgate_tallies WHERE locked_until > 0"
        until(lambda: connection.execute(locked).fetchall() == [(1,)])
    story = (GONE, "a lockout begins", BACK)
    assert [event for event in said.events if event in story] == [*story]


def test_to_delete_the_file_frees_nobody(said, file, file_store, open_store_at):
    """Neither a caller who was locked out here, nor at another worker, as soon as this one has noticed."""
    for _ in range(3):
        judge(file_store, attempt())
    for each in file.parent.iterdir():
        each.unlink()
    assert judge(file_store, attempt(), right=True) == LOCKED
    assert ("error", "store removed or replaced, writing the lockouts known here to the new one") in [
        line[:2] for line in said.lines
    ]
    other = open_store_at(Secret(f"sqlite:///{file}"))
    until(lambda: judge(other, attempt(), right=True) == LOCKED)


def test_it_is_noticed_also_when_nobody_calls(said, file, open_store_at, monkeypatch):
    monkeypatch.setattr(store_module, "REFRESH", 0.05)
    store = open_store_at(Secret(f"sqlite:///{file}"))
    for _ in range(3):
        judge(store, attempt())
    for each in file.parent.iterdir():
        each.unlink()
    until(lambda: any(event.startswith("store removed") for event in said.events))
    other = open_store_at(Secret(f"sqlite:///{file}"))
    until(lambda: judge(other, attempt(), right=True) == LOCKED)


def test_a_store_that_all_users_can_get_at_is_reported(said, file, open_store_at):
    file.touch()
    file.chmod(0o666)
    open_store_at(Secret(f"sqlite:///{file}"))
    ((level, _, values),) = said.lines
    assert level == "error"
    assert values["why"] == f"{file} is open to all users (mode 0666); chmod o-rwx {file}"


@pytest.mark.parametrize(
    ("pragma", "why"),
    [("max_page_count = 1", "database or disk is full"), ("query_only = 1", "attempt to write a readonly database")],
)
def test_a_store_that_takes_no_more(said, file_store, monkeypatch, pragma, why):
    begin = file_store._database.dialect.begin

    def begin_broken(connection):
        connection.execute(f"PRAGMA {pragma}")
        begin(connection)

    judge(file_store, attempt())
    monkeypatch.setattr(file_store._database.dialect, "begin", begin_broken)
    judged = Counter(judge(file_store, attempt("\u00e4" * 60 + str(number))) for number in range(100))
    assert judged == {WRONG: 100}
    ((level, event, values),) = said.lines
    assert (level, event, values["why"]) == ("error", GONE, why)


class Wrong:
    """A credential with a fault."""

    def matches(self, entered, known):
        return {}["missing"]


def test_an_attempt_that_the_store_refuses_harms_no_other(store, said):
    """One caller must not be able to take the store from all."""
    with ThreadPoolExecutor(20) as pool:
        wrong = [pool.submit(store.judge, attempt(), Wrong(), "1") for _ in range(5)]
        right = [pool.submit(judge, store, attempt("2"), right=True) for _ in range(15)]
    assert [type(each.exception()) for each in wrong] == [Unchecked] * 5
    assert [each.result() for each in right] == [RIGHT] * 15
    assert said.events == ["the store refused a piece of work"] * 5


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_nor_does_a_text_that_postgresql_does_not_take(store, said):
    assert [judged_or_not(store, attempt("49\0")) for _ in range(2)] == [None, None]
    assert judge(store, attempt("2"), right=True) == RIGHT
    assert GONE not in said.events


def test_what_was_counted_without_the_store_is_known_to_others_as_soon_as_it_is_back(
    impatient, open_store, said, monkeypatch
):
    monkeypatch.setattr("vipgate_fs.store.meanwhile.SAVED_AT_ONCE", 4)
    monkeypatch.setattr("vipgate_fs.store.writer.SAVED_AT_ONCE", 4)
    store, other = open_store(), open_store()
    judge(other, attempt("9"))
    with monkeypatch.context() as patched:
        patched.setattr(store._database, "_connected", lambda: (_ for _ in ()).throw(OSError("away")))
        for number in range(10):
            assert [judge(store, attempt(str(number))) for _ in range(3)] == [WRONG] * 3
    until(lambda: not store._meanwhile._unsaved)
    assert [judge(other, attempt(str(number)), right=True) for number in range(10)] == [LOCKED] * 10


def test_one_account_that_the_store_refuses_takes_no_other_with_it(impatient, open_store, monkeypatch, said):
    store, save = open_store(), Ledger.save

    def refuse(ledger):
        if any(account.who == "bad" for account in ledger.changed):
            raise ValueError("not this one")
        save(ledger)

    with monkeypatch.context() as patched:
        patched.setattr(store._database, "_connected", lambda: (_ for _ in ()).throw(OSError("away")))
        for caller in ("good", "bad", "fine"):
            assert [judge(store, attempt(caller)) for _ in range(3)] == [WRONG] * 3
        patched.setattr(Ledger, "save", refuse)
        patched.undo()
        patched.setattr(Ledger, "save", refuse)
        until(lambda: not store._meanwhile._unsaved)
    other = open_store()
    assert [judge(other, attempt(caller), right=True) for caller in ("good", "bad", "fine")] == [LOCKED, RIGHT, LOCKED]
    assert "the store refused a piece of work" in said.events


def test_who_makes_a_store_waits_for_another_who_does(open_database, tmp_path):
    """SQLite refuses the change to WAL at once, instead of waiting."""
    file = tmp_path / "vipgate.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, other.execute, ["COMMIT"])
    timer.start()
    open_database(Secret(f"sqlite:///{file}")).transact(lambda _: None)
    timer.join()
    other.close()


COUNT_STEPS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM vipgate_time_steps").fetchone()[0])
"""


def test_nothing_that_this_process_does_takes_sqlites_locks_from_it(said, file, file_store, open_database):
    """Else another process that closes the file deletes the log of what was acknowledged here."""

    def write(name):
        insert = text(f"INSERT INTO vipgate_time_steps VALUES ('{name}', 1)")
        file_store._database.transact(lambda connection: connection.execute(insert))

    def counted_elsewhere():
        command = [sys.executable, "-c", COUNT_STEPS, file]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    write("before")
    file_store._writer.lose(TimeoutError())
    open_database(Secret(f"sqlite:///{file}")).transact(lambda connection: connection.execute(text("SELECT 1")).all())
    assert counted_elsewhere() == "1\n"
    write("after")
    assert counted_elsewhere() == "2\n"


def test_what_was_cleared_in_the_store_is_not_remembered_without_it(store, database, monkeypatch):
    for _ in range(3):
        judge(store, attempt())
    database.transact(tallies.clear)
    assert judge(store, attempt("2"), right=True) == RIGHT
    assert judge(store, attempt(), right=True) == RIGHT
    with monkeypatch.context() as patched:
        patched.setattr(store._database, "_connected", lambda: (_ for _ in ()).throw(OSError("away")))
        assert [judge(store, attempt()) for _ in range(3)] == [WRONG] * 3


def test_a_busy_store_is_waited_for_and_not_lost(said, file, file_store):
    judge(file_store, attempt())
    with ThreadPoolExecutor(20) as pool:
        with blocked(file):
            waiting = [pool.submit(judge, file_store, attempt()) for _ in range(20)]
            time.sleep(0.7)
            assert not any(each.done() for each in waiting)
        judged = Counter(each.result() for each in waiting)
    assert judged == {WRONG: 2, LOCKED: 18}
    assert said.events == ["a lockout begins"]


def test_who_waited_long_enough_can_not_be_checked_and_has_no_fresh_tally(impatient, said, file, file_store):
    judge(file_store, attempt())
    with blocked(file), ThreadPoolExecutor(20) as pool:
        started = time.monotonic()
        judged = Counter(pool.map(lambda _: judged_or_not(file_store, attempt()), range(20)))
        assert time.monotonic() - started < 5, "one after the other they would wait for 6 s"
    assert judged == {None: 20}
    assert [judge(file_store, attempt()) for _ in range(3)] == [WRONG, WRONG, LOCKED], "what was not checked is no try"
    assert GONE not in said.events


def test_a_store_that_finishes_nothing_for_long_is_gone(impatient, said, file, file_store):
    judge(file_store, attempt())
    with blocked(file):
        until(lambda: judged_or_not(file_store, attempt()) is not None)
        assert judge(file_store, attempt()) == LOCKED or judge(file_store, attempt()) == LOCKED
        assert GONE in said.events
    until(lambda: BACK in said.events)
    assert judge(file_store, attempt(), right=True) == LOCKED


@pytest.mark.parametrize("seconds", [0.005, 0.05])
def test_limits_are_exact_however_slow_the_disk_is(open_store, said, seconds, monkeypatch):
    """Eight workers, each with fifty callers at once, and a disk that takes so long for each fsync."""
    save = Ledger.save

    def save_slowly(ledger):
        save(ledger)
        time.sleep(seconds)

    monkeypatch.setattr(Ledger, "save", save_slowly)
    workers, lockout = [open_store() for _ in range(8)], Lockout(failures=5, gate_failures=50)
    with ThreadPoolExecutor(100) as pool:
        judged = Counter(
            pool.map(lambda number: judged_or_not(workers[number % 8], attempt(str(number), lockout)), range(400))
        )
    assert judged[WRONG] == 50
    assert judged[WRONG] + judged[LOCKED] + judged[None] == 400
    assert GONE not in said.events


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_nobody_waits_for_any_more_has_not_happened(impatient, store, database, said, monkeypatch):
    """Else a guest PIN would be used up whose caller was told that it can't be checked."""
    monkeypatch.setattr(dialect, "HANG", 3.0)  # long after the caller's patience, on a busy machine too
    judge(store, attempt())
    save, slow = Ledger.save, threading.Event()

    def hang(ledger):
        save(ledger)
        slow.wait(20)

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "save", hang)
        assert judged_or_not(store, attempt()) is None
        until(lambda: GONE in said.events)
        patched.undo()
    slow.set()
    until(lambda: BACK in said.events)
    count = text("SELECT failures FROM vipgate_tallies WHERE kind = 'caller'")
    assert database.transact(lambda connection: connection.execute(count).scalar_one()) == 1


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_postgresql_stopped_and_started(impatient, said, store, postgresql):
    judged = [judge(store, attempt("restart")) for _ in range(2)]
    postgresql.stop()
    try:
        judged += [judge(store, attempt("restart")) for _ in range(2)]
    finally:
        postgresql.start()
    until(lambda: BACK in said.events)
    assert [*judged, judge(store, attempt("restart"), right=True)] == [WRONG] * 3 + [LOCKED] * 2
    assert not any("s3cr3t" in str(line) for line in said.lines)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_postgresql_started_again_between_two_attempts_is_not_missed(said, store, postgresql):
    judge(store, attempt("again"))
    postgresql.stop()
    postgresql.start()
    assert judge(store, attempt("again")) == WRONG
    assert GONE not in said.events
