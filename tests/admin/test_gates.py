"""A gate on the page: its form, and its lines, over the real HTTP server."""

from __future__ import annotations

import pytest

from vipgate_fs.service.control import ask_to_reload

PIN = "48213907"


@pytest.fixture
def file(page):
    before = page.path.read_bytes()
    yield page.path
    page.path.write_bytes(before)
    assert not ask_to_reload(page.path).why


def test_a_setting_is_changed_by_the_form_and_nothing_else(page, file):
    visitor = page.administrator()
    before = file.read_bytes()
    form = visitor.go("/gates/hotline").form("/settings")
    review = visitor.send(form, attempts="2", title="Hotline <b>")
    assert "attempts" in review.text
    assert file.read_bytes() == before
    assert "Saved and applied" in visitor.send(review.form("/save")).text
    added = b'  hotline:\n    attempts: 2\n    title: "Hotline <b>"\n'
    assert file.read_bytes() == before.replace(b"  hotline:\n", added)
    shown = visitor.go("/")
    assert "Hotline <b>" in shown.text
    assert "Hotline <b>" not in shown.html
    emptied = visitor.send(visitor.go("/gates/hotline").form("/settings"), attempts="", title="")
    visitor.send(emptied.form("/save"))
    assert file.read_bytes() == before


def test_its_lines_are_edited_with_pins_only_for_who_asks(page, file):
    visitor = page.administrator()
    shown = visitor.go("/gates/hotline")
    assert PIN not in shown.html
    form = visitor.send(shown.form("/gates/hotline/edit")).form("/gates/hotline/draft")
    assert PIN in form["fields"]["text"]
    assert "reject" not in form["fields"]["text"]
    before = file.read_bytes()
    review = visitor.send(form, text=form["fields"]["text"] + "\r\n    attempts: 5\r\n")
    visitor.send(review.form("/save"))
    assert file.read_bytes() == before.replace(b"guest_pin: {}\n", b"guest_pin: {}\n    attempts: 5\n")


def test_what_makes_no_sense_is_refused_and_what_was_typed_is_still_there(page, file):
    visitor = page.administrator()
    form = visitor.go("/gates/hotline").form("/settings")
    refused = visitor.send(form, attempts="many")
    assert refused.status == 422
    assert refused.form("/settings")["fields"]["attempts"] == "many"
    assert visitor.send(form, attempts="99").status == 422


def test_a_form_from_before_somebody_else_changed_the_file_is_refused(page, file):
    visitor = page.administrator()
    shown = visitor.go("/gates/hotline")
    file.write_bytes(file.read_bytes() + b"# by hand\n")
    assert visitor.send(shown.form("/settings"), attempts="2").status == 409
    assert file.read_bytes().endswith(b"# by hand\n")


def test_the_gates_stand_beside_every_page_with_how_they_stand(page):
    visitor = page.administrator()
    for path in ("/", "/calls", "/gates/closed", "/nothing"):
        assert "hotline: active closed: active" in visitor.go(path).text
    switched = visitor.send(visitor.go("/").form("/gates/closed/switch"), state="off")
    assert "hotline: active closed: not active" in switched.text
    visitor.send(switched.form("/gates/closed/switch"))


def test_gates_are_for_administrators_and_only_those_that_are_there(page):
    assert page.administrator().go("/gates/nobody").status == 404
    desk = page.front_desk()
    assert desk.go("/gates/hotline").status == 403
    assert 'href="/gates/' not in desk.go("/").html
