"""When a certificate in a file ends: Python's own `ssl` shows that only of certificates of a peer, or of a CA."""

from __future__ import annotations

import datetime as dt
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vipgate_fs.document.sources import read_file

_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_LONG_FORM: Final = 0x80
_EXPLICIT_VERSION: Final = 0xA0
_UTC_TIME: Final = 0x17
_BEFORE_VALIDITY: Final = 3
"""Fields of a TBSCertificate between its version and its validity: serial number, signature, issuer (RFC 5280, 4.1)."""


def end_of(file: Path) -> float | None:
    """Unix time at which the first of the certificates in a file (PEM) ends that ends; None: it has none.

    Raises:
        OSError: the file can't be read.
    """
    text = read_file(file).data.decode("ascii", "replace")
    return min(filter(None, map(_end, _PEM.findall(text))), default=None)


def _end(pem: str) -> float | None:
    try:
        certificate = ssl.PEM_cert_to_DER_cert(pem)
        (_, whole), *_ = _elements(certificate)
        (_, body), *_ = _elements(whole)
        fields = [field for field in _elements(body) if field[0] != _EXPLICIT_VERSION]
        _, (tag, after), *_ = _elements(fields[_BEFORE_VALIDITY][1])
        written = after.decode("ascii").removesuffix("Z")
        if tag == _UTC_TIME:  # RFC 5280, 4.1.2.5.1: 50 and above is the last century
            written = ("19" if written >= "5" else "20") + written
        return dt.datetime.strptime(written, "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC).timestamp()
    except (ValueError, IndexError):
        return None


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tags and contents (X.690, DER) that stand one after the other."""
    while data:
        tag, length, start = data[0], data[1], 2
        if length & _LONG_FORM:
            start += length & ~_LONG_FORM
            length = int.from_bytes(data[2:start])
        yield tag, data[start : start + length]
        data = data[start + length :]
