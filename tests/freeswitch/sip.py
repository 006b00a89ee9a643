"""The caller's side of one SIP dialog (RFC 3261), without a socket: what to send, as bytes, and what comes, as messages."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

_COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response.

    Attributes:
        start: its first line.
        headers: (name in lower case, value), in order.
        body: SDP, mostly.
    """

    start: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @classmethod
    def parse(cls, data: bytes) -> Message:
        """A datagram that FreeSWITCH sent."""
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = tuple((_COMPACT.get(name.lower(), name.lower()), value.strip()) for name, _, value in pairs)
        return cls(start, headers, body)

    @property
    def status(self) -> int:
        """A response's code; 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """Of a request, or of the request that a response answers."""
        return self.get("cseq").split()[1]

    @property
    def cause(self) -> int | None:
        """The Q.850 cause in the Reason header (RFC 3326)."""
        found = re.search(r"Q\.850;cause=(\d+)", self.get("reason"))
        return int(found[1]) if found else None

    def get(self, name: str) -> str:
        """A header's first value; "" without it."""
        return next((value for key, value in self.headers if key == name), "")


def user_part(text: str) -> str:
    """A user as it may stand in a SIP address (RFC 3261, 25.1)."""
    return re.sub(rb"[^A-Za-z0-9_.!~*'()&=+$,;?/-]", lambda found: b"%%%02X" % found[0][0], text.encode()).decode()


class Dialog:
    """One call's requests.

    Args:
        local: host and port that it is sent from.
        server: host and port that it is sent to.
        to: the number to call.
        sender: the value of the From header, without a tag.
        headers: further headers of the INVITE, each "Name: value"; a Call-ID takes the place of our own.
        sdp: the offer.
        receiver: the To header; "": the number to call.
    """

    def __init__(
        self,
        local: tuple[str, int],
        server: tuple[str, int],
        to: str,
        sender: str,
        headers: tuple[str, ...],
        sdp: str,
        receiver: str = "",
    ) -> None:
        self._local = f"{local[0]}:{local[1]}"
        self._uri = self._target = f"sip:{user_part(to)}@{server[0]}:{server[1]}"
        self._sender = f"{sender};tag={secrets.token_hex(5)}"
        self._receiver = receiver or f"<{self._uri}>"
        own = [header for header in headers if header.startswith("Call-ID: ")]
        self._call_id = own[0] if own else f"Call-ID: {secrets.token_hex(10)}"
        self._branch = secrets.token_hex(8)
        self._more, self._sdp = tuple(header for header in headers if header not in own), sdp
        self._contact = f"Contact: <sip:caller@{self._local}>"

    def invite(self) -> bytes:
        """Call."""
        return self._request("INVITE", self._uri, 1, self._branch, (self._contact, *self._more), self._sdp)

    def cancel(self) -> bytes:
        """Hang up before the call is answered."""
        return self._request("CANCEL", self._uri, 1, self._branch)

    def acknowledge(self, final: Message) -> bytes:
        """Answer the final response to the INVITE; the dialog goes on with what it names."""
        self._receiver = final.get("to")
        if final.status >= 300:
            return self._request("ACK", self._uri, 1, self._branch)
        contact = re.search(r"<([^>]+)>", final.get("contact"))
        self._target = contact[1] if contact else self._uri
        return self._request("ACK", self._target, int(final.get("cseq").split()[0]), secrets.token_hex(8))

    def bye(self) -> bytes:
        """Hang up."""
        return self._request("BYE", self._target, 1000, secrets.token_hex(8))

    def info(self, number: int, digit: str) -> bytes:
        """Key in a digit without sound; `number` counts the requests of the dialog."""
        kind = "Content-Type: application/dtmf-relay"
        body = f"Signal={digit}\r\nDuration=100\r\n"
        return self._request("INFO", self._target, number, secrets.token_hex(8), (kind,), body)

    def refer(self, number: int, to: str) -> bytes:
        """Ask the other side to call somebody else instead: the user part of an address, perhaps with `?Header=…`."""
        user, mark, headers = to.partition("?")
        address = f"Refer-To: <sip:{user}@{self._uri.partition('@')[2]}{mark}{headers}>"
        return self._request("REFER", self._target, number, secrets.token_hex(8), (self._contact, address))

    def invite_again(self, number: int, mode: str, *more: str) -> bytes:
        """Within the call; `mode` is the direction of the sound (RFC 3264: sendrecv, sendonly)."""
        sdp = f"{self._sdp}a={mode}\r\n".replace(" 1 1 IN ", f" 1 {number} IN ", 1)
        return self._request("INVITE", self._target, number, secrets.token_hex(8), (self._contact, *more), sdp)

    def ok(self, request: Message) -> bytes:
        """Agree to a request of the other side: to another INVITE with what was offered to begin with."""
        kept = [
            f"{name}: {value}" for name, value in request.headers if name in {"via", "from", "to", "call-id", "cseq"}
        ]
        if request.method == "INVITE":
            return _bytes("SIP/2.0 200 OK", [*kept, self._contact], self._sdp)
        return _bytes("SIP/2.0 200 OK", kept, "")

    def _request(
        self, method: str, uri: str, number: int, branch: str, more: tuple[str, ...] = (), body: str = ""
    ) -> bytes:
        headers = [
            f"Via: SIP/2.0/UDP {self._local};rport;branch=z9hG4bK{branch}",
            "Max-Forwards: 70",
            f"From: {self._sender}",
            f"To: {self._receiver}",
            self._call_id,
            f"CSeq: {number} {method}",
            *more,
        ]
        return _bytes(f"{method} {uri} SIP/2.0", headers, body)


def _bytes(start: str, headers: list[str], body: str) -> bytes:
    named = any(header.startswith("Content-Type:") for header in headers)
    typed = ["Content-Type: application/sdp"] if body and not named else []
    lines = [start, *headers, *typed, f"Content-Length: {len(body.encode())}", "", body]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")
