"""HTTP requests and their answers on one connection, within limits that no server can stretch.

h11 speaks the protocol: it refuses whatever is not HTTP/1.x, and lets nothing into a request that would end a header
early. `vipgate_fs.identify.webservice.streams` keeps the time, and says why urllib3 could not.
"""

from __future__ import annotations

import errno
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import h11

from vipgate_fs.gate.step import StepFailed
from vipgate_fs.identify.webservice.heads import END, begins_like_http, mended
from vipgate_fs.identify.webservice.streams import AskAgain, Deadline, Stream, Unavailable
from vipgate_fs.sentences import said, say
from vipgate_fs.sentences.system import system_says

LONGEST_BODY: Final = 64 * 1024
LONGEST_HEAD: Final = 16 * 1024
LONGEST_IDLE: Final = 30.0
"""Seconds; after more, a firewall on the way may have forgotten the connection without a word."""
_MOST_BYTES: Final = 2 * LONGEST_BODY
"""On the wire: heads, and the body with its chunks' sizes."""
WITH_A_BODY: Final = {200, 201, 202, 203}
"""Frameworks answer a POST with 201 or 202 by default."""
_COMPRESSIONS: Final = {"gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd"}
"""Content codings (RFC 9110, 8.4.1). Servers write other things there, such as UTF-8 or none, which encode nothing."""

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

    @property
    def target(self) -> str:
        """Path and query, as they stand in the request line."""
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: not of those that announce another (1xx).
        fields: of the head; names in lower case.
        body: empty unless the status has one that is of use.
    """

    status: int
    fields: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""

    def values(self, name: str) -> list[bytes]:
        """The values of all fields of that name."""
        return [value for found, value in self.fields if found == name.encode()]


class Connection:
    """A connection that is asked one thing after the other.

    Args:
        stream: to the service, or to the proxy.
        patience: seconds of silence that are waited for.
        proxy_headers: what the proxy wants with each request, which then names the whole URL; None: there is no proxy,
            or the stream is a tunnel through it.
    """

    def __init__(self, stream: Stream, patience: float, proxy_headers: Headers | None = None) -> None:
        self._stream = stream
        self._patience = patience
        self._proxy_headers = proxy_headers
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
        self._pending = b""
        self._received = 0
        self._ended = False
        self._idle_since: float | None = None

    def ask(self, request: Request, headers: Headers, deadline: Deadline) -> Answer:
        """Raises AskAgain when an idle connection turns out to be closed; else Unavailable, Unusable."""
        target = request.url if self._proxy_headers is not None else request.target
        return self._exchange(request.method, target, self._head(request, headers), request.body, deadline)

    def tunnel(self, authority: str, headers: Headers, deadline: Deadline) -> None:
        """Have a proxy connect the stream with somebody else (RFC 9110, 9.3.6). Raises Unavailable."""
        try:
            answer = self._exchange("CONNECT", authority, [("Host", authority), *headers], b"", deadline)
        except StepFailed as failure:
            raise Unavailable(say("the proxy: {failure}", failure=said(failure))) from None
        if answer.status // 100 != 2 or self._pending or self._http.trailing_data[0]:  # noqa: PLR2004 - RFC 9110, 15.3
            raise Unavailable(say("the proxy answered {status}", status=named(answer.status)))

    def certificate_end(self) -> float | None:
        """Unix time at which the certificate ends that the peer has shown; None without TLS."""
        return self._stream.certificate_end()

    def next_request(self) -> bool:
        """Get ready for another request; whether there can be one."""
        is_done = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        if not is_done or self._pending or self._http.trailing_data[0]:
            return False
        self._http.start_next_cycle()
        self._idle_since = time.monotonic()
        return True

    def is_good(self) -> bool:
        """Whether it may still be used after a time of idleness."""
        assert self._idle_since is not None, "it was idle"
        return time.monotonic() - self._idle_since < LONGEST_IDLE and not self._stream.is_stale()

    def close(self) -> None:
        """Let go of it at once."""
        self._stream.close()

    def _head(self, request: Request, headers: Headers) -> Headers:
        yield "Host", urlsplit(request.url).netloc
        yield "Accept", "application/json"
        yield "Accept-Encoding", "identity"
        if request.body:
            yield "Content-Length", str(len(request.body))
        yield from headers
        yield from self._proxy_headers or ()

    def _exchange(self, method: str, target: str, head: Headers, body: bytes, deadline: Deadline) -> Answer:
        self._received = 0
        try:
            encoded = [(name.encode(), value.encode()) for name, value in head]
            events = [h11.Request(method=method, target=target, headers=encoded), h11.Data(body), h11.EndOfMessage()]
            data = b"".join(self._http.send(event) or b"" for event in events)
            self._stream.send(data, self._until(deadline))
            return self._answer(deadline)
        except h11.RemoteProtocolError as error:  # whose text holds what the peer sent
            if self._ended:
                raise Unavailable(say("the connection was closed before the answer was complete")) from None
            if error.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
                raise _too_long_a_head() from None
            raise Unusable(say("its answer breaks the rules of HTTP (RFC 9112)")) from None
        except OSError as error:
            if self._idle_since is not None and self._received == 0 and method == "GET":
                raise AskAgain(say("the connection was closed while it was idle")) from None
            why = say("TLS was cut off") if isinstance(error, ssl.SSLError) else system_says(error)
            raise Unavailable(say("the connection broke: {why}", why=why)) from None

    def _until(self, deadline: Deadline) -> Deadline:
        return Deadline(self._patience, say("no answer for {seconds:g} s", seconds=self._patience), deadline)

    def _answer(self, deadline: Deadline) -> Answer:
        head = self._event(deadline)
        while isinstance(head, h11.InformationalResponse):
            head = self._event(deadline)
        assert isinstance(head, h11.Response), "h11 lets nothing else begin an answer"
        answer = Answer(head.status_code, tuple(head.headers))
        if answer.status not in WITH_A_BODY | {HTTPStatus.NO_CONTENT}:
            return answer
        if answer.status in WITH_A_BODY:
            _check_coding(answer)
        body = bytearray()
        while isinstance(event := self._event(deadline), h11.Data):
            body += event.data
            if len(body) > LONGEST_BODY:
                raise _too_long()
        return Answer(answer.status, answer.fields, bytes(body))

    def _event(self, deadline: Deadline) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.their_state is h11.SEND_RESPONSE:
                data = self._whole_head(deadline)
            else:
                data, self._pending = self._pending or self._receive(deadline), b""
            self._http.receive_data(data)
        return event

    def _whole_head(self, deadline: Deadline) -> bytes:
        """The next head, mended; b"" at the end of the connection."""
        seen = 0
        while True:
            self._pending = self._pending.lstrip(b"\r\n")
            if not begins_like_http(self._pending):
                raise Unusable(say("what it answered is not HTTP"))
            if end := END.search(self._pending, max(0, seen - 3)):
                break
            if len(self._pending) > LONGEST_HEAD:
                raise _too_long_a_head()
            seen = len(self._pending)
            data = self._receive(deadline)
            if not data:
                return b""
            self._pending += data
        head, self._pending = self._pending[: end.end()], self._pending[end.end() :]
        return mended(head)

    def _receive(self, deadline: Deadline) -> bytes:
        data = self._stream.receive(self._until(deadline))
        self._ended = not data
        self._received += len(data)
        if not self._received:
            raise ConnectionResetError(errno.ECONNRESET, say("closed before an answer came"))
        if self._received > _MOST_BYTES:
            raise _too_long()
        return data


def named(status: int) -> str:
    """A status with the standard's name for it, not the server's."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _check_coding(answer: Answer) -> None:
    written = b",".join(answer.values("content-encoding")).decode("latin-1").lower()
    for coding in map(str.strip, written.split(",")):
        if coding in _COMPRESSIONS:
            raise Unusable(
                say(
                    "its answer is compressed (Content-Encoding: {coding}), which it was asked not to be", coding=coding
                )
            )


def _too_long() -> Unusable:
    return Unusable(say("its answer is longer than {most} KiB", most=LONGEST_BODY // 1024))


def _too_long_a_head() -> Unusable:
    return Unusable(say("the head of its answer is longer than {most} KiB", most=LONGEST_HEAD // 1024))
