"""The page's process: HTTP on the supervisor's listening socket."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import gevent
from gevent import pywsgi
from gevent.event import Event
from gevent.pool import Pool
from gevent.ssl import SSLSocket

from vipgate_fs.admin.access import Access
from vipgate_fs.admin.application import LARGEST, SETUP, create
from vipgate_fs.admin.desk import Desk
from vipgate_fs.admin.https import Behind, Certificate
from vipgate_fs.clients import Clients
from vipgate_fs.config.model import PageAt
from vipgate_fs.service.attendant import Ask
from vipgate_fs.service.logs import Log
from vipgate_fs.service.page import Links, answers
from vipgate_fs.service.port import address

CONNECTIONS: Final = 128
"""At the same time; a browser keeps up to six. Whoever has been connected longest makes room for the next."""
_PATIENCE: Final = 20.0
"""Seconds that a client may be silent, between two requests or within one."""
_LAST: Final = 3.0
"""Seconds in which the last answer is taken, and the style sheet that it needs."""
_BEYOND_REASON: Final = 16 * LARGEST
"""Bytes of a request's body."""


class _Handler(pywsgi.WSGIHandler):  # type: ignore[misc]
    """A connection. Nobody keeps one by silence."""

    def handle(self) -> None:
        """Serve its requests."""
        self.socket.settimeout(_PATIENCE)
        with suppress(TimeoutError):
            if isinstance(self.socket, SSLSocket) and not self._shakes_hands():
                return
            super().handle()

    def _shakes_hands(self) -> bool:
        """Whether the other end speaks TLS, too."""
        try:
            self.socket.do_handshake()
        except OSError:  # ssl.SSLError is one
            return False
        return True

    def read_request(self, raw_requestline: str) -> bool:
        """Refuse, before a byte of it is read, a body without a length, which no browser sends, or one beyond reason.

        Others are read to their end: then the client sees the answer that it was too large.
        """
        sound: bool = super().read_request(raw_requestline)
        length = self.headers.get("Content-Length", "0")
        return (
            sound and "Transfer-Encoding" not in self.headers and length.isdecimal() and int(length) <= _BEYOND_REASON
        )

    def log_request(self) -> None:
        """Nothing: addresses of pages hold numbers, and links admit."""

    def log_error(self, msg: str, *arguments: Any) -> None:
        """Nothing: what a client sends wrong is theirs; what goes wrong here, the application reports."""


def serve(path: Path, where: PageAt, listener: Any, ask: Ask, log: Log) -> None:
    """Serve the page for the configuration file of that path, as long as the process lives."""
    application: Any = create(Desk(path, log), Access(ask), names=where.names)
    if where.proxy is not None:
        application = Behind(application, where.proxy)
    tls = None
    if where.certificate is not None and where.key is not None:
        tls = Certificate(where.certificate, where.key, log)
        gevent.spawn(tls.renew)
    _server(listener, application, Clients(CONNECTIONS), tls).serve_forever()


def set_up(path: Path, where: tuple[str, int], announce: Callable[[str], None], log: Log, seconds: float) -> bool:
    """Serve nothing but four questions, of which the file is made; for so long, or until it is written.

    Args:
        path: of the configuration that there is not yet.
        where: host and port, which the configuration is to have, too; with port 0 the system chooses.
        announce: gets the link that lets whoever opens it answer the questions.
        log: of what goes wrong.
        seconds: after which the questions are gone.

    Returns:
        Whether it was written.

    Raises:
        OSError: it can't listen there.
    """
    links, done = Links(), Event()
    answering = answers(links)

    def ask(question: bytes) -> Any:
        what, _, about = question.partition(b" ")
        return answering[what](about)

    application = create(Desk(path, log), Access(ask), SETUP)
    server = _server(where, application, Pool(CONNECTIONS))  # which waits for the last answer
    server.start()
    own = address(where[0], server.server_port)
    application.extensions["vipgate_setup"] = own, done.set
    announce(links.make(own).url)
    written = done.wait(seconds)
    server.stop(timeout=_LAST)
    return bool(written)


def _server(listener: Any, application: Any, spawn: Any, tls: Certificate | None = None) -> pywsgi.WSGIServer:
    more = {"ssl_context": tls.context, "do_handshake_on_connect": False} if tls is not None else {}
    return pywsgi.WSGIServer(
        listener, application, spawn=spawn, handler_class=_Handler, log=None, error_log=None, **more
    )
