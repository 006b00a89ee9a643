"""The page where something is missing: no store, one that is gone, another address."""

from __future__ import annotations

import pytest
from page_service import Page
from running_service import until

from vipgate_fs.service.control import ask_for_status, ask_to_reload

GATES = """\
  hotline:
    protects: {{numbers: ["+49 30 23125700"]}}
    identify: [{{caller_pin: {{pins: {{"+49 171 3920014": "48213907"}}}}}}, {{webservice: {{url: "http://127.0.0.1:1/"}}}}]
store: {store}
"""
PAGES = (
    "/",
    "/calls",
    "/guest-pins",
    "/lockouts",
    "/known-callers",
    "/try",
    "/file",
    "/file/history",
    "/gates/hotline",
)


@pytest.fixture
def started(tmp_path):
    pages = []

    def start(store):
        pages.append(Page(tmp_path, GATES.format(store=store), filled=False))
        return pages[-1]

    yield start
    for page in pages:
        page.service.destroy()


def test_without_a_store_the_pages_say_what_needs_one(started):
    page = started("none")
    visitor = page.administrator("en")
    answers = {path: visitor.go(path) for path in PAGES}
    assert {path: answer.status for path, answer in answers.items()} == {
        **dict.fromkeys(PAGES, 200),
        **dict.fromkeys(("/calls", "/guest-pins", "/lockouts", "/known-callers"), 503),
    }
    for path in ("/", "/calls", "/guest-pins", "/lockouts"):
        assert "There is no store" in answers[path].text
    assert "There is no store" in page.visitor().sign_in("brandt", "whatever it is").text
    tried = visitor.send(
        answers["/try"].form("/try"), caller="0171 3920014", called="+49 30 23125700", first="48213907#"
    )
    assert "Goes on to +493023125700" in tried.text, "nobody is asked elsewhere"
    review = visitor.send(answers["/gates/hotline"].form("/general"), **{"gates.hotline.attempts": "2"})
    assert "Saved and applied" in visitor.send(review.form("/save")).text
    assert "in force" in visitor.go("/file/history").text
    assert len(list((page.path.parent / "versions").iterdir())) == 2


def test_with_a_store_that_is_gone_the_pages_go_on_as_far_as_they_can(started):
    page = started('"postgresql+psycopg://vipgate@127.0.0.1:1/vipgate"')
    visitor = page.administrator("en")
    until(lambda: ask_for_status(page.path).store == "gone")
    shown = visitor.go("/")
    assert "The store has been unavailable since" in shown.text
    assert "hotline" in shown.text
    for path in PAGES[1:]:
        answer = visitor.go(path)
        assert answer.status in (200, 503), path
        assert answer.status == 200 or "The store can't be reached" in answer.text
    assert page.visitor().sign_in("brandt", "whatever it is").status == 503
    before = page.path.read_bytes()
    shown = visitor.send(visitor.go("/gates/hotline").form("/general"), do="rename:", new_name="office")
    review = visitor.send(shown.form("/office/general"))
    refused = visitor.send(review.form("/save"))
    assert (refused.status, "Nothing was saved: with a gate's new name go its lockouts" in refused.text) == (503, True)
    assert page.path.read_bytes() == before
    assert "None of it holds yet." in visitor.go(review.path).text, "it waits"
    other = visitor.send(visitor.go("/gates/hotline").form("/general"), **{"gates.hotline.attempts": "2"})
    assert "Saved and applied" in visitor.send(other.form("/save")).text


def test_the_page_moves_with_a_reload_and_ends_with_another(started):
    page = started("none")
    old = page.port
    text = page.path.read_text()
    page.path.write_text(text.replace('admin: "127.0.0.1:0"', 'admin: "[::1]:0"'))
    assert not ask_to_reload(page.path).why
    until(lambda: ask_for_status(page.path).page.startswith("[::1]:"))
    assert page.link().startswith("http://[::1]:")
    page.path.write_text(text.replace(', admin: "127.0.0.1:0"', ""))
    assert not ask_to_reload(page.path).why
    assert ask_for_status(page.path).page == "none"
    assert page.process == 0
    with pytest.raises(ConnectionRefusedError):
        page.visitor().ask("GET", f"/sign-in?{old}")
