from __future__ import annotations

import pytest
from esl_peer import Peer
from gevent import socket
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
def no_pin_is_told():
    """After the last test: no log line, call record or argument of the run shows what a simulated caller keyed in."""
    watch = Watch()
    with pytest.MonkeyPatch.context() as patch:
        watch.attach(patch)
        yield
    assert watch.found() == []
