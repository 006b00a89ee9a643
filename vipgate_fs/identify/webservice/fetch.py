"""One HTTP request and its answer, within limits that no server can stretch.

h11 speaks the protocol: it refuses whatever is not HTTP/1.x, and lets nothing into a request that would end a header
early. `vipgate_fs.identify.webservice.streams` keeps the time, and says why urllib3 could not.
"""

from __future__ import annotations

import errno
import ssl
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import h11

from vipgate_fs.gate.gate import StepFailed
from vipgate_fs.identify.timeouts import Timeouts
from vipgate_fs.identify.webservice.streams import AskAgain, Deadline, Stream, Unavailable, connect

LONGEST_BODY: Final = 64 * 1024
LONGEST_HEAD: Final = 16 * 1024
MOST_REDIRECTS: Final = 3
MOST_IDLE: Final = 32
"""Connections to one origin that are kept for the next calls."""
LONGEST_IDLE: Final = 30.0
"""Seconds; after more, a firewall on the way may have forgotten the connection without a word."""
_MOST_BYTES: Final = 2 * LONGEST_BODY
"""On the wire: heads, and the body with its chunks' sizes."""
_REDIRECTS: Final = {301, 302, 303, 307, 308}
_WITH_SAME_METHOD: Final = {307, 308}

Headers = Iterable[tuple[str, str]]


class Unusable(StepFailed):
    """An answer came in time, but no verdict can be had of it. The text holds nothing that the peer sent.

    It fails the call that was asked about and says nothing of others: a service that answers is there.
    """


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask.

    Attributes:
        url: http or https, ASCII, without credentials and fragment.
        body: b"" for none.
    """

    method: str
    url: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who is asked: what a URL says before its path."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """The origin of a URL. Raises ValueError when it has none."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("not an http or https URL")
        return cls(parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))

    def may_lead_to(self, other: Origin) -> bool:
        """Whether a redirect there may be followed: to itself, or from http to https of the same host."""
        return other == self or (self.host == other.host and (self.scheme, other.scheme) == ("http", "https"))


def is_sendable(url: str) -> bool:
    """Whether a URL has only characters that may stand in a request line."""
    return url.isascii() and url.isprintable() and " " not in url


class Fetcher:
    """Asks one webservice, and keeps its connections. May be used by many threads or greenlets at once.

    Args:
        timeouts: `total` is the caller's to keep, by `deadline`.
        tls: how certificates are verified.
    """

    def __init__(self, timeouts: Timeouts, tls: ssl.SSLContext) -> None:
        self._timeouts = timeouts
        self._tls = tls
        self._idle: defaultdict[Origin, list[_Connection]] = defaultdict(list)

    def fetch(self, request: Request, headers: Callable[[Request], Headers], deadline: Deadline) -> bytes:
        """The body of the answer, at most LONGEST_BODY bytes; b"{}" for 204 No Content.

        Args:
            request: asked again on another connection when the first one failed before it was sent; redirected within
                its origin.
            headers: what to send with a request, besides what HTTP needs.
            deadline: for everything.

        Raises:
            Unavailable: there is no answer, in time, or one that says that the service is not well (5xx, 429).
            Unusable: there is another answer.
        """
        for _ in range(MOST_REDIRECTS + 1):
            try:
                answer = self._ask(request, headers(request), deadline)
            except AskAgain:
                answer = self._ask(request, headers(request), deadline, fresh=True)
            if answer.status not in _REDIRECTS:
                return answer.body if answer.status == HTTPStatus.OK else b"{}"
            request = _redirected(request, answer)
        raise Unusable(f"redirected more than {MOST_REDIRECTS} times")

    def close(self) -> None:
        """Let go of the connections that are idle."""
        for connections in self._idle.values():
            while connections:
                connections.pop().close()

    def _ask(self, request: Request, headers: Headers, deadline: Deadline, *, fresh: bool = False) -> _Answer:
        origin = Origin.of(request.url)
        connection = (None if fresh else self._take(origin)) or self._connect(origin, deadline)
        try:
            answer = connection.ask(request, headers, deadline)
        except BaseException:
            connection.close()
            raise
        if connection.next_request() and len(self._idle[origin]) < MOST_IDLE:
            self._idle[origin].append(connection)
        else:
            connection.close()
        return answer

    def _take(self, origin: Origin) -> _Connection | None:
        connections = self._idle[origin]
        while connections:
            try:
                connection = connections.pop()
            except IndexError:  # another thread was quicker
                break
            if connection.is_good():
                return connection
            connection.close()
        return None

    def _connect(self, origin: Origin, deadline: Deadline) -> _Connection:
        patience = self._timeouts.connect
        deadline = Deadline(patience, f"no connection within {patience:g} s", deadline)
        stream = connect(origin.host, origin.port, self._tls if origin.scheme == "https" else None, deadline)
        return _Connection(stream, self._timeouts.read)


