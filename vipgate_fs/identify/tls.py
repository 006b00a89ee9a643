"""TLS to external services: what to trust, and which certificate to present."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vipgate_fs.document.sources import read_file
from vipgate_fs.secret import Secret


@dataclass(frozen=True, slots=True)
class Identity:
    """What proves who we are.

    Attributes:
        certificate: file (PEM), with those between it and its CA.
        key: its private key's file (PEM); None: it is in the certificate's.
        password: of the key; None: it has none.
    """

    certificate: Path
    key: Path | None = None
    password: Secret | None = None


def client_context(ca_file: Path | None = None, identity: Identity | None = None) -> ssl.SSLContext:
    """Verifies certificate and host name, on every Python alike.

    Python 3.13 began to refuse certificates that are not strictly by RFC 5280, among them those of a private CA that
    `openssl req -x509` made without a key usage, and to accept an intermediate or the server's own certificate as a
    trust anchor. Everybody else accepts both, and so does this.

    Args:
        ca_file: certificates (PEM) to trust instead of the system's.
        identity: shown to whoever asks for it.

    Raises:
        OSError: a file can't be read; ssl.SSLError, which is one: it holds no certificate, or not this key.
    """
    own = (identity.certificate, identity.key) if identity else ()
    for file in filter(None, (ca_file, *own)):
        read_file(file)  # OpenSSL would wait for a named pipe
    context = ssl.create_default_context(cafile=ca_file)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if identity is not None:
        password = identity.password.reveal() if identity.password else ""  # without one, OpenSSL asks the terminal
        context.load_cert_chain(identity.certificate, identity.key, lambda: password)
    return context


@cache
def system_context() -> ssl.SSLContext:
    """The one of all who need nothing else and change nothing of it: the system's certificates take 15 ms to read."""
    return client_context()
