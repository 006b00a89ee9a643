"""Digest authentication: the examples of RFC 7616, and a service that wants it."""

import hashlib
import re
import urllib.request

import pytest
from webservice_peer import GOOD, Peer, a_call, response

from vipgate_fs.gate.step import StepFailed
from vipgate_fs.gate.verdict import Pass
from vipgate_fs.identify.webservice import digest
from vipgate_fs.identify.webservice.digest import Digest
from vipgate_fs.identify.webservice.exchange import Request
from vipgate_fs.secret import Secret

PASSWORD = "Circle of Life"
CHALLENGE = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=%s, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
RFC = {
    "MD5": "8ca523f5e9506fed4657c9700eebdbec",
    "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
}
DIR = Request("GET", "http://www.example.org/dir/index.html")


def fields(header):
    return dict(re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)")?', header)) | dict(re.findall(r'(\w+)=([^",]+)', header))


def mufasa(*challenges):
    made = Digest("Mufasa", Secret(PASSWORD))
    assert made.take([challenge.encode() for challenge in challenges])
    return made


@pytest.mark.parametrize("algorithm", RFC)
def test_the_examples_of_the_rfc(monkeypatch, algorithm):
    monkeypatch.setattr(digest.secrets, "token_hex", lambda _: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    sent = fields(mufasa(CHALLENGE % algorithm).authorization(DIR))
    assert sent["response"] == RFC[algorithm]
    assert (sent["uri"], sent["nc"], sent["qop"], sent["algorithm"]) == (
        "/dir/index.html",
        "00000001",
        "auth",
        algorithm,
    )


def test_what_the_service_sent_comes_back_to_it_and_nothing_that_it_did_not_send():
    sent = fields(mufasa(CHALLENGE % "MD5").authorization(DIR))
    for name in ("realm", "nonce", "opaque"):
        assert f'{name}="{sent[name]}"' in CHALLENGE
    plain = fields(mufasa('Digest realm="r", nonce="n"').authorization(DIR))
    assert plain.keys() == {"username", "realm", "uri", "algorithm", "nonce", "response"}
    hashed = [hashlib.md5(text.encode()).hexdigest() for text in (f"Mufasa:r:{PASSWORD}", "GET:/dir/index.html")]
    assert plain["response"] == hashlib.md5(f"{hashed[0]}:n:{hashed[1]}".encode()).hexdigest()  # RFC 2069


@pytest.mark.parametrize(
    ("challenges", "algorithm"),
    [
        ([CHALLENGE % "MD5", CHALLENGE % "SHA-256"], "SHA-256"),
        ([CHALLENGE % "MD5" + ", " + CHALLENGE % "SHA-256"], "SHA-256"),
        (["Basic realm=x", CHALLENGE % "md5"], "md5"),
        (['Basic realm="a, b", ' + CHALLENGE % "MD5-sess"], "MD5-sess"),
        (['Digest nonce="n"'], "MD5"),
        (["digest realm=r,nonce=n,,qop=auth"], "MD5"),
        ([CHALLENGE % "SHA-512-256", CHALLENGE % "MD5"], "MD5"),
    ],
)
def test_the_best_challenge_that_can_be_answered_is(challenges, algorithm):
    assert fields(mufasa(*challenges).authorization(DIR))["algorithm"] == algorithm


@pytest.mark.parametrize(
    "challenge",
    [
        *["", "Basic realm=x", "Digest", "Digest realm=x", CHALLENGE % "SHA-999", 'Digest nonce="n", qop="x"'],
        pytest.param(" " * 4096 + CHALLENGE % "MD5", id="too long"),
    ],
)
def test_what_can_not_be_answered_is_not(challenge):
    made = Digest("Mufasa", Secret(PASSWORD))
    assert not made.take([challenge.encode()])
    assert made.authorization(DIR) is None


def test_python_answers_like_this_too():
    """Its standard library knows MD5, and counts as we do."""
    handler = urllib.request.AbstractDigestAuthHandler()
    handler.add_password("r", "http://h/", "Mufasa", PASSWORD)
    theirs = fields(
        handler.get_authorization(urllib.request.Request("http://h/p?q=1"), {"realm": "r", "nonce": "n", "qop": "auth"})
    )
    ours = mufasa('Digest realm="r", nonce="n", qop="auth"')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digest.secrets, "token_hex", lambda _: theirs["cnonce"])
        assert fields(ours.authorization(Request("GET", "http://h/p?q=1")))["response"] == theirs["response"]