def _redirected(request: Request, answer: _Answer) -> Request:
    try:
        url = urljoin(request.url, answer.location).partition("#")[0]
        allowed = Origin.of(request.url).may_lead_to(Origin.of(url)) and "@" not in urlsplit(url).netloc
    except ValueError:
        allowed = False
    if not answer.location or not allowed or not is_sendable(url):
        raise Unusable("redirected to where it must not lead: to another host, or to no URL")
    if answer.status in _WITH_SAME_METHOD:
        return replace(request, url=url)
    return Request("GET", url)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A redirect, or 200 or 204 with its body."""

    status: int
    location: str = ""
    body: bytes = b""


class _Connection:
    def __init__(self, stream: Stream, patience: float) -> None:
        self._stream = stream
        self._patience = patience
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
        self._received = 0
        self._ended = False
        self._idle_since: float | None = None

    def ask(self, request: Request, headers: Headers, deadline: Deadline) -> _Answer:
        """Raises AskAgain when an idle connection turns out to be closed; else Unavailable, Unusable."""
        self._received = 0
        try:
            self._stream.send(self._encoded(request, headers), self._until(deadline))
            return self._answer(deadline)
        except h11.RemoteProtocolError as error:  # whose text holds what the peer sent
            if self._ended:
                raise Unavailable("the connection was closed before the answer was complete") from None
            if error.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
                raise Unusable(f"the head of its answer is longer than {LONGEST_HEAD // 1024} KiB") from None
            raise Unusable("what it answered is not HTTP") from None
        except OSError as error:
            if self._idle_since is not None and self._received == 0 and request.method == "GET":
                raise AskAgain("the connection was closed while it was idle") from None
            reason = "TLS was cut off" if isinstance(error, ssl.SSLError) else error.strerror
            raise Unavailable(f"the connection broke: {reason}") from None

    def next_request(self) -> bool:
        """Get ready for another request; whether there can be one."""
        if (
            self._http.our_state is not h11.DONE
            or self._http.their_state is not h11.DONE
            or self._http.trailing_data[0]
        ):
            return False
        self._http.start_next_cycle()
        self._idle_since = time.monotonic()
        return True

    def is_good(self) -> bool:
        """Whether it may still be used after a time of idleness."""
        assert self._idle_since is not None, "it was idle"
        return time.monotonic() - self._idle_since < LONGEST_IDLE and not self._stream.is_stale()

    def close(self) -> None:
        self._stream.close()

    def _until(self, deadline: Deadline) -> Deadline:
        return Deadline(self._patience, f"no answer for {self._patience:g} s", deadline)

    def _encoded(self, request: Request, headers: Headers) -> bytes:
        parts = urlsplit(request.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        length = [("Content-Length", str(len(request.body)))] if request.body else []
        head = [
            ("Host", parts.netloc),
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            *length,
            *headers,
        ]
        events = [h11.Request(method=request.method, target=target, headers=head), h11.Data(request.body)]
        return b"".join(self._http.send(event) or b"" for event in (*events, h11.EndOfMessage()))

    def _answer(self, deadline: Deadline) -> _Answer:
        head = self._event(deadline)
        while isinstance(head, h11.InformationalResponse):
            head = self._event(deadline)
        assert isinstance(head, h11.Response), "h11 lets nothing else begin an answer"
        fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
        if head.status_code in _REDIRECTS:
            return _Answer(head.status_code, fields.get("location", ""))
        if head.status_code not in (HTTPStatus.OK, HTTPStatus.NO_CONTENT):
            raise _kind_of(head.status_code)(f"answered {_named(head.status_code)}")
        if fields.get("content-encoding", "identity").lower() != "identity":
            raise Unusable("its answer is compressed, which it was asked not to be")
        body = bytearray()
        while isinstance(event := self._event(deadline), h11.Data):
            body += event.data
            if len(body) > LONGEST_BODY:
                raise Unusable(f"its answer is longer than {LONGEST_BODY // 1024} KiB")
        return _Answer(head.status_code, body=bytes(body))

    def _event(self, deadline: Deadline) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            data = self._stream.receive(self._until(deadline))
            self._ended = not data
            self._received += len(data)
            if not self._received:
                raise ConnectionResetError(errno.ECONNRESET, "closed before an answer came")
            if self._received > _MOST_BYTES:
                raise Unusable(f"its answer is longer than {LONGEST_BODY // 1024} KiB")
            self._http.receive_data(data)
        return event


def _kind_of(status: int) -> type[StepFailed]:
    """What a status other than success is: an outage, or the failure of one call."""
    is_outage = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS
    return Unavailable if is_outage else Unusable


def _named(status: int) -> str:
    """A status with the standard's name for it, not the server's."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
