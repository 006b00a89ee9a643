import re
import socket
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

import database_servers
import pytest
import sqlalchemy
import yaml
from asking import STRANGER, VIP, a_call, configured, under_gevent
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs import identify
from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.gate.dialable import is_dialable
from vipgate_fs.gate.gate import StepFailed
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject
from vipgate_fs.identify.aside import AT_ONCE
from vipgate_fs.identify.database import _verdict
from vipgate_fs.identify.sql import Source
from vipgate_fs.identify.timeouts import Timeouts
from vipgate_fs.resources import resource

PASSWORD = database_servers.PASSWORD
CALLERS = [
    "CREATE TABLE callers (number VARCHAR(40), pin VARCHAR(20))",
    "INSERT INTO callers VALUES ('004917612345678', '0815'), ('7001', '0816'), ('', '0817'), ('x''y', '0818')",
]
SERVERS = ("postgresql", "mariadb")
LOOKUP = "SELECT pin FROM callers WHERE number = :caller_number"


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'callers.db'}"
    administer(url, *CALLERS)
    return url


@pytest.fixture(scope="module")
def postgresql_server():
    with database_servers.postgresql() as server:
        when_ready(server.url, *CALLERS)
        yield server


@pytest.fixture(scope="module")
def mariadb_server():
    with database_servers.mariadb() as server:
        when_ready(server.url, *CALLERS)
        yield server


@pytest.fixture(params=SERVERS)
def server(request):
    return request.getfixturevalue(f"{request.param}_server")


@pytest.fixture(params=["sqlite", *SERVERS])
def url(request):
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite")
    return request.getfixturevalue(f"{request.param}_server").url


def administer(url, *statements):
    """Runs statements as somebody who may write; the first row of the last one."""
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    try:
        with engine.begin() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
            return tuple(result.first()) if result.returns_rows else None
    finally:
        engine.dispose()


def when_ready(url, *statements):
    """The same as soon as the server, which listens before it is ready, is ready."""
    until = time.monotonic() + 20
    while True:
        try:
            return administer(url, *statements)
        except sqlalchemy.exc.OperationalError:
            assert time.monotonic() < until
            time.sleep(0.1)


def step(url, query=LOOKUP, **timeouts):
    timeouts = {name: f"{seconds}s" for name, seconds in timeouts.items()}
    return identify.build("database", configured({"url": url, "query": query, "timeouts": timeouts}))


def failure(asked, call=None):
    with pytest.raises(StepFailed) as failed:
        asked.identify(call or a_call())
    return str(failed.value)


@pytest.mark.parametrize(
    ("caller", "verdict"),
    [
        (VIP, AskForPin(Pin("0815"))),
        ("7001", AskForPin(Pin("0816"))),
        (WITHHELD, AskForPin(Pin("0817"))),
        ("x'y", AskForPin(Pin("0818"))),
        (STRANGER, None),
        ("x' OR '1'='1", None),
        ("%", None),
        ("1; DROP TABLE callers", None),
    ],
)
def test_a_caller_is_looked_up_and_can_say_nothing_to_the_database(url, caller, verdict):
    assert step(url).identify(a_call(caller)) == verdict


