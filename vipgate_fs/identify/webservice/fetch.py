"""A question to a webservice: over which connection, with which credentials, and where redirects lead."""

from __future__ import annotations

import ssl
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from vipgate_fs.gate.step import StepFailed
from vipgate_fs.identify.timeouts import Timeouts
from vipgate_fs.identify.webservice.digest import Digest
from vipgate_fs.identify.webservice.exchange import WITH_A_BODY, Answer, Connection, Headers, Request, Unusable, named
from vipgate_fs.identify.webservice.origins import Origin, Redirects
from vipgate_fs.identify.webservice.proxy import Proxy
from vipgate_fs.identify.webservice.streams import AskAgain, Deadline, Unavailable, dial, encrypted
from vipgate_fs.sentences import said, say

MOST_REDIRECTS: Final = 3
MOST_IDLE: Final = 32
"""Connections to one origin that are kept for the next calls."""
_REDIRECTS: Final = {301, 302, 303, 307, 308}
_WITH_SAME_METHOD: Final = {307, 308}


_Peer = tuple[Origin, ssl.SSLContext]
"""Who a connection is with, and who we are for them."""


@dataclass(frozen=True, slots=True)
class Route:
    """How a service is reached.

    Attributes:
        tls: how its certificate is verified, and ours is shown.
        tls_elsewhere: the same for other hosts that redirects may lead to; ours is not shown to them.
        redirects: where redirects may lead.
        proxy: None: it is asked directly.
    """

    tls: ssl.SSLContext
    tls_elsewhere: ssl.SSLContext
    redirects: Redirects = Redirects()
    proxy: Proxy | None = None


class Fetcher:
    """Asks one webservice, and keeps its connections. May be used by many threads or greenlets at once.

    Args:
        timeouts: `total` is the caller's to keep, by `deadline`.
        route: how the service is reached.
        digest: proves a password to it; None: it has none, or one that goes with every request.
    """

    def __init__(self, timeouts: Timeouts, route: Route, digest: Digest | None = None) -> None:
        self._timeouts = timeouts
        self._route = route
        self._digest = digest
        self._idle: defaultdict[_Peer, list[Connection]] = defaultdict(list)

    def fetch(self, request: Request, headers: Callable[[Request], Headers], deadline: Deadline) -> bytes:
        """The body of the answer, at most LONGEST_BODY bytes; b"{}" for 204 No Content.

        Args:
            request: asked again on another connection when the first one failed before it was sent.
            headers: what to send with a request, besides what HTTP needs. No other host gets them.
            deadline: for everything.

        Raises:
            Unavailable: there is no answer, in time, or one that says that the service is not well (5xx, 429).
            Unusable: there is another answer.
        """
        home = Origin.of(request.url)
        for _ in range(MOST_REDIRECTS + 1):
            if home.is_home_of(Origin.of(request.url)):
                answer = self._logged_in(request, headers, deadline)
            else:
                answer = self._ask(request, [("User-Agent", "VIPgate")], deadline, self._route.tls_elsewhere)
            if answer.status not in _REDIRECTS:
                return _body(answer)
            request = self._redirected(request, answer)
        raise Unusable(say("redirected more than {most} times", most=MOST_REDIRECTS))

    def reach(self, url: str) -> float | None:
        """Connect to a URL's host as a question would, and ask nothing.

        Returns:
            Unix time at which the certificate ends that its server shows; None without TLS.

        Raises:
            Unavailable: it can't be reached.
        """
        connection = self._connect(
            Origin.of(url), self._route.tls, Deadline(self._timeouts.total, say("no connection"))
        )
        try:
            return connection.certificate_end()
        finally:
            connection.close()

    def close(self) -> None:
        """Let go of the connections that are idle."""
        for connections in self._idle.values():
            while connections:
                connections.pop().close()

    def _logged_in(self, request: Request, headers: Callable[[Request], Headers], deadline: Deadline) -> Answer:
        def ask() -> Answer:
            proof = self._digest.authorization(request) if self._digest else None
            login = [("Authorization", proof)] if proof else []
            return self._ask(request, [*headers(request), *login], deadline, self._route.tls)

        answer = ask()
        challenges = answer.values("www-authenticate")
        if answer.status == HTTPStatus.UNAUTHORIZED and self._digest and self._digest.take(challenges):
            return ask()
        return answer

    def _redirected(self, request: Request, answer: Answer) -> Request:
        try:
            url = self._route.redirects.target(request.url, b"".join(answer.values("location")[:1]))
        except ValueError as error:
            raise Unusable(say("redirected to where it must not lead: {error}", error=said(error))) from None
        return replace(request, url=url) if answer.status in _WITH_SAME_METHOD else Request("GET", url)

    def _ask(self, request: Request, headers: Headers, deadline: Deadline, tls: ssl.SSLContext) -> Answer:
        headers = list(headers)
        try:
            return self._ask_once(request, headers, deadline, tls)
        except AskAgain:
            return self._ask_once(request, headers, deadline, tls, fresh=True)

    def _ask_once(
        self, request: Request, headers: Headers, deadline: Deadline, tls: ssl.SSLContext, *, fresh: bool = False
    ) -> Answer:
        peer = Origin.of(request.url), tls
        connection = (None if fresh else self._take(peer)) or self._connect(*peer, deadline)
        try:
            answer = connection.ask(request, headers, deadline)
        except BaseException:
            connection.close()
            raise
        if connection.next_request() and len(self._idle[peer]) < MOST_IDLE:
            self._idle[peer].append(connection)
        else:
            connection.close()
        return answer

    def _take(self, peer: _Peer) -> Connection | None:
        connections = self._idle[peer]
        while connections:
            try:
                connection = connections.pop()
            except IndexError:  # another thread was quicker
                break
            if connection.is_good():
                return connection
            connection.close()
        return None

    def _connect(self, origin: Origin, tls: ssl.SSLContext, deadline: Deadline) -> Connection:
        patience = self._timeouts.connect
        deadline = Deadline(patience, say("no connection within {seconds:g} s", seconds=patience), deadline)
        proxy, is_secure = self._route.proxy, origin.scheme == "https"
        peer = proxy.origin if proxy else origin
        stream = dial(peer.host, peer.port, deadline)
        if not is_secure:
            return Connection(stream, self._timeouts.read, proxy.headers if proxy else None)
        try:
            if proxy:
                Connection(stream, patience).tunnel(origin.authority, proxy.headers, deadline)
            return Connection(encrypted(stream, tls, origin.host, deadline), self._timeouts.read)
        except BaseException:
            stream.close()
            raise


def _body(answer: Answer) -> bytes:
    """The body of an answer that has one of use. Raises Unavailable, Unusable."""
    if answer.status == HTTPStatus.NO_CONTENT:
        return b"{}"
    if answer.status == HTTPStatus.ACCEPTED and not answer.body.strip():
        raise Unusable(say("answered 202 Accepted without a verdict; it must answer at once, with 200 and the verdict"))
    if answer.status in WITH_A_BODY:
        return answer.body
    raise _kind_of(answer.status)(say("answered {status}", status=named(answer.status)))


def _kind_of(status: int) -> type[StepFailed]:
    """What a status other than success is: an outage, or the failure of one call."""
    is_outage = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS
    return Unavailable if is_outage else Unusable
