"""Byte streams over TCP and TLS that keep a deadline, whatever the other side does.

A socket's time-out bounds one wait. A peer that sends a byte now and then makes as many waits of a line, a header or a
TLS record; http.client, and urllib3 on top of it, give each of them the whole time-out. So every wait here gets only
what is left, and TLS runs over memory, where a wait is always one of these.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

from vipgate_fs.gate.step import StepFailed
from vipgate_fs.sentences import Sentence, say
from vipgate_fs.sentences.system import system_says

T = TypeVar("T")
_CHUNK: Final = 16 * 1024


class Unavailable(StepFailed):
    """No answer was to be had: an outage, whoever is asked about. The text holds nothing that the peer sent."""


class AskAgain(Unavailable):
    """The connection failed before the peer had anything to work on: another one may do better."""


class Deadline:
    """The moment until which everything must be done.

    Args:
        seconds: from now.
        earlier: another deadline that counts, too.
        late: what to say when it is over.
    """

    def __init__(self, seconds: float, late: Sentence, earlier: Deadline | None = None) -> None:
        self.late = late
        self.at = time.monotonic() + seconds
        if earlier is not None and earlier.at <= self.at:
            self.at, self.late = earlier.at, earlier.late

    def left(self) -> float:
        """Seconds that are left, more than 0. Raises Unavailable when none are."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise Unavailable(self.late)
        return left


class Stream(Protocol):
    """Bytes to and from a peer. Both raise OSError when the connection is broken, Unavailable when time is over."""

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Send everything."""

    def receive(self, deadline: Deadline) -> bytes:
        """What comes next, b"" at the end."""

    def is_stale(self) -> bool:
        """Whether an idle connection was closed, or something came unasked."""

    def certificate_end(self) -> float | None:
        """Unix time at which the certificate ends that the peer has shown; None: it has shown none."""

    def close(self) -> None:
        """Let go of the connection, at once and without a farewell."""


class TcpStream:
    """Bytes over a TCP socket, which it owns."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def connect(self, address: Any, deadline: Deadline) -> None:
        """Connect. Raises OSError, Unavailable."""
        self._patiently(deadline, self._socket.connect, address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes, deadline: Deadline) -> None:
        """See Stream."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._patiently(deadline, self._socket.send, rest) :]

    def receive(self, deadline: Deadline) -> bytes:
        """See Stream."""
        return self._patiently(deadline, self._socket.recv, _CHUNK)

    def _patiently(self, deadline: Deadline, operation: Callable[[Any], T], argument: Any) -> T:
        self._socket.settimeout(deadline.left())
        try:
            return operation(argument)
        except TimeoutError:
            raise Unavailable(deadline.late) from None

    def is_stale(self) -> bool:
        """See Stream."""
        self._socket.settimeout(0)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def certificate_end(self) -> None:
        """See Stream."""

    def close(self) -> None:
        """See Stream."""
        self._socket.close()


class TlsStream:
    """Bytes over TLS over a stream, which it owns once the handshake is done.

    Raises:
        ssl.SSLError, OSError: by the constructor, when the handshake fails.
        Unavailable: when time is over.
    """

    def __init__(self, stream: TcpStream, context: ssl.SSLContext, host: str, deadline: Deadline) -> None:
        self._stream = stream
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._do(deadline, self._tls.do_handshake)

    def send(self, data: bytes, deadline: Deadline) -> None:
        """See Stream."""
        self._do(deadline, self._tls.write, data)  # a memory BIO takes all of it

    def receive(self, deadline: Deadline) -> bytes:
        """See Stream."""
        try:
            return self._do(deadline, self._tls.read, _CHUNK)
        except ssl.SSLZeroReturnError:
            return b""

    def _do(self, deadline: Deadline, operation: Callable[..., T], *arguments: Any) -> T:
        while True:
            try:
                result = operation(*arguments)
            except ssl.SSLWantReadError:
                self._flush(deadline)
                if data := self._stream.receive(deadline):
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                self._flush(deadline)  # sends the peer the reason
                raise
            else:
                self._flush(deadline)
                return result

    def _flush(self, deadline: Deadline) -> None:
        if data := self._outgoing.read():
            self._stream.send(data, deadline)

    def is_stale(self) -> bool:
        """See Stream."""
        return self._stream.is_stale()

    def certificate_end(self) -> float | None:
        """See Stream."""
        end = (self._tls.getpeercert() or {}).get("notAfter")
        return float(ssl.cert_time_to_seconds(end)) if isinstance(end, str) else None

    def close(self) -> None:
        """See Stream."""
        self._stream.close()


def dial(host: str, port: int, deadline: Deadline) -> TcpStream:
    """A connection to the first of a host's addresses that can be reached; each has an equal share of the time.

    Raises:
        AskAgain: there is none, and it may be worth a second try.
        Unavailable: there is none, nor will there be the next moment.
    """
    addresses = _resolve(host, port, deadline)
    for more, (family, _, _, _, address) in zip(reversed(range(len(addresses))), addresses, strict=True):
        stream = None
        try:
            stream = TcpStream(socket.socket(family, socket.SOCK_STREAM))
            stream.connect(address, Deadline(deadline.left() / (more + 1), deadline.late, deadline))
        except BaseException as error:
            if stream is not None:
                stream.close()
            if not isinstance(error, (OSError, Unavailable)):
                raise
            failure = error
        else:
            return stream
    if isinstance(failure, OSError):
        raise AskAgain(say("no connection: {why}", why=system_says(failure)))
    raise failure


def encrypted(stream: TcpStream, context: ssl.SSLContext, host: str, deadline: Deadline) -> TlsStream:
    """TLS over a connection, which stays the caller's to close when there is none. Raises as `dial`."""
    try:
        return TlsStream(stream, context, host, deadline)
    except OSError as error:  # ssl.SSLError is one
        raise _handshake_failure(error) from None


def _handshake_failure(error: OSError) -> Unavailable:
    match error:
        case ssl.SSLCertVerificationError():
            return Unavailable(say("its certificate is not valid: {why}", why=error.verify_message))
        case ssl.SSLEOFError():
            return AskAgain(say("the connection was closed in the TLS handshake"))
        case ssl.SSLError():
            return Unavailable(say("no TLS connection: {why}", why=error.reason or say("the handshake failed")))
    return AskAgain(say("the connection broke in the TLS handshake: {why}", why=system_says(error)))


def _resolve(host: str, port: int, deadline: Deadline) -> list[Any]:
    """The addresses of a host. The system's resolver knows no deadline, so it works in a thread of its own."""
    found: list[Any] = []
    failed: list[OSError | UnicodeError] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            failed.append(error)

    thread = threading.Thread(target=look_up, name="resolve", daemon=True)
    thread.start()
    thread.join(deadline.left())
    if failed:
        reason = getattr(failed[0], "strerror", None) or say("not a name")
        raise Unavailable(say("the name {host} is not known: {why}", host=host, why=reason))
    if not found:
        raise Unavailable(say("the name {host} was not found in time", host=host))
    return found
