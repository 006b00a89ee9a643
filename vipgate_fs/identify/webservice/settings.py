"""`webservice` as it is configured."""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from vipgate_fs.document.section import Section
from vipgate_fs.identify import Surroundings
from vipgate_fs.identify.facts import FACTS
from vipgate_fs.identify.timeouts import read_timeouts
from vipgate_fs.identify.tls import Identity, client_context, system_context
from vipgate_fs.identify.webservice.breaker import Breaker
from vipgate_fs.identify.webservice.cache import Cache
from vipgate_fs.identify.webservice.digest import Digest
from vipgate_fs.identify.webservice.fetch import Fetcher, Route
from vipgate_fs.identify.webservice.form import PLACEHOLDER, Form, has_dots
from vipgate_fs.identify.webservice.origins import Origin, Redirects, is_sendable
from vipgate_fs.identify.webservice.proxy import Proxy
from vipgate_fs.identify.webservice.step import Webservice
from vipgate_fs.secret import Secret
from vipgate_fs.sentences import Sentence, say
from vipgate_fs.sentences.system import of_file, system_says

_LOCAL: Final = re.compile(r"localhost|127\.[0-9.]+|::1", re.ASCII)
_VALUE: Final = re.compile(r"[!-~]([ -~]*[!-~])?", re.ASCII)
_NO_VALUE: Final = say("not shown here, but no header can hold it; allowed: printable ASCII")
_OURS: Final = {
    *("host", "content-length", "content-type", "transfer-encoding", "connection", "accept", "accept-encoding"),
    *("expect", "te", "trailer", "upgrade", "user-agent", "proxy-authorization"),
    *("x-vipgate-call-id", "x-vipgate-timestamp", "x-vipgate-signature"),
}


def build(section: Section, around: Surroundings) -> Webservice:
    """The step as it is configured."""
    timeouts = read_timeouts(section.section("timeouts"))
    urls = {key: url for key in ("url", "fallback_url") if (url := section.find(key, str)) is not None}
    for key, url in urls.items():
        if fault := next(_faults(url), None):
            section.error(fault, key)
        elif _is_open_to_all(url):
            section.warn(say("http is not encrypted: whoever listens on the way reads the PINs; use https"), key)
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
        fetcher=Fetcher(timeouts, _route(section), _digest(section.section("auth").section("digest"))),
        breaker=Breaker(
            urls["url"].partition("?")[0],
            section.integer("failures_until_skipped"),
            section.duration("skipped_for"),
        ),
        cache=Cache(section.duration("cache")),
    )


def _faults(url: str) -> Iterator[Sentence]:
    names = ", ".join(f"###{name.upper()}###" for name in FACTS)
    known = PLACEHOLDER.sub(lambda match: "0" if match[1].lower() in FACTS and match[1].isupper() else match[0], url)
    if "#" in known:
        yield say("a # that belongs to no known placeholder; allowed: {names}", names=names)
        return
    try:
        origin = Origin.of(known)
    except ValueError:
        yield say("not a URL that can be asked; allowed: http or https, such as https://example.org/vipgate")
        return
    if "@" in urlsplit(known).netloc:
        yield say("credentials don't belong in the URL, which is logged; use auth")
    if not is_sendable(known):
        yield say("a character that no URL has; allowed: ASCII without spaces, everything else percent-encoded")
    if has_dots(known):
        yield say("a . or .. between slashes, which leads to another place of the server; write the path without")
    if "#" in url.split("/")[2].partition("?")[0]:
        yield say(
            "a placeholder before the path would let the caller choose who is asked; allowed: after {host}/",
            host=origin.host,
        )


def _is_open_to_all(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and not _LOCAL.fullmatch(parts.hostname or "")


def _headers(section: Section) -> Iterator[tuple[str, Secret]]:
    seen = {"authorization"} if "auth" in section else set()
    headers = section.section("headers")
    for name in headers.keys:
        if name.lower() in _OURS:
            headers.error_at_key(say("VIPgate sets this header itself; remove it"), name)
        elif name.lower() in seen:
            headers.error_at_key(say("this header is set already, here or by auth; allowed: once"), name)
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
    if basic := _basic(auth.section("basic")):
        yield "Authorization", basic


def _basic(section: Section) -> Secret | None:
    """A header's value with user and password (RFC 7617)."""
    password = section.secret("password")
    if password is None:
        return None
    pair = f"{section.text('user')}:{password.reveal()}".encode()
    return Secret(f"Basic {base64.b64encode(pair).decode()}")


def _digest(section: Section) -> Digest | None:
    password = section.secret("password")
    return Digest(section.text("user"), password) if password else None


def _route(section: Section) -> Route:
    ca_file = section.find("ca_file", section.folder.joinpath)
    try:
        elsewhere = own = client_context(ca_file) if ca_file else system_context()
    except OSError as error:  # ssl.SSLError is one
        is_ssl = isinstance(error, ssl.SSLError)
        why = say("it holds no certificate in PEM format") if is_ssl else system_says(error)
        section.missing(say("{file} can't be used: {why}", file=ca_file, why=why), "ca_file")
        elsewhere = own = system_context()
    if section.is_sound and (identity := _identity(section.section("client_certificate"))):
        try:
            own = client_context(ca_file, identity)
        except OSError as error:
            section.missing(
                say("{file} can't be used: {why}", file=identity.certificate, why=_fault(error)),
                "client_certificate",
            )
    hosts = frozenset(item.text.lower() for item in section.items("allow_redirects_to"))
    return Route(own, elsewhere, Redirects(hosts), _proxy(section))


def _identity(section: Section) -> Identity | None:
    certificate = section.find("file", section.folder.joinpath)
    if certificate is None:
        return None
    return Identity(certificate, section.find("key_file", section.folder.joinpath), section.secret("password"))


def _fault(error: OSError) -> Sentence:
    """What is wrong with a client's certificate or key. OpenSSL's own words are for those who wrote it."""
    if isinstance(error, ssl.SSLError):
        return say(
            "certificate and key in PEM format are needed that belong together, and the right password of the key"
        )
    return of_file(error, say("its key"))


def _proxy(section: Section) -> Proxy | None:
    credentials = _basic(section.section("proxy_auth"))
    url = section.find("proxy", str)
    if url is None:
        if credentials:
            section.error_at_key(say("there is no proxy; remove it, or name the proxy"), "proxy_auth")
        return None
    try:
        origin, parts = Origin.of(url), urlsplit(url)
    except ValueError:
        section.error(_NO_PROXY, "proxy")
        return None
    if "@" in parts.netloc:
        section.error(say("credentials don't belong in the URL; use proxy_auth"), "proxy")
    elif parts.scheme != "http" or parts.path.strip("/") or parts.query or not is_sendable(url) or "#" in url:
        section.error(_NO_PROXY, "proxy")
    return Proxy(origin, credentials)


_NO_PROXY: Final = say("this is no HTTP proxy; allowed: http://HOST:PORT")
