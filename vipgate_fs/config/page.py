"""The administration page's part of `server`."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from vipgate_fs.config.addresses import is_loopback, listening
from vipgate_fs.config.model import PageAt
from vipgate_fs.document.section import Section
from vipgate_fs.document.sources import read_file
from vipgate_fs.sentences import Sentence, say
from vipgate_fs.sentences.system import of_file

_NAMES: Final = "admin_names"
_TLS: Final = "admin_tls"
_PROXY: Final = "admin_proxy"


def read_page(section: Section, listen: tuple[str, int]) -> PageAt | None:
    """Where the page is; None: there is none, or what is written is wrong."""
    tls = section.section(_TLS) if _TLS in section else None
    proxy = section.find(_PROXY, _address)
    names = tuple(item.text.lower() for item in section.items(_NAMES))
    for key, why in _contradictions(section):
        section.error(why, key)
    if not section.is_sound:
        return None
    is_safe = tls is not None or proxy is not None
    where = section.find("admin", lambda text: page_address(text, listen, is_safe=is_safe))
    if where is None:
        return None
    files = _files(tls) if tls is not None else (None, None)
    return PageAt(*where, names, *files, proxy)


def page_address(text: str, listen: tuple[str, int] | None = None, *, is_safe: bool = False) -> tuple[str, int]:
    """Where the page is: on this machine, unless nobody can listen in.

    Args:
        text: as it is written.
        listen: where FreeSWITCH connects.
        is_safe: there is TLS, or a proxy that has it.

    Raises:
        ValueError: this is no such address. The text says what is allowed.
    """
    host, port = listening(text)
    if not is_loopback(host) and not is_safe:
        raise ValueError(
            say(
                "found {text}; allowed: an address of this machine only, such as 127.0.0.1:8085, because the page has "
                "no TLS; give it some (server.admin_tls), put a reverse proxy before it (server.admin_proxy), or reach "
                "it by an SSH tunnel: ssh -L 8085:127.0.0.1:8085 HOST",
                text=text,
            )
        )
    if port and (host, port) == listen:
        raise ValueError(
            say("found {text}, where FreeSWITCH connects (server.listen); allowed: another port", text=text)
        )
    return host, port


def _contradictions(section: Section) -> Iterator[tuple[str, Sentence]]:
    for key in (_TLS, _PROXY):
        if key in section and _NAMES not in section:
            yield key, say("browsers have to address the page by a name then: set server.admin_names")
    if _TLS in section and _PROXY in section:
        yield _PROXY, say("found admin_tls, too; allowed: one of them: the proxy has TLS, or the page has")
    for key in (_NAMES, _TLS, _PROXY):
        if key in section and "admin" not in section:
            yield key, say("there is no page: set server.admin")
    if _NAMES in section and _TLS not in section and _PROXY not in section:
        yield _NAMES, say("names are for HTTPS: set server.admin_tls or server.admin_proxy, too")


def _files(tls: Section) -> tuple[Path | None, Path | None]:
    """Certificate and key; that they fit is looked at here, before anybody connects."""
    certificate, key = tls.find("certificate", tls.folder.joinpath), tls.find("key", tls.folder.joinpath)
    if certificate is not None and key is not None:
        try:
            for file in (certificate, key):
                read_file(file)  # OpenSSL would wait for a named pipe
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, lambda: "")
        except OSError as error:
            tls.missing(say("{file} can't be used: {why}", file=certificate, why=_fault(error)), "certificate")
    return certificate, key


def _fault(error: OSError) -> Sentence:
    if isinstance(error, ssl.SSLError):
        return say("certificate and key in PEM format are needed that belong together, the key without a password")
    return of_file(error, say("its key"))


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError(say("found {text}; allowed: an IP address, such as 127.0.0.1", text=text)) from None
