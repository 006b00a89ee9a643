"""When certificates in a file end, held against Python's own reading of the same certificates."""

from __future__ import annotations

import datetime as dt

import pytest
import trustme

from vipgate_fs.doctor.certificates import end_of

AUTHORITY = trustme.CA()


def issue(end):
    return AUTHORITY.issue_cert("example.org", not_after=end)


@pytest.mark.parametrize(
    "end", [dt.datetime(2027, 3, 1, 12, 30, 1, tzinfo=dt.UTC), dt.datetime(2060, 1, 2, tzinfo=dt.UTC)]
)
def test_the_end_of_a_certificate(tmp_path, end):
    """UTCTime up to 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5)."""
    file = tmp_path / "certificate.pem"
    file.write_bytes(issue(end).cert_chain_pems[0].bytes())
    assert end_of(file) == end.timestamp()


def test_the_first_end_of_several_counts_and_keys_have_none(tmp_path):
    sooner, later = (issue(dt.datetime(year, 1, 1, tzinfo=dt.UTC)) for year in (2028, 2029))
    file = tmp_path / "bundle.pem"
    file.write_bytes(
        later.private_key_pem.bytes() + later.cert_chain_pems[0].bytes() + sooner.cert_chain_pems[0].bytes()
    )
    assert end_of(file) == dt.datetime(2028, 1, 1, tzinfo=dt.UTC).timestamp()


@pytest.mark.parametrize(
    "text", ["", "nothing of the kind", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_has_no_end(tmp_path, text):
    file = tmp_path / "file.pem"
    file.write_text(text)
    assert end_of(file) is None
