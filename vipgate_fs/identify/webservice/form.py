"""What a webservice is asked: the facts of a call in a URL and in JSON, and the signature."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from vipgate_fs.gate.call import Call
from vipgate_fs.identify.facts import facts
from vipgate_fs.identify.webservice.exchange import Request
from vipgate_fs.secret import Secret

PLACEHOLDER: Final = re.compile("###(.*?)###")

_SLASHES: Final = re.compile(r"[/\\]")
"""Many a server decodes a path before it takes it apart: in a name, they would be levels of the path."""

Facts = Mapping[str, str]


def has_dots(url: str) -> bool:
    """Whether a URL's path has a segment . or .., which is removed on the way (RFC 3986, 5.2.4)."""
    return any(unquote(segment).strip() in (".", "..") for segment in urlsplit(url).path.split("/"))


@dataclass(frozen=True, slots=True)
class Form:
    """What a request looks like.

    Attributes:
        method: GET or POST.
        number_format: how an international number begins, "00" or "+".
        headers: besides those that HTTP needs.
        key: of the signature; None: the request is not signed.
    """

    method: str
    number_format: str
    headers: tuple[tuple[str, Secret], ...] = ()
    key: Secret | None = None

    def facts(self, call: Call, gate: str) -> Facts:
        """The facts that a webservice receives about a call at a gate. See `vipgate_fs.identify.facts`."""
        return facts(call, gate, self.number_format)

    def request(self, url: str, facts: Facts) -> Request:
        """The request for the facts of a call. No fact leads to another place of the server than `url` does."""
        path, query, rest = url.partition("?")
        in_path = {name: _SLASHES.sub("_", fact) for name, fact in facts.items()}
        filled = _filled(path, in_path)
        if has_dots(filled):
            filled = _filled(path, {name: fact.replace(".", "_") or "_" for name, fact in in_path.items()})
        filled += query + _filled(rest, facts)
        return Request(self.method, filled, json.dumps(facts).encode() if self.method == "POST" else b"")

    def headers_of(self, request: Request, call_id: str, timestamp: int, trace: str = "") -> Iterator[tuple[str, str]]:
        """The headers of a request.

        Args:
            request: that they go with; the signature is about it.
            call_id: of the call, as in FACTS.
            timestamp: seconds since 1970.
            trace: the call's `traceparent` (W3C Trace Context); "" for none.
        """
        call_id = quote(call_id, safe="")
        yield from ((name, value.reveal()) for name, value in self.headers)
        yield "User-Agent", "VIPgate"
        yield "X-VIPgate-Call-Id", call_id
        if trace:
            yield "traceparent", trace
        if request.body:
            yield "Content-Type", "application/json"
        if self.key is not None:
            signed = "\n".join((str(timestamp), call_id, request.method, request.url, "")).encode() + request.body
            yield "X-VIPgate-Timestamp", str(timestamp)
            yield "X-VIPgate-Signature", hmac.new(self.key.reveal().encode(), signed, "sha256").hexdigest()


def _filled(part: str, facts: Facts) -> str:
    return PLACEHOLDER.sub(lambda match: quote(facts[match[1].lower()], safe=""), part)
