"""PostgreSQL behind PgBouncer, as many managed ones are: with its defaults, and in transaction pooling."""

import threading

import database_servers
import pytest
from asking import a_call, database, failure
from database_servers import administer

from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.verdict import AskForPin

POOLERS = {
    "its defaults": [],
    "transaction pooling": ["pool_mode = transaction", "default_pool_size = 2"],
    "a pooler that ignores options": [
        "pool_mode = transaction",
        "ignore_startup_parameters = options,extra_float_digits",
    ],
}


@pytest.fixture(scope="module", params=POOLERS)
def pooler(request, postgresql_server):
    with database_servers.pgbouncer(postgresql_server, *POOLERS[request.param]) as url:
        yield url


def test_it_is_asked_through_a_pooler(pooler):
    """More often than psycopg waits before it prepares a statement, on more connections than the pooler has."""
    asked, verdicts = database(pooler), []

    def ask():
        verdicts.extend(asked.identify(a_call()) for _ in range(12))

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == [AskForPin(Pin("0815"))] * 60


@pytest.mark.parametrize(
    "query",
    [
        "WITH gone AS (DELETE FROM callers RETURNING pin) SELECT pin FROM gone LIMIT 1",
        "DELETE FROM callers",
        "COMMIT; DELETE FROM callers",
        "SELECT 1 AS reject; COMMIT; DELETE FROM callers",
        "SELECT set_config('transaction_read_only', 'off', false) AS pin",
    ],
)
def test_no_query_writes_whatever_the_pooler_ignores(pooler, postgresql_server, query):
    assert failure(database(pooler, query))
    assert administer(postgresql_server.url, "SELECT count(*) FROM callers") == (4,)


def test_a_slow_query_is_ended_through_it(pooler):
    assert failure(database(pooler, "SELECT pg_sleep(9)::text AS pin", read=0.3)) == (
        "the query failed (QueryCanceled 57014)"
    )


def test_nothing_is_left_to_others_of_the_pool(pooler):
    asked = database(pooler)
    for _ in range(3):
        assert asked.identify(a_call())
        for name, value in (
            ("default_transaction_read_only", "off"),
            ("transaction_read_only", "off"),
            ("statement_timeout", "0"),
        ):
            assert administer(pooler, f"SELECT current_setting('{name}')") == (value,)


def test_no_transaction_stays_open(pooler, postgresql_server):
    asked = database(pooler)
    assert asked.identify(a_call())
    assert failure(database(pooler, "SELECT nonsense"))
    open_ones = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%%'"
    assert administer(postgresql_server.url, open_ones) == (0,)
