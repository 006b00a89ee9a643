import pytest
import structlog

from vipgate_fs.gate.step import StepFailed
from vipgate_fs.identify.webservice.breaker import Breaker
from vipgate_fs.identify.webservice.streams import Unavailable

URL = "https://example.org/v"


class Killed(BaseException):
    pass


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ask(clock):
    """Asks a question that ends as told; whether it was asked at all."""
    breaker = Breaker(URL, 3, 30.0, clock)

    def ask(end=None):
        asked = False
        try:
            with breaker.question():
                asked = True
                if end is not None:
                    raise end
        except (StepFailed, Killed) as raised:
            assert (raised is end) == asked
        return asked

    return ask


BAD = Unavailable("down")
ODD = StepFailed("404")


def test_failures_in_a_row_end_in_a_pause(ask):
    assert [ask(BAD) for _ in range(5)] == [True, True, True, False, False]


def test_only_failures_in_a_row_count(ask):
    assert all(ask(end) for end in [BAD, BAD, None] * 3)


def test_an_answer_that_helps_one_call_nothing_is_no_outage(ask):
    assert all(ask(ODD) for _ in range(99))
    assert all(ask(end) for end in [BAD, BAD, ODD] * 3)


def test_such_an_answer_to_the_probe_ends_the_pause(ask, clock):
    for _ in range(3):
        ask(BAD)
    clock.now += 30.1
    assert [ask(ODD), ask(BAD), ask(BAD), ask()] == [True] * 4


def test_one_question_probes_after_the_pause(ask, clock):
    for _ in range(3):
        ask(BAD)
    for _ in range(3):
        clock.now += 29.9
        assert not ask()
        clock.now += 0.2
        assert ask(BAD)
        assert not ask()
    clock.now += 30.1
    assert [ask(), ask(BAD), ask(BAD), ask()] == [True] * 4


def test_nobody_else_asks_while_one_probes(clock):
    breaker = Breaker(URL, 1, 30.0, clock)
    with pytest.raises(StepFailed), breaker.question():
        raise BAD
    clock.now += 31
    with (
        breaker.question(),
        pytest.raises(StepFailed, match="not asked after 1 failures in a row; next try in 30 s"),
        breaker.question(),
    ):
        pytest.fail("asked")


def test_a_caller_who_hangs_up_is_no_failure(ask, clock):
    assert all(ask(Killed()) for _ in range(9))
    for _ in range(3):
        ask(BAD)
    clock.now += 30.1
    assert ask(Killed())  # was the probe: the next caller is another
    assert ask()
    assert ask()


def test_each_change_is_logged_once(ask, clock):
    with structlog.testing.capture_logs() as logs:
        for end in [None, BAD, BAD, BAD, BAD, BAD]:
            ask(end)
        clock.now += 31
        for end in [BAD, None]:
            ask(end)
        clock.now += 31
        for end in [None, None]:
            ask(end)
    assert logs == [
        {
            "event": "webservice is skipped",
            "log_level": "warning",
            "url": URL,
            "why": "down",
            "failures": 3,
            "seconds": 30.0,
        },
        {"event": "webservice answers again", "log_level": "warning", "url": URL},
    ]


def test_without_a_log_of_the_process_it_reports_on_stderr(ask, capsys):
    before = structlog.get_config()
    structlog.reset_defaults()
    try:
        for _ in range(3):
            ask(BAD)
    finally:
        structlog.configure(**before)
    out, err = capsys.readouterr()
    assert "webservice is skipped" in err
    assert not out
