import pytest

from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject
from vipgate_fs.identify.webservice import cache
from vipgate_fs.identify.webservice.cache import Cache
from vipgate_fs.identify.webservice.exchange import Request


def asked(number, body=b""):
    return Request("GET", f"https://example.org/{number}", body)


@pytest.fixture
def now():
    """The time, to be changed."""
    return [100.0]


@pytest.mark.parametrize(
    ("verdict", "kept"),
    [(Pass(), True), (Reject(), True), (Forward("1"), True), (AskForPin(Pin("4711")), False), (None, False)],
)
def test_what_is_kept_and_how_long(now, verdict, kept):
    remembered = Cache(60.0, lambda: now[0])
    remembered.put(asked(1), verdict)
    now[0] += 59.9
    assert remembered.get(asked(1)) == (verdict if kept else None)
    assert remembered.get(asked(1, b"{}")) is None
    now[0] += 0.2
    assert remembered.get(asked(1)) is None


def test_of_no_seconds_it_keeps_nothing():
    remembered = Cache(0.0)
    remembered.put(asked(1), Pass())
    assert remembered.get(asked(1)) is None
    assert not remembered._verdicts


def test_it_is_bounded_and_forgets_the_oldest(monkeypatch):
    monkeypatch.setattr(cache, "MOST_CACHED", 3)
    remembered = Cache(60.0)
    for number in (1, 2, 3, 1, 4):
        remembered.put(asked(number), Pass())
    assert [remembered.get(asked(number)) for number in (1, 2, 3, 4)] == [Pass(), None, Pass(), Pass()]
