# ruff: noqa: E402 - first gevent patches
"""Run by test_gevent: entries are judged by a store that hangs, while a greenlet wants to run every 10 ms."""

from gevent import monkey

monkey.patch_all()

import sys
import time
from collections import Counter

import gevent

from vipgate_fs.gate.lockout import Entry, Judgement, Lockout
from vipgate_fs.secret import Secret
from vipgate_fs.store import database as database_module
from vipgate_fs.store import records as records_module
from vipgate_fs.store.database import PATIENCE, Database
from vipgate_fs.store.lockouts import Lockouts
from vipgate_fs.store.records import CallRecord, Recorder

CALLS = 50
database_module.RETRY = records_module.RETRY = 1.0
RECORD = CallRecord("1", 1e9, "g", "1", "2", "pass", 0, "passed", None, "", 0.0, 0.0)


class Log:
    def __getattr__(self, level):
        return lambda event, **values: say(level, event, values)


def main(url):
    database = Database(Secret(url), Log())
    lockouts, recorder = Lockouts(Log(), database), Recorder(database, Log(), retention=1e10)
    entry = Entry("g", Lockout(), "1")
    recorder.start()
    assert lockouts.judge(entry) == Judgement.WRONG
    say("ready")
    sys.stdin.readline()
    pauses = []
    ticking = gevent.spawn(tick, pauses)
    started = time.monotonic()
    judging = [gevent.spawn(lockouts.judge, entry) for _ in range(CALLS)]
    recorder.record(RECORD)
    gevent.joinall(judging, raise_error=True)
    took = time.monotonic() - started
    ticking.kill()
    judged = Counter(greenlet.value for greenlet in judging)
    assert judged == {Judgement.WRONG: 4, Judgement.LOCKED: CALLS - 4}, judged
    assert PATIENCE * 0.4 < took < PATIENCE + 0.7, f"{took:.2f} s"
    assert max(pauses) < 0.25, f"other calls waited {max(pauses):.2f} s"
    say("done")
    sys.stdin.readline()
    gevent.sleep(1.5)
    assert lockouts.judge(entry) == Judgement.LOCKED
    recorder.close()
    say("ended")


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def tick(pauses):
    while True:
        before = time.monotonic()
        gevent.sleep(0.01)
        pauses.append(time.monotonic() - before)


main(sys.argv[1])
