"""`webservice`: a web service decides. `docs/webservice.md` tells its side of it."""

from __future__ import annotations

import base64
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Final
from urllib.parse import urlsplit

from vipgate_fs.document.section import Section
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.gate import StepDefaults, StepFailed
from vipgate_fs.gate.verdict import Verdict
from vipgate_fs.identify import Surroundings
from vipgate_fs.identify.facts import FACTS
from vipgate_fs.identify.timeouts import read_timeouts
from vipgate_fs.identify.tls import client_context
from vipgate_fs.identify.webservice.answers import read_answer
from vipgate_fs.identify.webservice.breaker import Breaker
from vipgate_fs.identify.webservice.cache import Cache
from vipgate_fs.identify.webservice.exchange import Unusable
from vipgate_fs.identify.webservice.fetch import Fetcher, Route
from vipgate_fs.identify.webservice.form import PLACEHOLDER, Facts, Form, has_dots
from vipgate_fs.identify.webservice.origins import Origin, is_sendable
from vipgate_fs.identify.webservice.streams import Deadline
from vipgate_fs.secret import Secret

_LOCAL: Final = re.compile(r"localhost|127\.[0-9.]+|::1", re.ASCII)
_VALUE: Final = re.compile(r"[!-~]([ -~]*[!-~])?", re.ASCII)
_NO_VALUE: Final = "not shown here, but no header can hold it; allowed: printable ASCII"
_OURS: Final = {
    *("host", "content-length", "content-type", "transfer-encoding", "connection", "accept", "accept-encoding"),
    *(
        "expect",
        "te",
        "trailer",
        "upgrade",
        "user-agent",
        "x-vipgate-call-id",
        "x-vipgate-timestamp",
        "x-vipgate-signature",
    ),
}


@dataclass(frozen=True, slots=True)
class Webservice(StepDefaults):
    """Asks a web service. See `vipgate_fs.gate.gate.Step` for the other attributes.

    Attributes:
        url: with placeholders. Its query may hold a key of the service.
        fallback_url: asked when the first fails; None: there is none.
        total: seconds for the whole step. When there is a fallback, the first has half of them.
        form: what a request looks like.
        fetcher: asks.
        breaker: skips the first URL while it is unavailable.
        cache: of verdicts.
    """

    url: str = field(repr=False)
    fallback_url: str | None = field(repr=False)
    gate: str
    total: float
    form: Form
    fetcher: Fetcher
    breaker: Breaker
    cache: Cache
    line: int
    on_failure: Verdict | None = None
    kind: ClassVar[str] = "webservice"
    waits: ClassVar[bool] = True

    def identify(self, call: Call) -> Verdict | None:
        """Ask for the verdict. Takes at most `total` seconds."""
        facts = self.form.facts(call, self.gate)
        key = self.form.request(self.url, {**facts, "call_id": ""})
        verdict = self.cache.get(key)
        if verdict is None:
            verdict = self._ask(facts)
            self.cache.put(key, verdict)
        return verdict

    def _ask(self, facts: Facts) -> Verdict | None:
        deadline = _deadline(self.total)
        if self.fallback_url is None:
            with self.breaker.question():
                return self._ask_url(self.url, facts, deadline)
        try:
            with self.breaker.question():
                return self._ask_url(self.url, facts, _deadline(self.total / 2))
        except StepFailed as first:
            try:
                return self._ask_url(self.fallback_url, facts, deadline)
            except StepFailed as second:
                raise StepFailed(f"{first}; fallback_url: {second}") from None

    def _ask_url(self, url: str, facts: Facts, deadline: Deadline) -> Verdict | None:
        body = self.fetcher.fetch(
            self.form.request(url, facts),
            lambda request: self.form.headers_of(request, facts["call_id"], int(time.time())),
            deadline,
        )
        try:
            return read_answer(body)
        except ValueError as error:
            raise Unusable(f"its answer makes no sense: {error}") from None


