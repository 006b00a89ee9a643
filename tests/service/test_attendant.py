"""What the supervisor makes of a process that serves no call."""

import gevent
import pytest
import structlog

from vipgate_fs.service import plain
from vipgate_fs.service.attendant import Attendant
from vipgate_fs.service.timings import Timings


@pytest.fixture
def attend():
    """Have an attendant, and hear it once; gives what the log says."""
    kept = []

    def start(work):
        with structlog.testing.capture_logs() as lines:
            answers = {b"good": lambda about: about.decode()}
            kept.append(Attendant("page", work, answers, lambda: None, structlog.get_logger(), Timings()))
            kept[-1].begin(("127.0.0.1", 0))
            kept[-1].tend()
            assert plain.readable(kept[-1].sockets, 20)
            kept[-1].hear()
        return kept[-1], lines

    yield start
    for each in kept:
        each.end()


@pytest.mark.parametrize(
    "said",
    [b"good", b"x good", b"-1 good", b"99999999999999999999999 good", b"1", b"1 secrets", b"1 good \xff", b"1 good\n"],
)
def test_a_process_that_somebody_has_taken_over_is_replaced_whatever_it_asks(attend, said):
    """It is the one that strangers reach; the supervisor, whose end is everybody's, is not to raise anything."""

    def work(_listener, ask, _log):
        ask.__self__._channel.send(said)
        gevent.sleep(60)

    attendant, lines = attend(work)
    assert attendant.state == "down"
    assert [line["why"] for line in lines if "why" in line] == ["it asks what it has no business to ask"]


def test_what_it_may_ask_is_answered(attend):
    attendant, lines = attend(lambda _listener, ask, _log: gevent.sleep(60 if ask(b"good 0815x") == "0815x" else 0))
    assert attendant.state != "down"
    assert not any("why" in line for line in lines)
