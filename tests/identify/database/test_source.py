import socket
import sqlite3
import threading
import time
from contextlib import closing, contextmanager

import database_servers
import pytest
import sqlalchemy
from asking import LOOKUP, a_call, database, failure, under_gevent
from building import built
from database_servers import PASSWORD
from ports import free_port

from vipgate_fs.aside import AT_ONCE
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.verdict import AskForPin
from vipgate_fs.identify.database import kinds
from vipgate_fs.identify.database.source import NoConnection, Source
from vipgate_fs.identify.timeouts import Timeouts


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM callers",
        "INSERT INTO callers VALUES ('1', '1')",
        "UPDATE callers SET pin = '1'",
        "DROP TABLE callers",
        "CREATE TABLE mine (pin INTEGER)",
        "SELECT 1 AS reject; DELETE FROM callers",
        "COMMIT; DELETE FROM callers",
    ],
)
def test_no_query_writes(database_url, query):
    assert failure(database(database_url, query))
    assert database_servers.administer(database_url, "SELECT count(*), max(pin) FROM callers") == (4, "0818")


def test_no_query_writes_by_the_way_of_a_select(postgresql_server):
    url = postgresql_server.url
    query = "WITH gone AS (DELETE FROM callers RETURNING pin) SELECT pin FROM gone LIMIT 1"
    assert failure(database(url, query)) == "the query failed (ReadOnlySqlTransaction 25006)"
    assert database_servers.administer(url, "SELECT count(*) FROM callers") == (4,)


def test_no_query_writes_to_a_mariadb_whose_proxy_forgets_what_was_set(mariadb_server, monkeypatch):
    monkeypatch.setattr(kinds, "_prepare_mariadb", lambda *_: None)
    assert failure(database(mariadb_server.url, "DELETE FROM callers"))
    assert database_servers.administer(mariadb_server.url, "SELECT count(*) FROM callers") == (4,)


def test_no_statement_is_prepared_which_a_pooler_would_not_find_again(postgresql_server):
    asked = database(postgresql_server.url, "SELECT count(*) AS forward FROM pg_prepared_statements WHERE :gate <> ''")
    assert {asked.identify(a_call()).target for _ in range(12)} == {"0"}