def _deadline(seconds: float) -> Deadline:
    return Deadline(seconds, f"no complete answer within {seconds:g} s")


def build(section: Section, around: Surroundings) -> Webservice:
    """The step as it is configured."""
    timeouts = read_timeouts(section.section("timeouts"))
    urls = {key: url for key in ("url", "fallback_url") if (url := section.find(key, str)) is not None}
    for key, url in urls.items():
        if fault := next(_faults(url), None):
            section.error(fault, key)
        elif _is_open_to_all(url):
            section.warn("http is not encrypted: whoever listens on the way reads the PINs; use https", key)
    return Webservice(
        url=urls["url"],
        fallback_url=urls.get("fallback_url"),
        gate=around.gate,
        total=timeouts.total,
        form=Form(
            section.text("method"),
            around.site.number_format,
            (*_headers(section), *_authorization(section.section("auth"))),
            section.secret("sign_key"),
        ),
        fetcher=Fetcher(timeouts, Route(tls := _tls(section), tls)),
        breaker=Breaker(
            urls["url"].partition("?")[0],
            section.integer("failures_until_skipped"),
            section.duration("skipped_for"),
        ),
        cache=Cache(section.duration("cache")),
        line=section.line,
        on_failure=around.on_failure,
    )


def _faults(url: str) -> Iterator[str]:
    names = ", ".join(f"###{name.upper()}###" for name in FACTS)
    known = PLACEHOLDER.sub(lambda match: "0" if match[1].lower() in FACTS and match[1].isupper() else match[0], url)
    if "#" in known:
        yield f"a # that belongs to no known placeholder; allowed: {names}"
        return
    try:
        origin = Origin.of(known)
    except ValueError:
        yield "not a URL that can be asked; allowed: http or https, such as https://example.org/vipgate"
        return
    if "@" in urlsplit(known).netloc:
        yield "credentials don't belong in the URL, which is logged; use auth"
    if not is_sendable(known):
        yield "a character that no URL has; allowed: ASCII without spaces, everything else percent-encoded"
    if has_dots(known):
        yield "a . or .. between slashes, which leads to another place of the server; write the path without"
    if "#" in url.split("/")[2].partition("?")[0]:
        yield f"a placeholder before the path would let the caller choose who is asked; allowed: after {origin.host}/"


def _is_open_to_all(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and not _LOCAL.fullmatch(parts.hostname or "")


def _headers(section: Section) -> Iterator[tuple[str, Secret]]:
    seen = {"authorization"} if "auth" in section else set()
    headers = section.section("headers")
    for name in headers.keys:
        if name.lower() in _OURS:
            headers.error_at_key("VIPgate sets this header itself; remove it", name)
        elif name.lower() in seen:
            headers.error_at_key("this header is set already, here or by auth; allowed: once", name)
        elif value := headers.secret(name):
            seen.add(name.lower())
            if _VALUE.fullmatch(value.reveal()):
                yield name, value
            else:
                headers.error(_NO_VALUE, name)


def _authorization(auth: Section) -> Iterator[tuple[str, Secret]]:
    if token := auth.secret("bearer"):
        if _VALUE.fullmatch(token.reveal()):
            yield "Authorization", Secret(f"Bearer {token.reveal()}")
        else:
            auth.error(_NO_VALUE, "bearer")
    basic = auth.section("basic")
    if password := basic.secret("password"):
        pair = f"{basic.text('user')}:{password.reveal()}".encode()
        yield "Authorization", Secret(f"Basic {base64.b64encode(pair).decode()}")


def _tls(section: Section) -> ssl.SSLContext:
    file = section.find("ca_file", section.folder.joinpath)
    try:
        return client_context(file)
    except OSError as error:  # ssl.SSLError is one
        reason = "it holds no certificate in PEM format" if isinstance(error, ssl.SSLError) else error.strerror
        section.error(f"{file} can't be used: {reason}", "ca_file")
        return client_context()
