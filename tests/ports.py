"""A port that nobody listens on, and that nobody is given by chance."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

_CHOICE = range(15_000, 32_000)
"""Below those from which Linux gives connections theirs: tests that run at the same time have thousands."""


def free_port():
    while True:
        with suppress(OSError), socket.create_server(("127.0.0.1", random.choice(_CHOICE))) as listener:
            return listener.getsockname()[1]