@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess"])
@pytest.mark.parametrize("qop", ["auth", "auth-int"])
def test_a_session_and_a_protected_body_are_proved_too(algorithm, qop):
    """RFC 7616, 3.4.2 and 3.4.3."""
    made = mufasa(f'Digest realm="r", nonce="n", qop="{qop}", algorithm={algorithm}')
    sent = fields(made.authorization(Request("POST", "http://h/p", b"{}")))
    secret, asked = md5("Mufasa", "r", PASSWORD), ("POST", "/p")
    if algorithm == "MD5-sess":
        secret = md5(secret, "n", sent["cnonce"])
    if qop == "auth-int":
        asked = (*asked, md5("{}"))
    assert sent["response"] == md5(secret, "n", "00000001", sent["cnonce"], qop, md5(*asked))


def test_quotes_and_its_password_do_not_leak():
    made = Digest('a"b\\c', Secret(PASSWORD))
    assert made.take([b'Digest realm="x \\"y\\" z", nonce="n"'])
    header = made.authorization(DIR)
    assert 'username="a\\"b\\\\c", realm="x \\"y\\" z"' in header
    assert PASSWORD not in header + repr(made)


class Service:
    """Wants digest authentication; each nonce is good for so many requests."""

    def __init__(self, password="s3cr3t", uses=99):
        self.password, self.uses, self.nonce, self.left, self.seen = password, uses, 0, 0, []

    def __call__(self, side):
        while request := side.request():
            side.send(GOOD if self.is_right(request) else self.challenge())

    def challenge(self):
        self.nonce, self.left = self.nonce + 1, self.uses
        return response(
            b"", "401 U", f'WWW-Authenticate: Digest realm="r", nonce="{self.nonce}", qop="auth", stale=true'
        )

    def is_right(self, request):
        head, _, _ = request.partition(b"\r\n\r\n")
        line = next((line for line in head.decode().split("\r\n") if line.startswith("Authorization: Digest ")), None)
        if line is None or not self.left:
            return False
        sent, self.left = fields(line), self.left - 1
        method, target, _ = head.decode().split("\r\n")[0].split()
        secret, asked = md5("vip", "r", self.password), md5(method, target)
        self.seen.append(sent["nc"])
        return sent["uri"] == target and sent["response"] == md5(
            secret, str(self.nonce), sent["nc"], sent["cnonce"], "auth", asked
        )


def md5(*parts):
    return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_service_that_wants_it(step, method):
    service = Service()
    with Peer(service) as peer:
        made = step(peer.url("/v?n=###CALLER_NAME###"), auth=LOGIN, method=method)
        assert [made.identify(a_call(name="Ann B")) for _ in range(3)] == [Pass()] * 3
        assert len(peer.requests) == 4, "only the first is asked for twice"
    assert service.seen == ["00000001", "00000002", "00000003"]


LOGIN = {"digest": {"user": "vip", "password": "s3cr3t"}}


def test_a_nonce_that_is_used_up_is_replaced(step):
    with Peer(Service(uses=2)) as peer:
        made = step(peer.url(), auth=LOGIN)
        assert [made.identify(a_call()) for _ in range(5)] == [Pass()] * 5
        assert len(peer.requests) == 8


def test_a_wrong_password_ends_after_one_try_more(step):
    with Peer(Service("other")) as peer:
        made = step(peer.url(), auth=LOGIN)
        with pytest.raises(StepFailed, match="answered 401 Unauthorized") as failed:
            made.identify(a_call())
        assert len(peer.requests) == 2
    assert "s3cr3t" not in f"{failed.value}{made!r}"
