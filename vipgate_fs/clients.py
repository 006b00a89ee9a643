"""Clients of a page over HTTP: bounded in number, so that those who only keep a connection keep nobody else out."""

from __future__ import annotations

from typing import Any

import gevent


class Clients:
    """Room for so many: whoever has been connected longest makes room for the next. It is a server's `spawn`.

    Not gevent's Pool, with which everybody waits until somebody goes.

    Args:
        most: at the same time, at least 1.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._in_order: dict[gevent.Greenlet, None] = {}

    def __call__(self, *serve: Any) -> gevent.Greenlet:
        """Serve another client: a function and its arguments."""
        if len(self._in_order) >= self._most:
            longest = next(iter(self._in_order))
            del self._in_order[longest]
            longest.kill(block=False)
        client = gevent.spawn(*serve)
        self._in_order[client] = None
        client.rawlink(lambda ended: self._in_order.pop(ended, None))
        return client
