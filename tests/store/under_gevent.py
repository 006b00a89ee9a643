# ruff: noqa: E402 - first gevent patches
"""Run by test_gevent: entries are judged by a store that hangs, while a greenlet wants to run every 10 ms."""

from gevent import monkey

monkey.patch_all()

import sys
import time
from collections import Counter
from pathlib import Path

import gevent
from attempts import attempt_of, judge

from vipgate_fs.gate.lockout import Judgement
from vipgate_fs.gate.pins import Unchecked
from vipgate_fs.gate.record import CallRecord
from vipgate_fs.secret import Secret
from vipgate_fs.store import dialect
from vipgate_fs.store.store import Store

CALLS = 50
dialect.PATIENCE, dialect.HANG, dialect.RETRY = 1.0, 2.5, 1.0
RECORD = CallRecord("1", 1e9, "g", "1", "2", "pass", 0, "passed", None, "", 0.0, 0.0)


class Log:
    def __getattr__(self, level):
        return lambda event, **values: say(level, event, values)


def checked(store):
    """What an attempt is worth; None: it can't be checked."""
    try:
        return judge(store, attempt_of())
    except Unchecked:
        return None


def main(url, key_file):
    store = Store(Secret(url), Path(key_file), Log())
    store.open()
    assert checked(store) == Judgement.WRONG
    say("ready")
    sys.stdin.readline()
    pauses = []
    ticking = gevent.spawn(tick, pauses)
    first = all_at_once(store)
    assert first == {None: CALLS}, first
    while (last := checked(store)) is None:
        pass
    assert (last, store.gone_since is not None) == (Judgement.WRONG, True)
    second = all_at_once(store)
    assert second == {Judgement.WRONG: 3, Judgement.LOCKED: CALLS - 3}, second
    ticking.kill()
    assert max(pauses) < 0.25, f"other calls waited {max(pauses):.2f} s"
    say("done")
    sys.stdin.readline()
    while store.gone_since is not None:
        gevent.sleep(0.05)
    assert checked(store) == Judgement.LOCKED
    store.close()
    say("ended")


def all_at_once(store):
    started = time.monotonic()
    judging = [gevent.spawn(checked, store) for _ in range(CALLS)]
    store.record(RECORD)
    gevent.joinall(judging, raise_error=True)
    took = time.monotonic() - started
    assert took < dialect.PATIENCE + 0.5, f"{took:.2f} s"
    return Counter(greenlet.value for greenlet in judging)


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def tick(pauses):
    while True:
        before = time.monotonic()
        gevent.sleep(0.01)
        pauses.append(time.monotonic() - before)


main(*sys.argv[1:])
