"""The page behind a real nginx, with the lines that the manual gives for it."""

from __future__ import annotations

import http.client
import re
import ssl
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
import trustme
from database_servers import binary
from page_service import Page
from page_visitor import Visitor
from ports import free_port
from running_service import until

from vipgate_fs.gate.record import CallRecord
from vipgate_fs.store.schema import CALLS

MANUAL = Path(__file__).parent.parent.parent / "docs" / "admin-page.md"
NAME = "page.example"
CONFIGURATION = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/a; uwsgi_temp_path {folder}/b; scgi_temp_path {folder}/c;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/page.pem; ssl_certificate_key {folder}/page.key;
        location / {{ {lines} }}
    }}
}}
"""
WAIT = 20.0
"""Seconds, at most, for anything to come through."""


def lines(port):
    """What the manual says that nginx needs, for a page on that port."""
    (found,) = re.findall(r"`(proxy_pass [^`]*)`", MANUAL.read_text("utf-8"))
    return found.replace("127.0.0.1:8085", f"127.0.0.1:{port}")


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """Makes visitors whose browsers talk with an nginx, which passes on what they say; and the page behind it."""
    folder, port, trust = tmp_path_factory.mktemp("nginx"), free_port(), ssl.create_default_context()
    authority = trustme.CA()
    authority.configure_trust(trust)
    issued = authority.issue_cert(NAME, "127.0.0.1")
    issued.private_key_pem.write_to_path(str(folder / "page.key"))
    (folder / "page.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    program = binary("nginx")
    page = Page(folder, more=f", admin_names: [{NAME}], admin_proxy: 127.0.0.1")
    (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, port=port, lines=lines(page.port)))
    process = subprocess.Popen([program, "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL)

    def visitor():
        found = Visitor(port, tls=trust)
        found.host = NAME
        return found

    def answers():
        with suppress(OSError):
            return visitor().ask("GET", "/sign-in").status == 200

    try:
        until(answers)
        yield visitor, page, port, trust
    finally:
        process.kill()
        process.wait(10)
        page.service.destroy()
        page.database.close()


def signed_in(visitor, page):
    somebody = visitor()
    assert "by link" in somebody.follow_link(page.link()).text
    return somebody


def test_a_link_signs_in_through_nginx_and_a_setting_is_saved(behind):
    visitor, page, _, _ = behind
    assert page.link().startswith(f"https://{NAME}/link/")
    answer = visitor().ask("GET", "/sign-in")
    assert ("Secure" in answer.headers["Set-Cookie"], bool(answer.headers["Strict-Transport-Security"])) == (True, True)
    somebody = signed_in(visitor, page)
    form = somebody.go("/gates/hotline").form("/hotline/general")
    review = somebody.send(form, **{"gates.hotline.title": "Hotline"})
    assert "Saved and applied" in somebody.send(review.form("/save")).text


def test_nginx_lets_a_recording_through_that_is_as_large_as_the_page_takes(behind):
    visitor, page, _, _ = behind
    somebody = signed_in(visitor, page)
    form = somebody.go("/gates/hotline/prompts").form("/prompts")
    answer = somebody.upload(form, "file.welcome", "a.wav", b"\0" * 15_000_000, do="upload:welcome")
    assert answer.status == 422
    assert "Not saved" in answer.text


def test_calls_come_through_nginx_as_they_end(behind):
    visitor, page, port, trust = behind
    somebody = signed_in(visitor, page)
    cookies = "; ".join(f"{name}={value}" for name, value in somebody.cookies.items())
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=WAIT, context=trust)
    try:
        connection.request("GET", "/calls/live?since=all", headers={"Host": NAME, "Cookie": cookies})
        answer = connection.getresponse()
        assert answer.readline() == b": listening\n"
        ended = CallRecord(
            "x", time.time() - 4, "closed", "", "701", "reject", 0, "rejected", None, "otherwise", 0.1, 4
        )
        row = {name: getattr(ended, name) for name in ended.__slots__} | {"ended": time.time()}
        page.database.transact(lambda connection: connection.execute(CALLS.insert(), row))
        until(lambda: answer.readline().startswith(b"data: "), WAIT)
    finally:
        connection.close()
