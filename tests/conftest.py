from __future__ import annotations

import pytest
import structlog
from esl_peer import Peer
from gevent import monkey, socket
from secrets_watch import Watch


@pytest.fixture
def connection():
    """A connected pair of sockets: the session's, and the peer's."""
    ours, theirs = socket.socketpair()
    peer = Peer(theirs)
    yield ours, peer
    theirs.close()
    ours.close()


@pytest.fixture(scope="session", autouse=True)
def python_stays_as_it_is():
    """No test makes this process cooperative: it would change the meaning of all the others."""
    yield
    assert not monkey.is_module_patched("socket")


@pytest.fixture(autouse=True)
def logging_as_it_was():
    """Commands and services configure logging for their whole process."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session", autouse=True)
def no_pin_is_told():
    """After the last test: no log line, call record or argument of the run shows what a simulated caller keyed in."""
    watch = Watch()
    with pytest.MonkeyPatch.context() as patch:
        watch.attach(patch)
        yield
    if found := watch.found():
        pytest.exit(f"a PIN was told: {found}", returncode=3)
