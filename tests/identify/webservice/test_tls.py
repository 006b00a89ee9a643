"""Whose certificates are believed: what browsers and curl believe, on every Python alike."""

import datetime as dt
import ipaddress
import os
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from webservice_peer import GOOD, Peer, a_call, answering, load, response

from vipgate_fs.gate.step import StepFailed
from vipgate_fs.gate.verdict import Pass

NOW = dt.datetime.now(dt.UTC)
LOOPBACK = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])


class Certificate:
    """A certificate with only the extensions that it is given."""

    def __init__(self, name, *extensions, issuer=None):
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = x509.CertificateBuilder(
            issuer_name=issuer.made.subject if issuer else subject,
            subject_name=subject,
            public_key=self.key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=NOW - dt.timedelta(days=1),
            not_valid_after=NOW + dt.timedelta(days=9),
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        self.made = builder.sign(issuer.key if issuer else self.key, hashes.SHA256())

    @property
    def pem(self):
        return self.made.public_bytes(serialization.Encoding.PEM)


def context(folder, leaf, *chain):
    """A server's, with a certificate and what stands between it and its CA."""
    key = leaf.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(key + leaf.pem + b"".join(each.pem for each in chain))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(folder / "server.pem")
    return made


IS_CA = (x509.BasicConstraints(ca=True, path_length=None), True)
IS_CA_NOT_CRITICAL = (x509.BasicConstraints(ca=True, path_length=None), False)


def key_of(certificate, password=None):
    encryption = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return certificate.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


@pytest.fixture
def mutual(tmp_path):
    """A service that wants a certificate of the CA, and the client's certificate."""
    ca = Certificate("CA", IS_CA)
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    server = context(tmp_path, Certificate("server", (LOOPBACK, False), issuer=ca))
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(tmp_path / "ca.pem")
    with Peer(answering(GOOD), server) as peer:
        yield peer, Certificate("gate", issuer=ca)


@pytest.mark.parametrize("password", [None, "k3y-s3cr3t"])
@pytest.mark.parametrize("together", [True, False])
def test_a_client_certificate_is_shown(step, mutual, tmp_path, password, together):
    peer, client = mutual
    key = key_of(client, password)
    (tmp_path / "client.pem").write_bytes(client.pem + key * together)
    (tmp_path / "client.key").write_bytes(key)
    settings = {"file": "client.pem"} | ({} if together else {"key_file": "client.key"})
    settings |= {"password": password} if password else {}
    made = step(peer.url(scheme="https"), tmp_path, ca_file="ca.pem", client_certificate=settings)
    assert made.identify(a_call()) == Pass()
    assert "s3cr3t" not in repr(made)


def test_without_one_the_service_is_not_reached(step, mutual, tmp_path):
    with pytest.raises(StepFailed):
        step(mutual[0].url(scheme="https"), tmp_path, ca_file="ca.pem").identify(a_call())


def test_other_hosts_are_not_shown_it(step, mutual, tmp_path):
    peer, client = mutual
    (tmp_path / "client.pem").write_bytes(client.pem + key_of(client))
    location = f"Location: {peer.url(scheme='https')}"
    with Peer(answering(response(b"", "302 F", location))) as first:
        made = step(
            first.url(host="localhost"), tmp_path, ca_file="ca.pem", client_certificate={"file": "client.pem"},
            allow_redirects_to=["127.0.0.1"],
        )  # fmt: skip
        with pytest.raises(StepFailed):
            made.identify(a_call())
    assert peer.requests == []


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"file": "none.pem"}, "client_certificate: *client_file* can't be used: "),
        ({"file": "fifo.pem"}, "fifo.pem can't be used: "),
        ({"file": "ca.pem"}, "certificate and key in PEM format are needed that belong together"),
        ({"file": "client.pem", "key_file": "other.key"}, "certificate and key in PEM format are needed that belong"),
        ({"file": "client.pem", "key_file": "secret.key"}, "certificate and key in PEM format are needed that belong"),
        (
            {"file": "client.pem", "key_file": "secret.key", "password": "wr0ng-s3cr3t"},
            "certificate and key in PEM format are needed that belong together, and the right password",
        ),
    ],
)
def test_what_is_wrong_with_a_client_certificate_is_found_by_check(mutual, tmp_path, settings, found):
    client = mutual[1]
    os.mkfifo(tmp_path / "fifo.pem")  # OpenSSL would wait for somebody who writes into it
    (tmp_path / "client.pem").write_bytes(client.pem)
    (tmp_path / "other.key").write_bytes(key_of(Certificate("other")))
    (tmp_path / "secret.key").write_bytes(key_of(client, "k3y-s3cr3t"))
    made, findings = load({"url": "https://example.org/", "client_certificate": settings}, tmp_path)
    assert made is None
    assert found.replace("*client_file*", str(tmp_path / "none.pem")) in findings[0]
    assert "s3cr3t" not in str(findings)


def asked(step, folder, server, ca_file):
    (folder / "ca.pem").write_bytes(ca_file)
    with Peer(answering(GOOD), server) as peer:
        return step(peer.url(scheme="https"), folder, ca_file="ca.pem").identify(a_call())


@pytest.mark.parametrize("constraints", [IS_CA, IS_CA_NOT_CRITICAL])
def test_a_private_ca_of_openssl_req_has_neither_key_usage_nor_key_identifiers(step, tmp_path, constraints):
    ca = Certificate("Example Private CA", constraints)
    leaf = Certificate("gate", (LOOPBACK, False), issuer=ca)
    assert asked(step, tmp_path, context(tmp_path, leaf), ca.pem) == Pass()


def test_a_certificate_that_vouches_for_itself(step, tmp_path):
    own = Certificate("self", (LOOPBACK, False))
    assert asked(step, tmp_path, context(tmp_path, own), own.pem) == Pass()


def test_an_intermediate_or_the_servers_own_certificate_may_be_what_is_trusted(step, tmp_path):
    ca = Certificate("CA", IS_CA)
    between = Certificate("Intermediate", IS_CA, issuer=ca)
    leaf = Certificate("gate", (LOOPBACK, False), issuer=between)
    server = context(tmp_path, leaf, between)
    assert {asked(step, tmp_path, server, trusted.pem) for trusted in (ca, between, leaf)} == {Pass()}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_a_certificate_of_another_ca_or_of_another_host_is_not_believed(step, tmp_path, host):
    ca = Certificate("CA", IS_CA)
    name = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
    trusted = Certificate("CA", IS_CA) if host == "127.0.0.1" else ca
    with pytest.raises(StepFailed, match="its certificate is not valid"):
        asked(step, tmp_path, context(tmp_path, Certificate("gate", (name, False), issuer=ca)), trusted.pem)