def test_it_may_be_asked_from_many_threads(database_url):
    asked, verdicts = database(database_url), []
    threads = [threading.Thread(target=lambda: verdicts.append(asked.identify(a_call()))) for _ in range(4 * AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == [AskForPin(Pin("0815"))] * len(threads)


SLEEP = {"postgresql": "SELECT pg_sleep(9)::text AS pin", "mariadb": "SELECT sleep(9) AS pin"}
ENDED = {"postgresql": "QueryCanceled 57014", "mariadb": "OperationalError 1969"}
ENDLESS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS pin FROM n"


@contextmanager
def takes(seconds, less_than=7.0):
    """So long at least, and much less than what would be waited for without a bound."""
    started = time.monotonic()
    yield
    assert seconds <= time.monotonic() - started < less_than


def test_a_slow_query_is_ended_by_the_database(database_server):
    asked = database(database_server.url, SLEEP[database_server.kind], read=0.3)
    with takes(0.25):
        assert failure(asked) == f"the query failed ({ENDED[database_server.kind]})"
    assert running_queries(database_server) == 0


def running_queries(server):
    tables = {
        "postgresql": "pg_stat_activity WHERE state = 'active' AND query LIKE '%%sleep(9)%%' AND pid <> pg_backend_pid()",
        "mariadb": "information_schema.processlist WHERE info LIKE '%%sleep(9)%%' AND id <> connection_id()",
    }
    return database_servers.administer(server.url, f"SELECT count(*) FROM {tables[server.kind]}")[0]


@contextmanager
def proxied(server):
    proxy = database_servers.Proxy(server.port)
    try:
        yield proxy
    finally:
        proxy.close()


def test_the_total_time_holds_when_the_database_falls_silent(database_server):
    with proxied(database_server) as proxy:
        asked = database(database_servers.url(database_server.kind, proxy.port), read=9, total=1.8)
        assert asked.identify(a_call()) == AskForPin(Pin("0815"))
        messages = []
        threads = [threading.Thread(target=lambda: messages.append(failure(asked))) for _ in range(AT_ONCE)]
        with takes(1.7):
            proxy.silent.set()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert messages == ["no answer from the database within 1.8 s"] * AT_ONCE
        proxy.silent.clear()
        assert asked.identify(a_call()) == AskForPin(Pin("0815")), "no connection waits on"


@pytest.mark.parametrize("kind", database_servers.URLS)
def test_the_total_time_holds_when_nothing_but_tcp_answers(kind):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asked = database(database_servers.url(kind, listener.getsockname()[1]), read=1, total=0.5)
        with takes(0.45):
            assert failure(asked) == "no answer from the database within 0.5 s"


@pytest.mark.parametrize("kind", database_servers.URLS)
def test_no_database_is_a_failure_that_says_why(kind):
    with takes(0):
        message = failure(database(database_servers.url(kind, free_port())))
    assert message.startswith("no connection to the database (OperationalError")
    assert "refused" in message
    assert PASSWORD not in message


def test_a_wrong_password_is_said_and_not_shown(database_server):
    asked = database(database_servers.url(database_server.kind, database_server.port, password="wr0ng-p4ss"))
    message = failure(asked)
    assert "password" in message
    assert "wr0ng-p4ss" not in message + repr(asked)


@pytest.mark.parametrize("which", ["password", "sslpassword"])
def test_a_driver_that_shows_the_password_is_not_quoted(which):
    url = sqlalchemy.make_url(database_servers.url("postgresql", 1))
    secret = "p@ss wörd/1"
    url = url.set(password=secret) if which == "password" else url.update_query_dict({which: secret})
    source = Source(url, LOOKUP, Timeouts(2.0, 3.0, 5.0))
    for written in ("p@ss wörd/1", "p%40ss%20w%C3%B6rd/1", "p%40ss%20w%C3%B6rd%2F1", "p%40ss+w%C3%B6rd%2F1"):
        error = NoConnection()
        error.__cause__ = sqlalchemy.exc.OperationalError(None, None, Exception(f"{written} was\nrefused"))
        assert source._described(error) == "no connection to the database (Exception): *** was refused"
    error.__cause__ = UnicodeEncodeError("latin-1", "ł0815", 0, 1, "ordinal not in range(256)")
    assert source._described(error) == "no connection to the database (UnicodeEncodeError)"


def test_the_password_may_come_from_the_environment(database_server, monkeypatch):
    monkeypatch.setenv("VIPGATE_TEST_PASSWORD", PASSWORD)
    url = database_server.url.replace(f":{PASSWORD}", "")
    values = {"url": url, "query": LOOKUP, "password": {"env": "VIPGATE_TEST_PASSWORD"}}
    asked = built("database", values)
    assert asked.identify(a_call()) == AskForPin(Pin("0815"))
    assert PASSWORD not in repr(asked)


@pytest.mark.parametrize("noticed", [False, True])
def test_a_database_that_was_started_anew_answers_the_next_call(database_server, noticed):
    asked = database(database_server.url)
    assert asked.identify(a_call()) is not None
    with database_server.stopped():
        if noticed:
            assert "no connection" in failure(asked)
    assert asked.identify(a_call()) == AskForPin(Pin("0815"))


def test_sqlite_is_given_up_in_time(sqlite):
    asked = database(sqlite, ENDLESS, total=0.4)
    with takes(0.35):
        assert failure(asked) == "no answer from the database within 0.4 s"
    before = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - before < 0.15, "nothing goes on in the background"


def test_a_locked_sqlite_file_is_waited_for_only_so_long(sqlite):
    with closing(sqlite3.connect(sqlite.removeprefix("sqlite:///"))) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with takes(0.3):
            assert (
                failure(database(sqlite, read=0.4))
                == "no connection to the database (OperationalError): database is locked"
            )
    assert database(sqlite).identify(a_call()) is not None


def test_a_missing_sqlite_file_is_not_made(tmp_path):
    asked = database(f"sqlite:///{tmp_path}/none.db")
    assert "unable to open database file" in failure(asked)
    assert list(tmp_path.iterdir()) == []


def calls_under_gevent(url, query):
    slow = {"url": url, "query": query, "timeouts": {"total": "5s", "read": "9s"}}
    under_gevent("database", slow, slow | {"query": LOOKUP})


def test_nobody_waits_for_another_ones_query_under_gevent(database_server):
    calls_under_gevent(database_server.url, SLEEP[database_server.kind])
    until = time.monotonic() + 6
    while running_queries(database_server):
        assert time.monotonic() < until, "the database goes on for nobody"
        time.sleep(0.1)


def test_nobody_waits_for_another_ones_query_under_gevent_in_sqlite(sqlite):
    calls_under_gevent(sqlite, ENDLESS)
