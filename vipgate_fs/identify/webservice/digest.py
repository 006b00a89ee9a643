"""Digest authentication (RFC 7616): the password proves itself and is not sent."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Final

from vipgate_fs.identify.webservice.exchange import Request
from vipgate_fs.secret import Secret

_HASHES: Final[Mapping[str, Callable[[bytes], hashlib._Hash]]] = {
    "SHA-256": hashlib.sha256,
    "MD5": partial(hashlib.md5, usedforsecurity=False),  # the standard has it, and many services nothing else
}
"""The best first."""
_LONGEST: Final = 4096
"""Bytes of a field with challenges that are read."""
_PARAMETER: Final = re.compile(
    r"""[\s,]*+(?P<name>[-!#$%&'*+.^_`|~0-9A-Za-z]+)(?:\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*+)"|(?P<token>[^\s,"]*)))?""",
    re.DOTALL,
)
_SCHEME: Final = re.compile(r"(?i)(?:^|,)\s*(?=digest\s)|(?:^|,)\s*(?=(?:basic|bearer|negotiate|ntlm)(?:\s|,|$))")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Challenge:
    """What a service wants to have proved."""

    realm: str
    nonce: str
    algorithm: str
    qop: str
    opaque: str | None
    uses: count[int] = field(default_factory=lambda: count(1), compare=False)


class Digest:
    """Proves a password to one service. Remembers its last challenge, so that most requests need no second one."""

    def __init__(self, user: str, password: Secret) -> None:
        self._user = user
        self._password = password
        self._challenge: _Challenge | None = None

    def take(self, challenges: Iterable[bytes]) -> bool:
        """Remember the best challenge of `WWW-Authenticate` fields; whether there is one that can be answered."""
        offers = [offer for value in challenges for offer in _offers(value[:_LONGEST].decode("latin-1"))]
        best = min(offers, key=lambda offer: list(_HASHES).index(_hash_of(offer.algorithm)), default=None)
        self._challenge = best
        return best is not None

    def authorization(self, request: Request) -> str | None:
        """The value of `Authorization` for a request; None before the first challenge."""
        challenge = self._challenge
        if challenge is None:
            return None
        uses, nonce = f"{next(challenge.uses):08x}", secrets.token_hex(16)
        digest = _HASHES[_hash_of(challenge.algorithm)]

        def hashed(*parts: str) -> str:
            return digest(":".join(parts).encode()).hexdigest()

        secret = hashed(self._user, challenge.realm, self._password.reveal())
        if challenge.algorithm.lower().endswith("-sess"):
            secret = hashed(secret, challenge.nonce, nonce)
        asked = [request.method, request.target]
        if challenge.qop == "auth-int":
            asked.append(digest(request.body).hexdigest())
        proof = [challenge.nonce, *([uses, nonce, challenge.qop] if challenge.qop else []), hashed(*asked)]
        fields = {
            "username": _quoted(self._user),
            "realm": _quoted(challenge.realm),
            "nonce": _quoted(challenge.nonce),
            "uri": _quoted(request.target),
            "response": _quoted(hashed(secret, *proof)),
            "algorithm": challenge.algorithm,
        }
        if challenge.qop:
            fields |= {"qop": challenge.qop, "nc": uses, "cnonce": _quoted(nonce)}
        if challenge.opaque is not None:
            fields["opaque"] = _quoted(challenge.opaque)
        return "Digest " + ", ".join(f"{name}={value}" for name, value in fields.items())

    def __repr__(self) -> str:
        return f"Digest({self._user})"


def _offers(value: str) -> Iterable[_Challenge]:
    for part in _SCHEME.split(value):
        scheme, _, parameters = part.strip().partition(" ")
        if scheme.lower() == "digest" and (challenge := _challenge(_parameters(parameters))):
            yield challenge


def _parameters(text: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(text):
        quoted = match["quoted"]
        found[match["name"].lower()] = _ESCAPED.sub(r"\1", quoted) if quoted is not None else match["token"] or ""
    return found


def _challenge(given: Mapping[str, str]) -> _Challenge | None:
    """The challenge, if it is one that can be answered."""
    algorithm = given.get("algorithm", "MD5")
    offered = [word.strip().lower() for word in given.get("qop", "").split(",") if word.strip()]
    qop = next((known for known in ("auth", "auth-int") if known in offered), "")
    if not given.get("nonce") or _hash_of(algorithm) not in _HASHES or (offered and not qop):
        return None
    return _Challenge(given.get("realm", ""), given["nonce"], algorithm, qop, given.get("opaque"))


def _hash_of(algorithm: str) -> str:
    return algorithm.upper().removesuffix("-SESS")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
