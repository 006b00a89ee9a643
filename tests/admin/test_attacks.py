"""Attacks on the page: the table of docs/admin-page.md, over the real HTTP server."""

from __future__ import annotations

import re
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest
from page_service import PASSWORDS

from vipgate_fs.admin import server
from vipgate_fs.admin.access import Access
from vipgate_fs.admin.application import create
from vipgate_fs.admin.desk import Desk
from vipgate_fs.service.logs import silent
from vipgate_fs.store import accounts, overrides


def switched(page):
    return "closed" in page.database.transact(overrides.read)


BODY = "state=off&length=open"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": None, "Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_page_changes_nothing(page, headers):
    """Cross-site request forgery: with the victim's cookie, without the token."""
    visitor = page.administrator()
    answer = visitor.ask("POST", "/gates/closed/switch", BODY, headers)
    assert answer.status in (400, 403)
    assert not switched(page)


def test_a_foreign_origin_is_refused_even_with_the_token(page):
    visitor = page.administrator()
    form = visitor.go("/").form("/gates/closed/switch")
    body = f"{BODY}&csrf_token={form['fields']['csrf_token']}"
    for origin in ("https://evil.example", "null", f"http://localhost:{page.port + 1}"):
        assert visitor.ask("POST", "/gates/closed/switch", body, {"Origin": origin}).status == 403
    assert not switched(page)


def test_a_token_of_another_session_is_none(page):
    other = page.administrator().go("/").form("/gates/closed/switch")
    assert page.administrator().send(other).status == 400


@pytest.mark.parametrize("path", ["/", "/sign-in", "/calls", "/nothing", "/static/page.css"])
def test_every_answer_forbids_frames_scripts_and_guessing_types(page, path):
    headers = page.administrator().go(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src 'self'; connect-src 'self';" in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert path.startswith("/static") or headers["Cache-Control"] == "no-store"


def test_no_page_has_a_script_or_style_of_its_own_or_from_elsewhere(page):
    visitor = page.administrator()
    for path in ("/", "/calls?since=7d", "/guest-pins", "/lockouts", "/known-callers", "/try", "/file"):
        html = visitor.go(path).html
        scripts = re.findall(r"<script[^>]*>[^<]*", html)
        assert all(re.fullmatch(r'<script src="/static/[a-z]+\.js" defer>', script) for script in scripts)
        assert not re.search(r"\son[a-z]+=", html)
        assert " style=" not in html
        assert "<style" not in html
        assert not [part for part in html.split('src="')[1:] if not part.startswith("/")]
        assert "http://" not in html
        assert "https://" not in html


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8085", "127.0.0.1.evil.example", "192.0.2.1", "", "a b"]
)
def test_another_name_for_this_machine_is_refused(page, host):
    """DNS rebinding: the browser believes to talk with evil.example, and sends no cookie, but might see an answer."""
    visitor = page.administrator()
    visitor.host = host
    answer = visitor.ask("GET", "/")
    assert answer.status == 400
    assert b"hotline" not in answer.body


@pytest.mark.parametrize("host", ["localhost", "localhost:9000", "127.0.0.1", "[::1]:80"])
def test_names_of_this_machine_are_accepted_also_through_a_tunnel(page, host):
    visitor = page.visitor()
    visitor.host = host
    assert visitor.ask("GET", "/sign-in").status == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(page):
    visitor = page.visitor()
    answer = visitor.ask("GET", "/sign-in")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_a_session_from_before_signing_in_is_not_the_one_after(page):
    """Session fixation: what somebody else put into the browser is worth nothing."""
    attacker, victim = page.visitor(), page.visitor()
    attacker.go("/sign-in")
    victim.cookies = dict(attacker.cookies)
    victim.sign_in("brandt", PASSWORDS["brandt"])
    assert victim.cookies != attacker.cookies
    assert attacker.go("/").forms[0]["action"].endswith("/sign-in")


def test_a_token_from_before_signing_in_is_none_after(page):
    """Whoever planted the cookie knows the token of its forms, too."""
    victim = page.visitor()
    token = victim.go("/sign-in").form("/sign-in")["fields"]["csrf_token"]
    victim.sign_in("brandt", PASSWORDS["brandt"])
    assert victim.ask("POST", "/gates/closed/switch", f"{BODY}&csrf_token={token}").status == 400
    assert not switched(page)


def test_a_cookie_that_nobody_signed_is_none(page):
    visitor = page.visitor()
    visitor.cookies = {"vipgate": "eyJrZXkiOiJ4In0.aabbcc.ddeeff"}
    assert visitor.go("/").forms[0]["action"].endswith("/sign-in")


