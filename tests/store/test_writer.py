"""Group commit: what waits at the same moment is one transaction, and whoever is alone waits for nobody."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from attempts import attempt_of, judge

from vipgate_fs.gate.lockout import Judgement, Lockout
from vipgate_fs.gate.pins import Unchecked
from vipgate_fs.store import writer
from vipgate_fs.store.ledger import Ledger

LIMITS = Lockout(failures=10_000, gate_failures=10_000)


def test_many_attempts_at_once_are_few_transactions(store):
    before = store._writer.transactions
    with ThreadPoolExecutor(100) as pool:
        judged = list(pool.map(lambda number: judge(store, attempt_of(str(number), LIMITS)), range(1000)))
    assert judged == [Judgement.WRONG] * 1000
    assert store._writer.transactions - before < 250


def test_what_comes_during_a_transaction_goes_with_the_next(store, monkeypatch):
    judge(store, attempt_of(lockout=LIMITS))
    save, begun, go_on = Ledger.save, threading.Event(), threading.Event()

    def wait(ledger):
        begun.set()
        go_on.wait(10)
        save(ledger)

    monkeypatch.setattr(Ledger, "save", wait)
    with ThreadPoolExecutor(51) as pool:
        first = pool.submit(judge, store, attempt_of(lockout=LIMITS))
        begun.wait(10)
        others = [pool.submit(judge, store, attempt_of(lockout=LIMITS)) for _ in range(50)]
        while len(store._writer._attempts) < 50:
            pass
        before = store._writer.transactions
        go_on.set()
        assert [each.result(10) for each in (first, *others)] == [Judgement.WRONG] * 51
    assert store._writer.transactions - before == 2


def test_who_is_alone_waits_for_no_window(store, monkeypatch):
    slept = []
    monkeypatch.setattr(writer.time, "sleep", slept.append)
    judge(store, attempt_of())
    assert slept == []


def test_an_attempt_and_the_record_of_a_call_are_one_transaction(store, database):
    before = store._writer.transactions
    judge(store, attempt_of())
    assert store._writer.transactions - before == 1


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_statements_are_prepared_once(store):
    for number in range(20):
        judge(store, attempt_of(str(number), LIMITS))
    with store._database.writing() as connection:
        prepared = connection.execute("SELECT statement FROM pg_prepared_statements").fetchall()
    assert len(prepared) >= 3
    assert len(prepared) == len(set(prepared))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_rows_that_are_written_together_are_few_statements(store):
    """Counted: with each of them, SQLite's driver lets go of Python's lock and waits for it."""
    run = []
    with store._database.writing() as connection:
        connection.set_trace_callback(run.append)
    with ThreadPoolExecutor(100) as pool:
        list(pool.map(lambda number: judge(store, attempt_of(str(number), LIMITS)), range(1000)))
    assert len([statement for statement in run if "INSERT INTO vipgate_tallies" in statement]) < 500


def test_an_error_of_our_own_ends_one_attempt_and_not_all(store, said, monkeypatch):
    def fail(*_):
        raise RuntimeError("a mistake of ours")

    with monkeypatch.context() as patched:
        patched.setattr(store._meanwhile, "learn", fail)
        with pytest.raises(Unchecked):
            judge(store, attempt_of(lockout=LIMITS))
    assert judge(store, attempt_of(lockout=LIMITS)) == Judgement.WRONG
    assert said.events == ["error while writing to the store"]


def test_nothing_is_remembered_of_callers_who_did_nothing_wrong(store):
    for number in range(200):
        judge(store, attempt_of("", LIMITS, customer=str(number)), right=True)
    assert (len(store._meanwhile._tallies), len(store._meanwhile._limits)) == (0, 0)
