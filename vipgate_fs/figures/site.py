"""The three pages that monitors ask for: /metrics, /healthz and /readyz. They hold no secret, no number and no name."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

import gevent
from gevent.lock import RLock
from gevent.pywsgi import WSGIHandler, WSGIServer

from vipgate_fs.clients import Clients
from vipgate_fs.figures import ALL, READY
from vipgate_fs.figures.families import Figures, render

KEPT: Final = 1.0
"""Seconds for which the figures are shown again: however many ask, the supervisor is asked once in this time."""
_MOST_CLIENTS: Final = 200
"""At the same time. Whoever has been connected longest makes room for the next."""
_PATIENCE: Final = 10.0
"""Seconds for a request to come and for its answer to be taken, and for the next one on the same connection."""
_FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"
_TEXT: Final = "text/plain; charset=utf-8"
_HEADERS: Final = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))

Ask = Callable[[bytes], Any]
"""Asks the supervisor; raises TimeoutError when it does not answer."""
_Response = tuple[str, str, bytes]


class Log(Protocol):
    """Where errors of VIPgate itself are reported."""

    def error(self, event: str, **values: object) -> None:
        """Something to look at today."""


class Site:
    """The pages, as a WSGI application.

    Args:
        ask: see Ask.
        clock: seconds.
    """

    def __init__(self, ask: Ask, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._turn = RLock()
        self._kept, self._kept_until = b"", 0.0
        self._pages: Mapping[str, Callable[[], _Response]] = {
            "/metrics": self._metrics,
            "/healthz": self._healthz,
            "/readyz": self._readyz,
        }

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """See PEP 3333."""
        status, kind, body = self._respond(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *_HEADERS])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _respond(self, method: str, path: str) -> _Response:
        if path not in self._pages:
            return _text("404 Not Found", f"there are {', '.join(self._pages)}")
        if method not in {"GET", "HEAD"}:
            return _text("405 Method Not Allowed", "GET only")
        try:
            return self._pages[path]()
        except TimeoutError:
            return _text("503 Service Unavailable", "the supervisor does not answer")

    def _metrics(self) -> _Response:
        with self._turn:
            if self._clock() >= self._kept_until:
                self._kept = render(Figures(**self._ask(ALL)))
                self._kept_until = self._clock() + KEPT
            return "200 OK", _FORMAT, self._kept

    def _healthz(self) -> _Response:
        self._ask(READY)
        return _text("200 OK", "ok")

    def _readyz(self) -> _Response:
        why = self._ask(READY)
        return _text("503 Service Unavailable", why) if why else _text("200 OK", "ok")


def _text(status: str, line: str) -> _Response:
    return status, _TEXT, f"{line}\n".encode()


def serve(listener: Any, ask: Ask, log: Log) -> None:
    """Serve the pages on a gevent socket that listens, for as long as this process lives."""

    class Handler(_Handler):
        """Reports to that log."""

        def report(self, exception: str) -> None:
            log.error("error in a page for monitors", exception=exception)

    WSGIServer(
        listener, Site(ask), spawn=Clients(_MOST_CLIENTS), handler_class=Handler, log=None, error_log=None
    ).serve_forever()


class _Handler(WSGIHandler):  # type: ignore[misc]
    """gevent's, with an end to its patience."""

    def handle_one_request(self) -> Any:
        with gevent.Timeout(_PATIENCE, exception=False):
            return super().handle_one_request()
        return None

    def handle_error(self, kind: Any, value: Any, where: Any) -> None:
        self.close_connection = True
        if not issubclass(kind, gevent.Timeout | OSError | gevent.GreenletExit):
            self.report("".join(traceback.format_exception(kind, value, where)))

    def report(self, exception: str) -> None:
        """Report an error of VIPgate itself."""
        raise NotImplementedError
