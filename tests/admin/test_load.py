"""What the page costs with many records, and that calls do without it.

`make page-load` does it with a million records and a hundred calls; `make test` with fewer.
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
import time
from pathlib import Path

import pytest
from page_service import GATES, Page
from running_service import GATE, lost, place, switch, until

RECORDS = int(os.environ.get("VIPGATE_RECORDS", "60000"))
"""More than a search looks through for one page."""
CALLS = int(os.environ.get("VIPGATE_CALLS", "20"))
QUIET = 100
"""Calls from which on they are timed, too: on a machine that does nothing else."""
MANY = 1_000_000
"""Records from which on it is measured thoroughly."""
MOST = 0.3 if RECORDS >= MANY else 0.6
"""Seconds of CPU for a page."""
FILL = """
INSERT INTO vipgate_calls
    (uuid, began, gate, caller, called, verdict, entries, outcome, target, reason, deciding, seconds, ended)
WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {count})
SELECT 'many-' || n, {now} - n * {apart}, 'hotline', '+49171' || (1000000 + n * 7919 % 9000000), '+493023125700',
    'ask for PIN', 1, CASE n % 3 WHEN 0 THEN 'pin_correct' WHEN 1 THEN 'pin_incorrect' ELSE 'hung_up' END,
    NULL, 'guest_pin: ask for PIN', 0.2, 4.0, {now} - n * {apart} + 4.0
FROM number
"""
"""Records of the last 30 days, evenly spread."""


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    page = Page(tmp_path_factory.mktemp("busy"), GATE + GATES)
    fill = FILL.format(count=RECORDS, now=time.time(), apart=30 * 86_400 / RECORDS)
    page.database.transact(lambda connection: connection.exec_driver_sql(fill))
    try:
        yield page
    finally:
        page.service.destroy()
        page.database.close()


def cpu(pid):
    """Seconds on a processor, all threads of a process."""
    return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def cost(page, visitor, path):
    """Seconds of CPU for a page: the median of three times, if it is measured thoroughly, after one for what is kept."""
    visitor.go(path)
    costs = []
    for _ in range(3 if RECORDS >= MANY else 1):
        before = cpu(page.process)
        assert visitor.go(path).status == 200
        costs.append(cpu(page.process) - before)
    return statistics.median(costs)


def test_no_page_of_calls_takes_long_however_many_there_are(busy):
    visitor = busy.administrator()
    found = visitor.go("/calls?since=30d").html
    one = next(part for part in found.split('href="') if part.startswith("/calls/many-")).partition('"')[0]
    later = next(part for part in found.split('href="') if part.startswith("/calls?after=")).partition('"')[0]
    paths = {
        **{path: path for path in ("/", "/calls", "/calls?since=7d", "/calls?since=30d", "/calls?since=all")},
        "the next page": later.replace("&amp;", "&"),
        "a call": one.replace("&amp;", "&"),
        "nobody's number": "/calls?since=all&number=999999999999",
        "an outcome": "/calls?since=all&outcome=hung_up",
        "a gate without calls": "/calls?since=all&gate=closed",
        "known callers": "/known-callers",
    }
    costs = {name: round(cost(busy, visitor, path), 3) for name, path in paths.items()}
    sys.stdout.write(f"{RECORDS} records: {costs}\n")
    assert max(costs.values()) < MOST, costs


def test_calls_do_without_the_page(busy):
    """While it hangs, and while it is gone, each call goes the same way, and none later than with it."""
    busy.service.listening()
    simulator = switch(busy.service)
    with_page = place(simulator, CALLS)
    assert lost(with_page) == []
    process = busy.process
    os.kill(process, signal.SIGSTOP)
    without = place(simulator, CALLS // 2)
    os.kill(process, signal.SIGKILL)
    without += place(simulator, CALLS - len(without))
    assert lost(without) == []
    if CALLS >= QUIET:
        assert {ways(call) for call in without} == {ways(call) for call in with_page}
        before, after = (max(ends(call) for call in calls) for calls in (with_page, without))
        sys.stdout.write(f"{CALLS} calls: the last ended after {before:.2f} s with the page, {after:.2f} s without\n")
        assert after < before * 1.2
    until(lambda: busy.process not in (0, process))
    until(lambda: busy.visitor().ask("GET", "/sign-in").status == 200)


def ways(call):
    """What a caller noticed."""
    return tuple(moment.what for moment in call.experience.moments)


def ends(call):
    """How long a call was, on the simulator's clock."""
    return call.experience.moments[-1].at - call.experience.moments[0].at
