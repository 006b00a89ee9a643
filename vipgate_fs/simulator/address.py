"""Addresses in SIP headers, as sofia-sip reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

_BRACKETED: Final = re.compile(
    r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^<"]*?))\s*<(?P<uri>[^>]*)>\s*(?P<params>;[^,]*)?', re.DOTALL
)
_BARE: Final = re.compile(r"\s*(?P<uri>[^\s,;?<>\"]+)\s*(?P<params>;[^,]*)?")
_URI: Final = re.compile(r"(?P<scheme>sips?|tel):(?P<rest>.+)", re.IGNORECASE | re.DOTALL)
_HOST_PORT: Final = re.compile(r"(\[[^\]]*\]|[^:]*):?(.*)", re.DOTALL)
_RESERVED: Final = re.compile(r"%(?:25|3A|2F|3F|23|5B|5D|40)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """A name-addr or an addr-spec (RFC 3261, 25.1) with a sip:, sips: or tel: URI (RFC 3966).

    Attributes:
        display: as it is written, without its quotes; None when there is none.
        raw_user: with its parameters, escapes that could change the URI's meaning still in it.
        host: "" in a tel: URI.
        port: "" when there is none.
        params: of the URI.
        header_params: what follows the address in its header.
    """

    display: str | None
    raw_user: str
    host: str
    port: str
    params: str
    header_params: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """The first address of a header. Raises ValueError when there is none."""
        match = _BRACKETED.match(text) or _BARE.match(text)
        uri = _URI.fullmatch(match["uri"]) if match else None
        if match is None or uri is None:
            raise ValueError(f"not a SIP address: {text!r}")
        display = None
        if match.re is _BRACKETED:
            display = match["quoted"] if match["quoted"] is not None else (match["token"] or None)
        header_params = (match["params"] or "")[1:].strip()
        if uri["scheme"].lower() == "tel":
            number, _, params = uri["rest"].partition(";")
            return cls(display, _canonical(number), "", "", params, header_params)
        user, at, rest = uri["rest"].partition("@")
        if not at:
            user, rest = "", uri["rest"]
        host_port, _, params = rest.partition(";")
        host, port = _HOST_PORT.findall(host_port)[0]
        return cls(display, _canonical(user.partition(":")[0]), host, port, params, header_params)

    @property
    def whole_user(self) -> str:
        """The user and its parameters, decoded."""
        return unquote(self.raw_user, errors="surrogateescape")

    @property
    def user(self) -> str:
        """The user without its parameters."""
        return self.whole_user.partition(";")[0]

    @property
    def user_params(self) -> str:
        """What follows the user behind its first semicolon."""
        return self.whole_user.partition(";")[2]

    @property
    def host_port(self) -> str:
        """Where it is."""
        return f"{self.host}:{self.port}" if self.port else self.host

    @property
    def uri(self) -> str:
        """What FreeSWITCH's `…_uri` variables hold."""
        return f"{self.whole_user or 'nobody'}@{self.host_port or 'nowhere'}"

    def param(self, name: str) -> str | None:
        """The value of a header parameter, as it is written; "" for one without a value; None when there is none."""
        for param in self.header_params.split(";"):
            key, _, value = param.partition("=")
            if key.strip().lower() == name:
                return value.strip()
        return None

    def variables(self, prefix: str) -> dict[str, str]:
        """The channel variables that sofia makes of it (sofia.c, _url_set_chanvars); empty ones are none."""
        return {
            f"{prefix}_params": self.params,
            f"{prefix}_user": self.whole_user or "nobody",
            f"{prefix}_port": self.port,
            f"{prefix}_uri": self.uri,
            f"{prefix}_host": self.host or "nowhere",
        }

    def header_variables(self, prefix: str) -> dict[str, str]:
        """Those that it makes of the parameters behind the address, afterwards: `;user=2` overwrites the user."""
        params = (param.partition("=") for param in self.header_params.split(";") if param)
        return {f"{prefix}_{name.strip()}": value.strip() for name, _, value in params}


def _canonical(user: str) -> str:
    """Decoded but for what is reserved in a URI (sofia-sip's url_canonize)."""
    parts = re.split(f"({_RESERVED.pattern})", user, flags=re.IGNORECASE)
    return "".join(part if _RESERVED.fullmatch(part) else unquote(part, errors="surrogateescape") for part in parts)
