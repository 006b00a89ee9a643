"""Who may be asked: origins of URLs, and where redirects may lead."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from vipgate_fs.sentences import Sentence, say

_PORTS: Final = {"http": 80, "https": 443}
_RESERVED: Final = "%:/?#[]@!$&'()*+,;="
"""What stays as it is in a URL besides letters, digits and - . _ ~ (RFC 3986, 2.2)."""


_HOST: Final = re.compile(r"[a-z0-9.-]{1,253}")


@dataclass(frozen=True, slots=True)
class Origin:
    """Who is asked: what a URL says before its path."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """The origin of a URL. Raises ValueError when it has none."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(say("not an http or https URL"))
        return cls(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme])

    @property
    def authority(self) -> str:
        """Host and port, as CONNECT names them (RFC 9110, 9.3.6)."""
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def is_home_of(self, other: Origin) -> bool:
        """Whether credentials may go there, too: to itself, or from http to https of the same host."""
        return other == self or (self.host == other.host and (self.scheme, other.scheme) == ("http", "https"))


@dataclass(frozen=True, slots=True)
class Redirects:
    """Where redirects may lead.

    Attributes:
        hosts: further hosts, in lower case: `host` at any port, or `host:port`.
    """

    hosts: Collection[str] = ()

    def target(self, url: str, location: bytes) -> str:
        """The URL that a redirect of `url` leads to.

        Servers write the path that they have decoded into Location: what no URL has is encoded, as browsers do.

        Raises:
            ValueError: it must not be followed; says where it leads, as far as it is safe to show.
        """
        try:
            found = urljoin(url, quote(location, safe=_RESERVED)).partition("#")[0]
            here, there = Origin.of(url), Origin.of(found)
        except ValueError:
            raise ValueError(say("to no http or https URL")) from None
        if not location or "@" in urlsplit(found).netloc:
            raise ValueError(say("to nowhere, or with credentials"))
        if not (here.is_home_of(there) or self._allow(here, there)):
            raise ValueError(_refusal(here, there))
        return found

    def _allow(self, here: Origin, there: Origin) -> bool:
        is_downgrade = (here.scheme, there.scheme) == ("https", "http")
        return not is_downgrade and bool({there.host, there.authority} & set(self.hosts))


def _refusal(here: Origin, there: Origin) -> Sentence:
    if (here.scheme, there.scheme) == ("https", "http"):
        return say("from https to http")
    shown = f" ({there.host})" if _HOST.fullmatch(there.host) else ""
    return say("to another host{host}, which allow_redirects_to does not name", host=shown)


def is_sendable(url: str) -> bool:
    """Whether a URL has only characters that may stand in a request line."""
    return url.isascii() and url.isprintable() and " " not in url
