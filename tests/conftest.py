from __future__ import annotations

import pytest
from esl_peer import Peer
from gevent import socket


@pytest.fixture
def connection():
    """A connected pair of sockets: the session's, and the peer's."""
    ours, theirs = socket.socketpair()
    peer = Peer(theirs)
    yield ours, peer
    theirs.close()
    ours.close()