@pytest.mark.parametrize(
    ("query", "verdict"),
    [
        ("'0815' AS pin", AskForPin(Pin("0815"))),
        ("'0815' AS PIN", AskForPin(Pin("0815"))),
        ("'0815' AS expectedPIN", AskForPin(Pin("0815"))),
        ("815 AS pin", AskForPin(Pin("815"))),
        ("CAST(815 AS DECIMAL(10, 2)) AS pin", AskForPin(Pin("815"))),
        ("CAST('815' AS CHAR(9)) AS pin", AskForPin(Pin("815"))),
        ("'1' AS pin, '100' AS FORWARDCORRECTPIN, 120 AS forwardincorrectpin", AskForPin(Pin("1"), "100", "120")),
        ("'1' AS pin, NULL AS forwardCorrectPIN, 2 AS maxRetries", AskForPin(Pin("1"), attempts=3)),
        ("'1' AS pin, 2 AS attempts, NULL AS maxRetries, NULL AS reject", AskForPin(Pin("1"), attempts=2)),
        ("1 AS reject", Reject()),
        ("0 AS reject, NULL AS forward, NULL AS pin", Pass()),
        ("1 = 1 AS reject", Reject()),
        ("1 = 0 AS reject", Pass()),
        ("'100' AS forward", Forward("100")),
        ("100 AS forward", Forward("100")),
        ("NULL AS reject, NULL AS pin", None),
        ("max(pin) AS pin FROM callers WHERE number = 'nobody'", None),
        ("pin FROM callers WHERE number LIKE '%8' AND '%s' = '%' || 's' AND :caller_number = 'x'", None),
        (
            "CASE WHEN :called_number = '7000' AND :caller_name = 'Bob' AND :gate = 'support' THEN 1 END AS reject",
            Reject(),
        ),
        ("'12:30' AS pin WHERE 1 = 0", None),
    ],
)
def test_a_row_says_a_verdict(url, query, verdict):
    assert step(url, f"SELECT {query}").identify(a_call(caller_name="Bob")) == verdict


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT pin FROM callers", "more than one row"),
        ("SELECT '12a4' AS pin", "expectedPIN is no PIN"),
        ("SELECT '' AS pin", "expectedPIN is no PIN"),
        ("SELECT -1 AS pin", "expectedPIN is no PIN"),
        ("SELECT 0.5 AS pin", "expectedPIN is no PIN"),
        ("SELECT 2 AS reject", "not a verdict"),
        ("SELECT 'yes' AS reject", "not a verdict"),
        ("SELECT 0 AS reject, '4711' AS pin", "not a verdict"),
        ("SELECT '100' AS forward, '4711' AS pin", "not a verdict"),
        ("SELECT '4711' AS pin, '4711' AS expectedPIN", "expectedPIN twice"),
        ("SELECT '4711' AS pin, 1 AS attempts, 1 AS maxRetries", "allowed: one of them"),
        ("SELECT '4711' AS pin, 99 AS attempts", "attempts out of range"),
        ("SELECT '4711' AS pin, 'x y' AS forwardCorrectPIN", "forwardCorrectPIN is not dialable"),
        ("SELECT '100' AS forwardCorrectPIN", "expectedPIN is no PIN"),
        ("SELECT '${system id}' AS forward", "forward is not dialable"),
        ("SELECT '100 XML default' AS forward", "forward is not dialable"),
        ("SELECT '4711' AS pin, 1 AS id", "a column id; allowed: pin, reject"),
        ("SELECT '4711'", "column"),
        ("SELECT pin FROM caller_list", "the query failed ("),
        ("SELEKT pin", "the query failed ("),
    ],
)
def test_a_row_that_says_no_verdict_is_a_failure(url, query, why):
    told = failure(step(url, query))
    assert why in told
    assert "4711" not in told


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
def test_no_query_writes(url, query):
    assert failure(step(url, query))
    assert administer(url, "SELECT count(*), max(pin) FROM callers") == (4, "0818")


def test_no_query_writes_by_the_way_of_a_select(postgresql_server):
    url = postgresql_server.url
    query = "WITH gone AS (DELETE FROM callers RETURNING pin) SELECT pin FROM gone LIMIT 1"
    assert failure(step(url, query)) == "the query failed (ReadOnlySqlTransaction 25006)"
    assert administer(url, "SELECT count(*) FROM callers") == (4,)


def test_it_may_be_asked_from_many_threads(url):
    asked, verdicts = step(url), []
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
def within(low, high):
    started = time.monotonic()
    yield
    assert low <= time.monotonic() - started <= high


def test_a_slow_query_is_ended_by_the_database(server):
    with within(0.25, 1):
        assert failure(step(server.url, SLEEP[server.kind], read=0.3)) == f"the query failed ({ENDED[server.kind]})"
    assert running_queries(server) == 0


def running_queries(server):
    tables = {
        "postgresql": "pg_stat_activity WHERE state = 'active' AND query LIKE '%%sleep(9)%%' AND pid <> pg_backend_pid()",
        "mariadb": "information_schema.processlist WHERE info LIKE '%%sleep(9)%%' AND id <> connection_id()",
    }
    return administer(server.url, f"SELECT count(*) FROM {tables[server.kind]}")[0]


@contextmanager
def proxied(server):
    proxy = database_servers.Proxy(server.port)
    try:
        yield proxy
    finally:
        proxy.close()


