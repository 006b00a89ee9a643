"""The page off this machine: TLS of its own, or a reverse proxy that has it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Any, Final

import gevent
from gevent.ssl import SSLContext

from vipgate_fs.service.logs import Log

_RENEWED: Final = 60.0
"""Seconds between two looks at the files of the certificate."""
_FORWARDED: Final = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")


class Certificate:
    """A certificate with its key; renewed ones hold for connections from then on.

    Args:
        certificate, key: files (PEM).
        log: of what can't be read any more; then the one before stays.

    Raises:
        OSError: they can't be read, or do not belong together.
    """

    def __init__(self, certificate: Path, key: Path, log: Log) -> None:
        self.context = SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._files, self._log = (certificate, key), log
        self._seen = self._state()
        self._load()

    def refresh(self) -> None:
        """Read the files again if they are others than before."""
        state = self._state()
        if state == self._seen:
            return
        try:
            self._load()
        except OSError as error:
            self._log.error("the page's certificate can't be used; the one before stays", why=str(error))
        self._seen = state

    def renew(self) -> None:
        """The same again and again."""
        while True:
            gevent.sleep(_RENEWED)
            self.refresh()

    def _load(self) -> None:
        self.context.load_cert_chain(*self._files, lambda: "")  # without a password, OpenSSL asks the terminal

    def _state(self) -> list[tuple[int, int] | None]:
        return [_state(file) for file in self._files]


class Behind:
    """A WSGI application behind a reverse proxy: what that one says of the browser is believed, and nobody else's word.

    Whoever comes from elsewhere is refused, but for this machine, such as through an SSH tunnel.

    Args:
        application: what is behind it.
        proxy: its address.
    """

    def __init__(self, application: Any, proxy: str) -> None:
        self._application, self._proxy = application, _plain(proxy)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """See PEP 3333."""
        peer = _plain(environ["REMOTE_ADDR"])
        scheme, host = (_last(environ.pop(name, "")) for name in _FORWARDED)
        if peer == self._proxy:
            environ["wsgi.url_scheme"] = "https" if scheme.lower() == "https" else "http"
            if host:
                environ["HTTP_HOST"] = host
        elif not ip_address(peer).is_loopback:
            start_response("403 Forbidden", [("Content-Length", "0")])
            return [b""]
        found: Iterable[bytes] = self._application(environ, start_response)
        return found


def _last(values: str) -> str:
    """What the nearest proxy has added; those before it may be anybody's."""
    return values.rpartition(",")[2].strip()


def _plain(address: str) -> str:
    """IPv4 as such, also where it comes by a socket of IPv6."""
    found = ip_address(address.partition("%")[0])
    return str((isinstance(found, IPv6Address) and found.ipv4_mapped) or found)


def _state(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino
