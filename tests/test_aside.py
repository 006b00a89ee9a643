import threading
import time

import pytest

from vipgate_fs.aside import AT_ONCE, Aside


@pytest.fixture(params=[False, True], ids=["cooperative", "native"])
def aside(request):
    return Aside(native=request.param)


def test_it_gives_what_the_work_returns(aside):
    assert aside.run(threading.get_ident, 1) != threading.get_ident()


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(1), KeyboardInterrupt(), TimeoutError("its own")])
def test_it_raises_what_the_work_raises(aside, error):
    def work():
        raise error

    with pytest.raises(type(error)) as raised:
        aside.run(work, 1)
    assert raised.value is error


def test_its_time_is_all_the_time_there_is(aside):
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        aside.run(lambda: time.sleep(4), 0.1)
    assert 0.1 <= time.monotonic() - started < 3


def test_work_waits_for_its_turn_no_longer_than_for_anything_else(aside):
    go = threading.Event()
    busy = [threading.Thread(target=aside.run, args=(go.wait, 5)) for _ in range(AT_ONCE)]
    for thread in busy:
        thread.start()
    begun = []
    with pytest.raises(TimeoutError):
        aside.run(lambda: begun.append(True), 0.1)
    go.set()
    for thread in busy:
        thread.join()
    assert begun == []
    assert aside.run(lambda: "next", 1) == "next"
