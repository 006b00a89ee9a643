"""The page off this machine: TLS of its own, or a reverse proxy; and what others say about themselves."""

from __future__ import annotations

import shutil
import socket
import ssl

import pytest
import trustme
from page_service import Page
from page_visitor import Visitor

from vipgate_fs import config
from vipgate_fs.admin.https import Behind, Certificate
from vipgate_fs.service.control import ask_to_reload

NAME = "page.example"
TLS = f", admin_names: [{NAME}], admin_tls: {{certificate: page.pem, key: page.key}}"
PROXY = f", admin_names: [{NAME}], admin_proxy: 127.0.0.2"
FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": NAME}
HSTS = "Strict-Transport-Security"


def issue(authority, folder):
    """A certificate and its key in that folder."""
    issued = authority.issue_cert(NAME, "127.0.0.1")
    issued.private_key_pem.write_to_path(str(folder / "page.key"))
    (folder / "page.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))


@pytest.fixture(scope="module")
def trust():
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.authority = authority
    return context


@pytest.fixture(scope="module")
def service(tmp_path_factory, trust):
    """A service with such a page; its settings change with a reload, and the port stays."""
    folder = tmp_path_factory.mktemp("https")
    issue(trust.authority, folder)
    page = Page(folder, more=TLS, filled=False)
    page.more = TLS
    try:
        yield page
    finally:
        page.service.destroy()
        page.database.close()


def with_settings(page, more):
    if page.more != more:
        before = page.process
        page.path.write_text(page.path.read_text().replace(page.more, more))
        page.more = more
        assert not ask_to_reload(page.path).why
        page.await_process(other_than=before)
    return page


@pytest.fixture
def tls(service, trust):
    return with_settings(service, TLS)


@pytest.fixture
def proxied(service):
    return with_settings(service, PROXY)


def visitor(page, trust, **more):
    found = Visitor(page.port, tls=trust, **more)
    found.host = f"{NAME}:{page.port}"
    return found


def behind(page, **more):
    """Somebody whose browser talks with the proxy."""
    found = Visitor(page.port, source="127.0.0.2", more={**FORWARDED, **more})
    found.host, found.scheme = NAME, "https"
    return found


def test_over_tls_a_link_signs_in_and_cookies_go_over_tls_only(tls, trust):
    url = tls.link()
    assert url.startswith(f"https://{NAME}:{tls.port}/link/")
    somebody = visitor(tls, trust)
    assert "by link" in somebody.follow_link(url).text
    answer = visitor(tls, trust).ask("GET", "/sign-in?language=de")
    assert [("Secure" in line, "HttpOnly" in line) for line in answer.headers.get_all("Set-Cookie")] == [
        (True, True)
    ] * 2
    assert answer.headers[HSTS] == "max-age=31536000"


def test_over_tls_other_names_are_refused_and_what_a_browser_says_of_proxies_is_not_believed(tls, trust):
    other = visitor(tls, trust)
    for host, more in (("evil.example", {}), ("evil.example", FORWARDED), (f"{NAME}.evil.example", FORWARDED)):
        other.host = host
        assert other.ask("GET", "/sign-in", headers=more).status == 400
    own = visitor(tls, trust)
    assert own.ask("GET", "/sign-in", headers={"X-Forwarded-Host": "evil.example"}).status == 200
    own.host = f"127.0.0.1:{tls.port}"
    answer = own.ask("GET", "/sign-in")
    assert (answer.status, answer.headers[HSTS]) == (200, None)


def test_a_form_from_the_same_name_without_tls_is_another_pages(tls, trust):
    somebody = visitor(tls, trust)
    somebody.follow_link(tls.link())
    form = somebody.go("/").form("/sign-out")
    body = f"csrf_token={form['fields']['csrf_token']}"
    assert somebody.ask("POST", "/sign-out", body, {"Origin": f"http://{somebody.host}"}).status == 403
    assert somebody.send(form).status == 200


def test_without_tls_there_is_no_answer(tls, trust):
    with pytest.raises(OSError):
        Visitor(tls.port).ask("GET", "/sign-in")
    assert visitor(tls, trust).ask("GET", "/sign-in").status == 200


def test_whoever_never_finishes_a_handshake_keeps_nobody_waiting(tls, trust):
    idle = [socket.create_connection(("127.0.0.1", tls.port), timeout=30) for _ in range(20)]
    try:
        for each in idle[:10]:
            each.sendall(b"\x16\x03\x01")
        assert visitor(tls, trust).ask("GET", "/sign-in").status == 200
    finally:
        for each in idle:
            each.close()


def test_behind_a_proxy_its_word_is_believed_and_nobody_elses(proxied):
    url = proxied.link()
    assert url.startswith(f"https://{NAME}/link/")
    somebody = behind(proxied)
    assert "by link" in somebody.follow_link(url).text
    answer = behind(proxied).ask("GET", "/sign-in")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers[HSTS]
    for more in ({"X-Forwarded-Proto": "http"}, {"X-Forwarded-Host": "evil.example"}, {"X-Forwarded-Proto": None}):
        assert behind(proxied, **more).ask("GET", "/sign-in").status == 400
    liar = Visitor(proxied.port, more=FORWARDED)
    liar.host = NAME
    assert liar.ask("GET", "/sign-in").status == 400


def test_behind_a_proxy_a_tunnel_to_this_machine_still_leads_to_the_page(proxied):
    answer = Visitor(proxied.port).ask("GET", "/sign-in")
    assert answer.status == 200
    assert "Secure" not in answer.headers["Set-Cookie"]
    assert answer.headers[HSTS] is None


@pytest.mark.parametrize(
    ("peer", "headers", "seen"),
    [
        ("10.1.2.3", {"PROTO": "https", "HOST": "a"}, ("https", "a")),
        ("::ffff:10.1.2.3", {"PROTO": "https"}, ("https", "page")),
        ("10.1.2.3", {"PROTO": "https, http", "HOST": "evil, a"}, ("http", "a")),
        ("10.1.2.3", {"PROTO": "HTTPS"}, ("https", "page")),
        ("10.1.2.3", {}, ("http", "page")),
        ("10.1.2.3", {"PROTO": "x", "FOR": "127.0.0.1"}, ("http", "page")),
        ("127.0.0.1", {"PROTO": "https", "HOST": "evil"}, ("http", "page")),
        ("10.1.2.4", {"PROTO": "https"}, None),
        ("::ffff:10.1.2.4", {"PROTO": "https"}, None),
        ("2001:db8::1", {"FOR": "10.1.2.3"}, None),
    ],
)
def test_who_is_believed(peer, headers, seen):
    calls, statuses = [], []

    def application(environ, start_response):
        calls.append((environ["wsgi.url_scheme"], environ["HTTP_HOST"]))
        assert not [name for name in environ if name in ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")]
        return [b""]

    environ = {"REMOTE_ADDR": peer, "HTTP_HOST": "page", "wsgi.url_scheme": "http"}
    environ |= {f"HTTP_X_FORWARDED_{name}": value for name, value in headers.items()}
    Behind(application, "10.1.2.3")(environ, lambda status, _: statuses.append(status))
    assert (calls, statuses) == (([seen], []) if seen else ([], ["403 Forbidden"]))


class Log:
    def __init__(self):
        self.errors = []

    def error(self, event, **_values):
        self.errors.append(event)


def test_a_renewed_certificate_is_taken_and_a_broken_one_is_not(tmp_path):
    first, second, log = trustme.CA(), trustme.CA(), Log()
    issue(first, tmp_path)
    served = Certificate(tmp_path / "page.pem", tmp_path / "page.key", log)
    shown = shown_by(served.context)
    assert served.context.minimum_version >= ssl.TLSVersion.TLSv1_2
    served.refresh()
    assert shown_by(served.context) == shown
    issue(second, tmp_path)
    served.refresh()
    assert shown_by(served.context) != shown
    shown = shown_by(served.context)
    (tmp_path / "page.pem").write_text("nonsense")
    served.refresh()
    served.refresh()
    assert shown_by(served.context) == shown
    assert len(log.errors) == 1


def shown_by(context):
    """The certificate that a client sees; both ends are played in memory."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    pipes = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = client.wrap_bio(*pipes)
    ours = ssl.SSLContext.wrap_bio(context, *reversed(pipes), server_side=True)
    for _ in range(10):
        for end in (theirs, ours):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return theirs.getpeercert(binary_form=True)


def test_the_configuration_finds_what_can_not_be_served(tmp_path):
    text = 'version: 1\nstore: none\nserver: {admin: "0.0.0.0:8085"' + TLS
    text += '}\ngates: {g: {protects: {numbers: ["7000"]}, otherwise: {reject: true}}}\n'
    path = tmp_path / "vipgate.yaml"
    assert "page.pem" in str(config.load_text(text, path).findings)
    issue(trustme.CA(), tmp_path)
    loaded = config.load_text(text, path)
    assert loaded.findings == ()
    assert loaded.configuration.server.admin.url(8085) == f"https://{NAME}:8085"
    other = tmp_path / "other"
    other.mkdir()
    issue(trustme.CA(), other)
    shutil.copy(other / "page.key", tmp_path / "page.key")
    assert "belong together" in str(config.load_text(text, path).findings)
    safe = text.replace("admin_tls: {certificate: page.pem, key: page.key}", "admin_proxy: 10.1.2.3")
    assert config.load_text(safe, path).findings == ()
