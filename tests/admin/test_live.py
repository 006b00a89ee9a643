"""Calls as they end: who listens hears of them, and nobody else is asked for it."""

from __future__ import annotations

import http.client
import time
from contextlib import ExitStack, contextmanager

import pytest

from vipgate_fs.admin import live
from vipgate_fs.admin.live import LATE, MOST, MOST_EACH, Live, TooMany
from vipgate_fs.gate.record import CallRecord
from vipgate_fs.store.schema import CALLS

END = ["event: end", "data:"]
WAIT = 20.0
"""Seconds, at most, for anything to be heard."""


def record(uuid, ended, caller="+491713920014"):
    outcome = ("ask for PIN", 1, "pin_correct", "701", "guest_pin: ask for PIN", 0.2, 4.0)
    return CallRecord(uuid, ended - 4.0, "hotline", caller, "+493023125700", *outcome)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(live, "LOOKS", 0.001)


@pytest.fixture
def kept():
    """The records of a store, the latest first."""
    return [record("before", 1000.0)]


@pytest.fixture
def room(kept, quick):
    return Live(lambda since: [each for each in kept if each.began + each.seconds >= since], lambda: 1000.0)


def heard(wait):
    """The next calls that a listener hears of."""
    for _ in range(1000):
        if found := wait(WAIT / 1000):
            return [each.uuid for each in found]
    raise AssertionError("nothing")


def test_a_listener_hears_of_each_call_once_the_earliest_first_and_of_none_before(room, kept):
    with room.listening("a") as wait:
        assert wait(0.05) == []
        kept[:0] = [record("second", 1001.0), record("first", 1000.5)]
        assert heard(wait) == ["first", "second"]
        kept.insert(0, record("written late", 1000.2))
        assert heard(wait) == ["written late"]
        assert wait(0.05) == []


def test_all_listeners_hear_the_same_from_one_look(room, kept):
    with room.listening("a") as first, room.listening("b") as second:
        assert first(0.05) == second(0.05) == []
        kept.insert(0, record("new", 1001.0))
        assert heard(first) == heard(second) == ["new"]


def test_nobody_looks_into_the_store_when_nobody_listens(quick):
    looks = []
    room = Live(lambda since: looks.append(since) or [], lambda: 1000.0)
    with room.listening("a") as wait:
        wait(0.05)
    wait(0.05)
    before = len(looks)
    wait(0.05)
    assert 0 < before == len(looks)
    assert set(looks) == {1000.0 - LATE}


def test_so_many_listen_and_so_many_of_one_session(room):
    with ExitStack() as stack:
        for _ in range(MOST_EACH):
            stack.enter_context(room.listening("a"))
        with pytest.raises(TooMany), room.listening("a"):
            pass
        for number in range(MOST - MOST_EACH - 1):
            stack.enter_context(room.listening(f"session {number}"))
        with room.listening("the last"), pytest.raises(TooMany), room.listening("another"):
            pass
        with room.listening("another"):
            pass


@contextmanager
def listening(page, visitor, path="/calls/live?since=all"):
    """What comes to a browser that listens."""
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=WAIT)
    try:
        cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        connection.request(
            "GET", path, headers={"Host": visitor.host, "Cookie": cookies, "Accept-Language": visitor.language}
        )
        answer = connection.getresponse()
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert answer.readline() == b": listening\n"
        yield answer
    finally:
        connection.close()


def next_event(answer):
    """The lines of the next event that is no mere sign of life."""
    lines = []
    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        line = answer.readline().decode().rstrip("\n")
        if line and not line.startswith(":"):
            lines.append(line)
        elif lines:
            return lines
    raise AssertionError("nothing")


@pytest.fixture(autouse=True)
def as_before(request):
    yield
    if "page" in request.fixturenames:
        gone = CALLS.delete().where(CALLS.c.uuid.startswith("live-"))
        request.getfixturevalue("page").database.transact(lambda connection: connection.execute(gone))


def write(page, *records):
    rows = [{name: getattr(each, name) for name in each.__slots__} for each in records]
    for row in rows:
        row["ended"] = row["began"] + row["seconds"]
    page.database.transact(lambda connection: connection.execute(CALLS.insert(), rows))


def test_a_call_that_ends_comes_to_the_page_as_a_row_if_it_fits(page):
    with listening(page, page.front_desk("de"), "/calls/live?since=all&number=+49%20171%201234567") as answer:
        write(page, record("live-1", time.time(), "+4930555"), record("live-2", time.time(), "+491711234567"))
        (row,) = next_event(answer)
        assert row.startswith('data: <tr role="row">')
        assert "+491711234567" in row
        assert "PIN richtig" in row


def test_listening_ends_with_the_session_and_does_not_prolong_it(page):
    visitor = page.front_desk()
    with listening(page, visitor) as answer:
        visitor.send(visitor.go("/").form("/sign-out"))
        write(page, record("live-3", time.time()))
        heard = [next_event(answer)]
        if heard[0] != END:
            heard.append(next_event(answer))
        assert heard[-1] == END


def test_who_is_not_signed_in_hears_nothing(page):
    assert page.visitor().ask("GET", "/calls/live").status == 302


def test_a_session_has_only_so_many_ears(page):
    visitor = page.front_desk()
    open_ones = []
    try:
        for _ in range(MOST_EACH):
            open_ones.append(listening(page, visitor))
            open_ones[-1].__enter__()
        answer = visitor.ask("GET", "/calls/live")
        assert answer.body == b"event: end\ndata:\n\n"
    finally:
        for each in open_ones:
            each.__exit__(None, None, None)