BRIEF = {
    "postgresql": "SELECT '0815' AS pin WHERE pg_sleep(0.4) IS NOT NULL",
    "mariadb": "SELECT '0815' AS pin FROM dual WHERE sleep(0.4) = 0",
}


def test_the_total_time_holds_when_the_database_falls_silent(server):
    with proxied(server) as proxy:
        asked = step(database_servers.url(server.kind, proxy.port), BRIEF[server.kind], read=9, total=1)
        assert asked.identify(a_call()) == AskForPin(Pin("0815"))
        told = []
        threads = [threading.Thread(target=lambda: told.append(failure(asked))) for _ in range(AT_ONCE)]
        with within(0.9, 1.5):
            for thread in threads:
                thread.start()
            time.sleep(0.3)
            proxy.silent.set()
            for thread in threads:
                thread.join()
        assert told == ["no answer from the database within 1 s"] * AT_ONCE
        proxy.silent.clear()
        assert asked.identify(a_call()) == AskForPin(Pin("0815")), "no connection waits on"


@pytest.mark.parametrize("kind", SERVERS)
def test_the_total_time_holds_when_nothing_but_tcp_answers(kind):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asked = step(database_servers.url(kind, listener.getsockname()[1]), read=1, total=0.5)
        with within(0.45, 1):
            assert failure(asked) == "no answer from the database within 0.5 s"


@pytest.mark.parametrize("kind", SERVERS)
def test_no_database_is_a_failure_that_says_why(kind):
    with within(0, 1):
        told = failure(step(database_servers.url(kind, database_servers.free_port())))
    assert told.startswith("no connection to the database (OperationalError")
    assert "refused" in told
    assert PASSWORD not in told


def test_a_wrong_password_is_said_and_not_shown(server):
    asked = step(database_servers.url(server.kind, server.port, password="wr0ng-p4ss"))
    told = failure(asked)
    assert "password" in told
    assert "wr0ng-p4ss" not in told + repr(asked)


def test_a_driver_that_shows_the_password_is_not_quoted():
    source = Source(sqlalchemy.make_url(database_servers.url("mariadb", 1)), LOOKUP, Timeouts())
    error = sqlalchemy.exc.OperationalError(None, None, Exception(f"{PASSWORD} was\nrefused"))
    assert source._told(error) == "no connection to the database (Exception): *** was refused"


def test_the_password_may_come_from_the_environment(server, monkeypatch):
    monkeypatch.setenv("VIPGATE_TEST_PASSWORD", PASSWORD)
    url = server.url.replace(f":{PASSWORD}", "")
    values = {"url": url, "query": LOOKUP, "password": {"env": "VIPGATE_TEST_PASSWORD"}}
    asked = identify.build("database", configured(values))
    assert asked.identify(a_call()) == AskForPin(Pin("0815"))
    assert PASSWORD not in repr(asked)


@pytest.mark.parametrize("noticed", [False, True])
def test_a_database_that_was_started_anew_answers_the_next_call(server, noticed):
    asked = step(server.url)
    assert asked.identify(a_call()) is not None
    with server.stopped():
        if noticed:
            assert "no connection" in failure(asked)
    when_ready(server.url, "SELECT 1")
    assert asked.identify(a_call()) == AskForPin(Pin("0815"))


def test_sqlite_is_given_up_in_time(sqlite):
    asked = step(sqlite, ENDLESS, total=0.4)
    with within(0.35, 0.8):
        assert failure(asked) == "no answer from the database within 0.4 s"
    before = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - before < 0.15, "nothing goes on in the background"


def test_a_locked_sqlite_file_is_waited_for_only_so_long(sqlite):
    with closing(sqlite3.connect(sqlite.removeprefix("sqlite:///"))) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with within(0.3, 1):
            assert failure(step(sqlite, read=0.4)) == "the query failed (OperationalError SQLITE_BUSY)"
    assert step(sqlite).identify(a_call()) is not None


def test_a_missing_sqlite_file_is_not_made(tmp_path):
    asked = step(f"sqlite:///{tmp_path}/none.db")
    assert "unable to open database file" in failure(asked)
    assert list(tmp_path.iterdir()) == []