@pytest.mark.parametrize(
    "path", ["/sign-in?next=https://evil.example/", "//evil.example/", "/%2F/evil.example", "/\\evil.example"]
)
def test_no_address_leads_to_another_host(page, path):
    """The visitor fails as soon as a redirect leads elsewhere."""
    visitor = page.visitor()
    assert visitor.go(path).status in (200, 400, 404)
    assert "evil.example" not in (visitor.ask("GET", path).headers["Location"] or "").removeprefix("/sign-in")


@pytest.mark.parametrize(
    "path", ["/?language=de%0d%0aSet-Cookie:%20a=b", "/calls?number=%0d%0aX-Evil:1", "/link/a%0d%0aX-Evil:1"]
)
def test_a_line_break_in_an_address_makes_no_header(page, path):
    headers = page.administrator().ask("GET", path).headers
    assert "X-Evil" not in headers
    assert "a=b" not in str(headers)


@pytest.mark.parametrize("path", ["/static/../application.py", "/static/%2e%2e/application.py", "/static/..%2fdesk.py"])
def test_no_file_but_the_pages_own_is_served(page, path):
    assert page.visitor().ask("GET", path).status in (302, 308, 404)


@pytest.mark.parametrize("path", ["/sign-in", "/gates/closed/switch"])
def test_a_gigabyte_is_refused_before_it_is_read(page, path):
    visitor = page.administrator()
    visitor.go("/")
    answer = visitor.ask("POST", path, b"", {"Content-Length": str(2**30)})
    assert answer.status in (400, 413)


def test_a_body_without_end_is_cut_off(page):
    with socket.create_connection(("127.0.0.1", page.port), timeout=30) as sock:
        head = f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nTransfer-Encoding: chunked\r\n"
        sock.sendall(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode())
        sent = 0
        try:
            while sent < 64 * 2**20:
                sock.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")
                sent += 65536
        except OSError:
            pass
        assert sent < 64 * 2**20


@pytest.mark.parametrize(
    "lines",
    [
        ["GET /" + "a" * 20_000 + " HTTP/1.1"],
        ["GET / HTTP/1.1", "X: " + "a" * 100_000],
        ["GET / HTTP/1.1", *[f"X{n}: y" for n in range(300)]],
        ["rubbish"],
    ],
)
def test_a_head_that_is_too_large_is_refused(page, lines):
    with socket.create_connection(("127.0.0.1", page.port), timeout=30) as sock:
        sock.sendall("\r\n".join([*lines, f"Host: 127.0.0.1:{page.port}", "Connection: close", "", ""]).encode())
        try:
            answer = sock.recv(100)
        except OSError:
            answer = b""
    assert answer == b"" or answer.split()[1] in (b"400", b"414", b"431"), answer
    assert page.visitor().go("/sign-in").status == 200


def test_whoever_is_silent_in_the_middle_of_a_request_keeps_nobody_waiting(page):
    idle = [socket.create_connection(("127.0.0.1", page.port), timeout=30) for _ in range(server.CONNECTIONS + 20)]
    try:
        for sock in idle:
            with suppress(OSError):  # those who have been there longest are gone
                sock.sendall(b"GET / HTTP/1.1\r\nHost: ")
        assert page.visitor().go("/sign-in").status == 200
    finally:
        for sock in idle:
            sock.close()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "PATCH", "BREW"])
def test_other_methods_are_refused(page, method):
    assert page.administrator().ask(method, "/").status in (400, 403, 405, 501)


def test_guessing_a_password_comes_to_an_end_and_not_even_the_right_one_opens_then(page):
    account = accounts.Account("guessed", accounts.ADMINISTRATOR, page.proof("the right password"), time.time())
    page.database.transact(lambda connection: accounts.add(connection, account))
    visitor = page.visitor()
    answers = [visitor.sign_in("guessed", f"a wrong password {number}") for number in range(5)]
    assert "Too many wrong passwords" in answers[-1].text
    assert "Too many wrong passwords" in visitor.sign_in("guessed", "the right password").text
    assert "brandt" in page.visitor().sign_in("brandt", PASSWORDS["brandt"]).text


def test_nobody_learns_which_names_exist(page):
    known = page.visitor().sign_in("empfang", "wrong, wrong, wrong").text.replace("empfang", "")
    unknown = page.visitor().sign_in("nobody", "wrong, wrong, wrong").text.replace("nobody", "")
    assert known == unknown


