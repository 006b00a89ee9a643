"""TLS to somebody who is asked: whom to believe, and what to show of ourselves."""

from __future__ import annotations

import ssl
from pathlib import Path


def client_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Verifies certificate and host name, on every Python alike.

    Python 3.13 began to refuse certificates that are not strictly by RFC 5280, among them those of a private CA that
    `openssl req -x509` made without a key usage, and to accept an intermediate or the server's own certificate as a
    trust anchor. Everybody else accepts both, and so does this.

    Args:
        ca_file: certificates (PEM) to trust instead of the system's.

    Raises:
        OSError: the file can't be read; ssl.SSLError, which is one: it holds no certificate.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
