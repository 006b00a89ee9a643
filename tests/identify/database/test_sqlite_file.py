"""A CRM's SQLite file is read, and the CRM notices nothing."""

import os
import pwd
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from asking import a_call, database, failure
from building import built
from passable import let_everybody_pass

from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.step import StepFailed
from vipgate_fs.gate.verdict import AskForPin
from vipgate_fs.identify.database.sqlite_file import SqliteFile

PIN = AskForPin(Pin("0815"))
READ_SLOWLY = (
    "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 400000) "
    "SELECT pin FROM callers, (SELECT max(i) AS m FROM n) WHERE m > 1 AND number = :caller_number"
)


@pytest.fixture
def crm(tmp_path):
    """The path of a CRM's database in WAL mode, which nobody has open."""
    path = tmp_path / "crm" / "crm.db"
    path.parent.mkdir()
    with closing(opened(path)) as owner:
        owner.execute("PRAGMA journal_mode=WAL")
        owner.execute("CREATE TABLE callers (number TEXT, pin TEXT)")
        owner.execute("INSERT INTO callers VALUES ('004917612345678', '0815')")
    return path


def opened(path):
    return sqlite3.connect(path, isolation_level=None, timeout=20)


def written(owner, pin):
    owner.execute("UPDATE callers SET pin = ?", (pin,))


def beside(crm):
    return sorted(file.name for file in crm.parent.iterdir())


def step(crm, **timeouts):
    return database(f"sqlite:///{crm}", **timeouts)


def test_a_file_that_nobody_has_open_is_read_and_nothing_is_left(crm):
    asked = step(crm)
    for pin in ("0815", "0816", "0817"):
        with closing(opened(crm)) as owner:
            written(owner, pin)
        assert asked.identify(a_call()) == AskForPin(Pin(pin))
        assert beside(crm) == ["crm.db"]


def test_what_its_owner_has_just_written_is_read(crm):
    asked = step(crm)
    with closing(opened(crm)) as owner:
        for pin in ("0816", "0817", "0818"):
            written(owner, pin)
            before = beside(crm)
            assert asked.identify(a_call()) == AskForPin(Pin(pin))
            assert beside(crm) == before == ["crm.db", "crm.db-shm", "crm.db-wal"]
        owner.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert asked.identify(a_call()) == AskForPin(Pin("0818"))
    assert asked.identify(a_call()) == AskForPin(Pin("0818"))
    assert beside(crm) == ["crm.db"]


def test_an_owner_who_has_only_read_so_far_may_write_while_it_is_asked(crm):
    with closing(opened(crm)) as owner:
        assert owner.execute("SELECT count(*) FROM callers").fetchone() == (1,)
        assert step(crm).identify(a_call()) == PIN
        written(owner, "0816")
        assert step(crm).identify(a_call()) == AskForPin(Pin("0816"))
    assert beside(crm) == ["crm.db"]


def test_a_file_that_was_not_closed_is_read_with_all_that_was_written(crm):
    """Its owner was killed: -wal and -shm are left, and stay as they are."""
    program = (
        "import sqlite3, os, signal; c = sqlite3.connect(os.sys.argv[1], isolation_level=None);"
        "c.execute(\"UPDATE callers SET pin = '0816'\"); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", f"import sys; {program}", crm], check=False)
    left = {file.name: file.read_bytes() for file in crm.parent.iterdir() if not file.name.endswith("-shm")}
    assert len(left) == 2
    assert step(crm).identify(a_call()) == AskForPin(Pin("0816"))
    assert {file.name: file.read_bytes() for file in crm.parent.iterdir() if not file.name.endswith("-shm")} == left


def test_a_wal_without_its_shm_is_not_passed_over(crm):
    with closing(opened(crm)) as owner:
        written(owner, "0816")
        copy = crm.parent.parent / "copy" / "crm.db"
        copy.parent.mkdir()
        copy.write_bytes(crm.read_bytes())
        copy.with_name("crm.db-wal").write_bytes(crm.with_name("crm.db-wal").read_bytes())
    message = failure(step(copy))
    assert message == (
        "no connection to the database (OperationalError): its -wal is there without -shm: its owner must open it first"
    )
    assert beside(copy) == ["crm.db", "crm.db-wal"]