def addresses():
    """Every address of the page with its method and endpoint: also those that will be added."""
    values = {"name": "hotline", "kind": "identification", "index": "0", "prompt": "welcome", "token": "x"}
    for rule in create(Desk(Path("/nowhere"), silent()), Access(None)).url_map.iter_rules():
        if rule.endpoint != "static":
            path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: values.get(part[1], "x"), rule.rule)
            yield from ((method, path, rule.endpoint) for method in rule.methods & {"GET", "POST"})


ADDRESSES = sorted(addresses())
OPEN = {"signing_in.show", "signing_in.enter", "by_link.show", "by_link.link", "by_link.follow"}
OF_THE_DESK = OPEN | {"signing_in.leave", "trying.show", "trying.place", "overview.show", "overview.switch"}
OF_THE_DESK |= {f"{page}.*" for page in ("calls", "guest_pins", "lockouts", "known", "account")}


def test_the_front_desk_gets_no_page_and_sends_no_form_of_administrators(page):
    visitor = page.front_desk()
    token = visitor.go("/try").form("/try")["fields"]["csrf_token"]
    allowed = []
    for method, path, endpoint in ADDRESSES:
        if not {endpoint, f"{endpoint.partition('.')[0]}.*"} & OF_THE_DESK:
            answer = visitor.ask(method, path, f"csrf_token={token}" if method == "POST" else None)
            assert b"48213907" not in answer.body
            allowed += [] if answer.status == 403 else [(method, path, answer.status)]
    assert allowed == []


def test_no_form_is_taken_without_its_token_whatever_it_is(page):
    visitor = page.administrator()
    taken = [
        (path, answer.status)
        for method, path, _ in ADDRESSES
        if method == "POST" and (answer := visitor.ask("POST", path, BODY)).status != 400
    ]
    assert taken == []
    assert not switched(page)


def test_whoever_is_not_signed_in_sees_the_door_and_nothing_else(page):
    visitor = page.visitor()
    visitor.go("/sign-in")
    seen = [
        (path, answer.status)
        for method, path, endpoint in ADDRESSES
        if method == "GET" and endpoint not in OPEN and (answer := visitor.ask("GET", path)).status != 302
    ]
    assert seen == []


EVIL = """"'><script>alert(1)</script><b onclick=x>"""


def test_what_administrators_type_is_text_in_every_form_and_finding(page):
    """Stored XSS, also by what somebody has written into the file: a title, a number, a header, a table."""
    visitor = page.administrator()
    gate = "gates.hotline"
    form = visitor.go("/gates/hotline/general").form("/gates/hotline/general")
    shown = visitor.send(form, **{f"{gate}.title": EVIL, f"{gate}.protects.numbers": EVIL, f"{gate}.attempts": EVIL})
    assert shown.status == 422
    draft = shown.form("/gates/hotline/general")["fields"]["draft"]
    steps = visitor.go(f"/gates/hotline/identification?draft={draft}").form("/gates/hotline/identification")
    keys = {f"{gate}.identify.0.caller_pin.pins.1.key": EVIL, f"{gate}.identify.0.caller_pin.pins.1": "1234"}
    pages = [shown, visitor.send(steps, **keys, do="more:"), visitor.send(steps, **keys, do="table:x.0")]
    pages += [
        visitor.send(steps, do=f"add:{gate}.identify:{EVIL}"),
        visitor.go(f"/gates/hotline/prompts?draft={draft}"),
    ]
    pages.append(visitor.send(pages[2].form("/table/0"), paste=f"{EVIL}\t1234\t{EVIL}", show="1"))
    pages += [
        visitor.send(form, do="rename:", new_name=EVIL),
        visitor.send(form, do="copy:", new_name="x", new_numbers=EVIL),
    ]
    settings = visitor.go("/settings/site").form("/settings/site")
    pages.append(visitor.send(settings, **{"site.country": EVIL, "site.withheld": EVIL, "site.timezone": EVIL}))
    pages.append(visitor.send({**form, "action": "/lines/edit"}, place=f"gates.hotline.{EVIL}"))
    for answer in pages:
        assert "<script>alert" not in answer.html
        assert "<b onclick" not in answer.html
    assert any(EVIL in answer.text for answer in pages)


def test_no_password_and_no_link_stands_in_the_log(page):
    url = page.link()
    page.visitor().follow_link(url)
    page.visitor().sign_in("brandt", "a password that is wrong")
    log = page.service.log.read_text()
    assert url.rpartition("/")[2] not in log
    assert "a password that is wrong" not in log
    assert "argon2" not in log
