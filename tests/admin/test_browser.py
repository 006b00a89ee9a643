"""The page in a real Chromium: every page and state, measured by axe-core, on a desk and on a phone, without scripts.

`make test` looks at two of them; `make browser` at all, in both languages, light and dark, and takes pictures with SHOTS=FOLDER.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import axe_playwright_python
import pytest
from page_service import EVIL, PASSWORDS
from playwright.sync_api import sync_playwright

from vipgate_fs.gate.record import CallRecord
from vipgate_fs.store.schema import CALLS

CHROMIUM = shutil.which("chromium")
WHOLE = "VIPGATE_BROWSER" in os.environ
SHOTS = os.environ.get("VIPGATE_SHOTS")
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
]
SIZES = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
TIMEOUT = 20_000
"""Milliseconds for anything that a page is waited for."""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's package chromium")
whole = pytest.mark.skipif(not WHOLE, reason="make browser")


@pytest.fixture(scope="module")
def chromium():
    """One for all tests, with a profile of its own that is thrown away."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=TIMEOUT)
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture
def window(chromium, page):
    """A window of some size and language; it is closed when the test has ended."""
    contexts = []

    def opened(size="desk", language="en", **more):
        contexts.append(
            chromium.new_context(
                viewport=SIZES[size], locale=language, base_url=f"http://127.0.0.1:{page.port}", **more
            )
        )
        contexts[-1].set_default_timeout(TIMEOUT)
        return contexts[-1].new_page()

    yield opened
    for context in contexts:
        context.close()


def sign_in(window, name):
    window.goto("/sign-in")
    window.fill("#name", name)
    window.fill("#password", PASSWORDS[name])
    window.click("form button.main")


def findings(window):
    """What axe-core finds, by rule, with the elements; and whether the page is wider than its window."""
    window.evaluate(AXE)
    found = window.evaluate("async () => (await axe.run()).violations.map(v => [v.id, v.nodes.map(n => n.html)])")
    wide = window.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*found, *([["wider than its window", wide]] if wide > 0 else [])]


def press(window, action, **fields):
    """Fill in a form and send it with its button."""
    form = window.locator(f"form[action$='{action}']").first
    for name, value in fields.items():
        form.locator(f"[name={name}]").fill(value)
    form.locator("button").last.click()


def edit(window, old, new):
    window.goto("/file")
    press(window, "/file/edit")
    area = window.locator("textarea")
    area.fill(area.input_value().replace(old, new))
    press(window, "/file/draft")


def states(page, window):
    """Every page and state, one after the other: its name, while the window shows it."""
    window.goto("/sign-in")
    yield "login"
    press(window, "/sign-in", name="nobody", password="a wrong password")
    yield "login-refused"
    window.goto(page.link())
    yield "link"
    window.click("form button.main")
    yield "overview"
    window.locator("details summary").first.click()
    yield "overview-switch"
    for name in (
        "calls?since=7d",
        "calls?number=999",
        "guest-pins",
        "lockouts",
        "known-callers",
        "try",
        "file",
        "file/history",
        "settings/site",
        "settings/server",
        "settings/store",
        "nothing",
    ):
        window.goto(f"/{name}")
        yield name.replace("/", "-").replace("?", "-")
    window.goto("/calls?since=7d&number=01713920014")
    window.locator("tbody a").first.click()
    yield "call"
    window.goto("/try")
    press(window, "/try#result", caller="0171 3920014", called="+49 30 23125700", first="48213907#")
    yield "try-result"
    window.goto("/guest-pins")
    press(window, "/guest-pins", note="Besuch")
    yield "guest-pin-issued"
    window.goto("/new-gate")
    yield "new-gate"
    press(window, "/new-gate", name="hotline", numbers="7001")
    yield "new-gate-refused"
    press(window, "/new-gate", name="vip", numbers="7001")
    yield "new-gate-made"
    yield from sheets(window)
    window.goto("/gates/closed")
    yield "gate"
    window.fill("#new_name", "hotline")
    window.locator("button[value='copy:']").click()
    yield "gate-copy-refused"
    press(window, "/lines/edit")
    yield "gate-edit"
    yield from changes(page, window)
    press(window, "/sign-out")
    sign_in(window, "brandt")
    window.goto("/account")
    yield "account"
    press(window, "/account/codes", password=PASSWORDS["brandt"])
    yield "account-codes"


def sheets(window):
    """A gate's forms, with steps of every kind, something wrong, and a table with findings."""

    def button(value):
        window.locator(f"button[name=do][value='{value}']").first.click()

    identify = "gates.hotline.identify"
    window.goto("/gates/hotline/identification")
    for kind in ("static_pin", "callers", "webservice", "database", "plugin", "channel_variable"):
        button(f"add:{identify}:{kind}")
    yield "gate-identification"
    window.locator(f"details:has(button[value='ask:{identify}.0']) > summary").click()
    button(f"ask:{identify}.0")
    yield "gate-asked"
    button(f"pin:{identify}.0.caller_pin.pins.0")
    yield "gate-pin"
    button(f"add:{identify}.2.static_pin.pins")
    yield "gate-rows"
    window.locator("form#sheet .save button").click()
    yield "gate-refused"
    window.goto("/gates/hotline/when")
    window.fill("#new_schedule", "office")
    button("schedule:")
    yield "gate-when"
    button("sheet:prompts")
    yield "gate-prompts"
    window.goto("/gates/hotline/table/0")
    window.fill("#paste", "0171 3920014\t1234\n4,917E+12\t12\n+49 171 3920014\t1235\n")
    window.locator("button[name=show]").first.click()
    yield "table"
    window.locator("button[name=pin]").first.click()
    yield "table-pin"
    window.goto("/gates/hotline/table/0")
    window.fill("#paste", "0171 3920099\t73319264\tAlice\n")
    window.locator(".save button").click()
    yield "table-review"


