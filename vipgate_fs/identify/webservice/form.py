"""What a webservice is asked: the facts of a call in a URL and in JSON, and the signature."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.gate import StepFailed
from vipgate_fs.gate.numbers import shown
from vipgate_fs.identify.webservice.fetch import Request
from vipgate_fs.secret import Secret

FACTS: Final = ("caller_number", "called_number", "caller_name", "gate", "call_id")
"""What a webservice is told: as `###CALLER_NUMBER###` in the URL, as `caller_number` in the JSON of a POST."""
LONGEST_FACT: Final = 256
"""Characters; a caller may write a name of any length."""
PLACEHOLDER: Final = re.compile("###(.*?)###")

Facts = Mapping[str, str]


def has_dots(url: str) -> bool:
    """Whether a URL's path has a segment . or .., which is removed on the way (RFC 3986, 5.2.4)."""
    return bool({".", ".."} & set(urlsplit(url).path.split("/")))


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
        """What a webservice is told of a call at a gate, by FACTS. A withheld number is empty."""
        numbers = (shown(number, self.number_format) for number in (call.caller, call.called))
        values = (*numbers, call.caller_name, gate, call.uuid)
        return {
            name: value[:LONGEST_FACT].encode("utf-8", "replace").decode()
            for name, value in zip(FACTS, values, strict=True)
        }

    def request(self, url: str, facts: Facts) -> Request:
        """The request for the facts of a call.

        Raises:
            StepFailed: a fact would lead to another place of the server.
        """
        filled = PLACEHOLDER.sub(lambda match: quote(facts[match[1].lower()], safe=""), url)
        if has_dots(filled):
            raise StepFailed("a caller's name or number is . or .. and would change the URL's path")
        return Request(self.method, filled, json.dumps(facts).encode() if self.method == "POST" else b"")

    def headers_of(self, request: Request, call_id: str, timestamp: int) -> Iterator[tuple[str, str]]:
        """The headers of a request.

        Args:
            request: that they go with; the signature is about it.
            call_id: of the call, as in FACTS.
            timestamp: seconds since 1970.
        """
        call_id = quote(call_id, safe="")
        yield from ((name, value.reveal()) for name, value in self.headers)
        yield "User-Agent", "VIPgate"
        yield "X-VIPgate-Call-Id", call_id
        if request.body:
            yield "Content-Type", "application/json"
        if self.key is not None:
            signed = "\n".join((str(timestamp), call_id, request.method, request.url, "")).encode() + request.body
            yield "X-VIPgate-Timestamp", str(timestamp)
            yield "X-VIPgate-Signature", hmac.new(self.key.reveal().encode(), signed, "sha256").hexdigest()