def as_nobody(work):
    """Does something as a user who may write nowhere; what it returns must be true."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    nobody = pwd.getpwnam("nobody")
    child = os.fork()
    if child == 0:
        try:
            os.setresgid(nobody.pw_gid, nobody.pw_gid, nobody.pw_gid)
            os.setresuid(nobody.pw_uid, nobody.pw_uid, nobody.pw_uid)
            os._exit(0 if work() else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("mode", [0o755, 0o777])
@pytest.mark.parametrize("open_now", [False, True])
def test_another_user_reads_it_wherever_they_may_write(crm, mode, open_now):
    """As a service in a folder of the CRM's, which may be writable for it by a common group."""
    let_everybody_pass(crm.parent)
    crm.parent.chmod(mode)
    crm.chmod(0o644)
    with closing(opened(crm)) as owner:
        if open_now:
            written(owner, "0815")
        else:
            owner.close()
        asked = step(crm)
        before = beside(crm)
        as_nobody(lambda: asked.identify(a_call()) == PIN)
        assert beside(crm) == before
    with closing(opened(crm)) as owner:
        written(owner, "0816")
    assert {file.stat().st_uid for file in crm.parent.iterdir()} == {os.geteuid()}


OWNER = """
import sqlite3, sys, contextlib
number = 1000
print("begun", flush=True)
while True:
    number += 1
    with contextlib.closing(sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)) as owner:
        owner.execute("UPDATE callers SET pin = ?", (str(number),))
    print(number, flush=True)
"""


def test_an_owner_who_comes_and_goes_disturbs_nobody_and_is_not_disturbed(crm):
    """Opens, writes and closes all the time: what is read is true, and nothing of ours is ever left."""
    asked, pins = step(crm, read=5, total=9), []
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, crm], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as owner:
        owner.stdout.readline()
        reading = threading.Thread(target=lambda: [owner.stdout.readline() for _ in range(300)])
        reading.start()
        while reading.is_alive():
            try:
                pins.append(asked.identify(a_call()))
            except StepFailed as failed:
                assert "was changed each time" in str(failed)
        assert owner.poll() is None, owner.stderr.read()
        owner.terminate()
    assert len(pins) > 10
    assert all(isinstance(pin, AskForPin) for pin in pins)
    with closing(opened(crm)) as after:
        written(after, "1")
    assert beside(crm) == ["crm.db"]


def test_what_changes_while_it_is_read_is_read_again(crm):
    """A file that was taken for constant is opened and changed by its owner in the middle of a question."""
    asked = built("database", {"url": f"sqlite:///{crm}", "query": READ_SLOWLY})
    answers = []
    thread = threading.Thread(target=lambda: answers.append(asked.identify(a_call())))
    thread.start()
    time.sleep(0.05)
    with closing(opened(crm)) as owner:
        written(owner, "0816")
        thread.join()
    assert answers == [AskForPin(Pin("0816"))]


def test_a_file_that_is_replaced_is_the_new_one(crm):
    asked = step(crm)
    assert asked.identify(a_call()) == PIN
    other = crm.with_name("new.db")
    with closing(opened(other)) as owner:
        owner.execute("CREATE TABLE callers (number TEXT, pin TEXT)")
        owner.execute("INSERT INTO callers VALUES ('004917612345678', '0817')")
    other.replace(crm)
    assert asked.identify(a_call()) == AskForPin(Pin("0817"))


def test_locks_of_this_process_on_the_same_file_stay(crm):
    """POSIX locks go with any descriptor that is closed: the question must close none on a file that we have open."""
    with closing(opened(crm)) as owner:
        owner.execute("PRAGMA journal_mode=DELETE")
        owner.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            assert step(crm).identify(a_call()) == PIN
        program = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0.1).execute('BEGIN IMMEDIATE')"
        other = subprocess.run([sys.executable, "-c", program, crm], capture_output=True, text=True, check=False)
        assert "database is locked" in other.stderr


def test_no_more_descriptors_are_open_than_questions_at_once(crm):
    asked = step(crm)
    asked.identify(a_call())
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(50):
        asked.identify(a_call())
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_whoever_locks_the_whole_file_is_waited_for_only_so_long(crm):
    file = SqliteFile(str(crm))
    with closing(opened(crm)) as owner:
        owner.execute("PRAGMA locking_mode=EXCLUSIVE")
        written(owner, "0816")
        started = time.monotonic()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            file.open(0.2)
        assert time.monotonic() - started < 2