def test_a_relative_sqlite_path_begins_where_the_configuration_is(sqlite):
    folder = Path(sqlite.removeprefix("sqlite:///")).parent
    asked = identify.build("database", configured({"url": "sqlite:///callers.db", "query": LOOKUP}, folder=folder))
    assert asked.identify(a_call()) is not None


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"url": "sqlite://"}, ("error", ("url",), "no file")),
        ({"url": "sqlite:///:memory:"}, ("error", ("url",), "no file")),
        ({"url": "sqlite:///none.db"}, ("warning", ("url",), "there is no file")),
        ({"url": "postgresql+psycopg://u:4711@h:port/x"}, ("error", ("url",), "no URL")),
        ({"password": {"env": "VIPGATE_NO_SUCH"}}, ("error", ("password", "env"), "VIPGATE_NO_SUCH")),
        (
            {"url": "mariadb+pymysql://u:4711@h/x", "password": "4711"},
            ("error at key", ("password",), "has a password"),
        ),
        ({"url": "sqlite:////dev/null/x", "password": "4711"}, ("error at key", ("password",), "no password")),
        ({"query": "SELECT :pin_4711 || :caller_number"}, ("error", ("query",), "unknown parameter :pin_4711")),
        ({"query": "SELECT '4711' AS pin"}, ("warning", ("query",), "the same for every call")),
        ({"timeouts": {"connect": "0s"}}, ("error", ("timeouts", "connect"), "found 0s")),
        ({"timeouts": {"total": "61s"}}, ("error", ("timeouts", "total"), "found 61s")),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(values, found):
    said = []
    step = identify.build("database", configured({"url": "mariadb+pymysql://u@h/x", "query": LOOKUP} | values, said))
    severity, path, message = found
    assert [told[:2] for told in said if message in told[2]] == [(severity, path)]
    assert "4711" not in repr(step)


@pytest.mark.parametrize(
    ("caller", "verdict"),
    [
        ("+4917612345678", AskForPin(Pin("081512345"))),
        ("+41556631019", Forward("100")),
        ("+493012345678", Reject()),
        ("+4989123456", None),
        ("7001", None),
    ],
)
def test_the_example(example, caller, verdict):
    assert example.identify(a_call(caller)) == verdict


@pytest.fixture
def example(url):
    """The step of examples/database, with its table in each kind of database."""
    folder = resource("examples") / "database"
    schema = re.sub("--.*", "", (folder / "schema.sql").read_text())
    shown = (folder / "README.md").read_text()
    query = yaml.safe_load(re.search(r"query: >-\n(?:.*\n)*?(?=```)", shown)[0])["query"]
    administer(url, "DROP TABLE IF EXISTS vipgate_callers", *filter(str.strip, schema.split(";")))
    return step(url, query)


COLUMNS = (
    "pin",
    "expectedPIN",
    "forward",
    "reject",
    "forwardCorrectPIN",
    "forwardIncorrectPIN",
    "attempts",
    "maxRetries",
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.decimals(), st.floats(), st.text(), st.binary(), st.dates(),
    st.sampled_from(["47110815", 47110815, Decimal("47110815.000"), "100", "${x}", 0, 1, 2]),
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(COLUMNS), VALUES)))
def test_any_row_is_a_verdict_or_a_clear_failure(row):
    try:
        verdict = _verdict(row)
    except ValueError as error:
        assert "47110815" not in str(error)
        return
    match verdict:
        case Forward(target):
            assert is_dialable(target)
        case AskForPin(Pin(), correct, incorrect, attempts):
            assert all(target is None or is_dialable(target) for target in (correct, incorrect))
            assert attempts is None or 1 <= attempts <= 10
        case _:
            assert verdict in (None, Pass(), Reject())


def calls_under_gevent(url, query):
    slow = {"url": url, "query": query, "timeouts": {"total": "1s", "read": "9s"}}
    under_gevent("database", slow, slow | {"query": LOOKUP})


def test_nobody_waits_for_another_ones_query_under_gevent(server):
    calls_under_gevent(server.url, SLEEP[server.kind])
    until = time.monotonic() + 2
    while running_queries(server):
        assert time.monotonic() < until, "the database goes on for nobody"
        time.sleep(0.1)


def test_nobody_waits_for_another_ones_query_under_gevent_in_sqlite(sqlite):
    calls_under_gevent(sqlite, ENDLESS)