def changes(page, window):
    """The states on the way of a change of the file."""
    edit(window, "reject: true", "reject: true # a comment")
    yield "review-nothing"
    edit(window, "otherwise:", "otherwize:")
    yield "refused-findings"
    edit(window, "reject: true", "reject: false")
    yield "review"
    before = page.path.read_bytes()
    try:
        page.path.write_bytes(before + b"# by hand\n")
        press(window, "/save")
        yield "refused-changed"
        window.goto("/")
        yield "overview-changed"
        page.path.write_bytes(before + b"nonsense: 1\n")
        window.goto("/file")
        yield "file-errors"
    finally:
        page.path.write_bytes(before)


def test_the_overview_on_a_phone_has_no_finding_of_axe(window):
    opened = window("phone", "de")
    sign_in(opened, "empfang")
    assert findings(opened) == []


def test_it_works_without_scripts_and_loads_nothing_from_elsewhere(window, page):
    opened = window("phone", java_script_enabled=False)
    asked, refused = [], []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: refused.append(message.text))
    sign_in(opened, "empfang")
    opened.locator("summary").first.click()
    opened.locator("form[action$='/gates/hotline/switch'] input[value=off]").check()
    opened.locator("form[action$='/gates/hotline/switch'] button.main").click()
    assert opened.locator(".state.hand").first.inner_text() == "off by hand"
    opened.locator("button", has_text="By schedule again").click()
    assert opened.locator(".state.hand").count() == 0
    assert {url.split("/")[2] for url in asked} == {f"127.0.0.1:{page.port}"}
    assert refused == []


def test_calls_appear_as_they_end_but_not_under_the_eyes_of_whoever_reads(window, page):
    opened = window("desk", "en")
    sign_in(opened, "empfang")
    opened.goto("/calls?since=7d")
    state = opened.locator("[data-live-state]")
    state.get_by_text("live", exact=True).wait_for()
    rows = opened.locator("tbody tr")
    before = rows.count()
    opened.locator("tbody tr").nth(2).hover()
    call = CallRecord(
        "live", time.time() - 4, "closed", EVIL, "701", "reject", 0, "rejected", None, "otherwise", 0.1, 4
    )
    row = {name: getattr(call, name) for name in call.__slots__} | {"ended": time.time()}
    page.database.transact(lambda connection: connection.execute(CALLS.insert(), row))
    try:
        state.get_by_text("held while you read").wait_for()
        assert rows.count() == before
        opened.locator("h1").hover()
        rows.nth(before).wait_for()
        assert rows.first.locator("td").nth(1).inner_text() == EVIL
        assert findings(opened) == []
    finally:
        page.database.transact(lambda connection: connection.execute(CALLS.delete().where(CALLS.c.uuid == "live")))


@whole
@pytest.mark.timeout(600)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_no_page_has_a_finding_of_axe_or_is_wider_than_its_window(window, page, size, language, scheme):
    opened = window(size, language, color_scheme=scheme)
    found, seen = {}, []
    if SHOTS:  # nobody wants the attack in a picture
        page.database.transact(lambda connection: connection.execute(CALLS.delete().where(CALLS.c.caller == EVIL)))
    for name in states(page, opened):
        seen.append(name)
        assert opened.locator("html").get_attribute("lang") == language
        if wrong := findings(opened):
            found[name] = wrong
        if SHOTS:
            opened.screenshot(path=Path(SHOTS) / f"{name}.{language}.{size}.{scheme}.png")
    assert found == {}
    assert len(seen) > 20


@whole
@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_the_first_gate_is_made_in_a_browser(chromium, setup, size, language):
    context = chromium.new_context(viewport=SIZES[size], locale=language)
    try:
        window = context.new_page()
        window.goto(setup.url)
        window.click("form button.main")
        for name in ("setup", "setup-done"):
            assert window.locator("html").get_attribute("lang") == language
            assert findings(window) == []
            if SHOTS:
                window.screenshot(path=Path(SHOTS) / f"{name}.{language}.{size}.light.png")
            if name == "setup":
                press(window, "/", numbers="+49 30 23125700", hours="mon-fri 8-17", holidays="DE-BE")
    finally:
        context.close()


@whole
@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", SIZES)
def test_every_state_is_reached_without_scripts(window, page, size):
    opened = window(size, "de", java_script_enabled=False)
    assert len(list(states(page, opened))) > 20
