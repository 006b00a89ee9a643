"""A gate on the page: its form, and its lines, over the real HTTP server."""

from __future__ import annotations

from webservice_peer import Peer, answering, response

PIN = "48213907"
GATE = "gates.hotline"


def reviewed(visitor, review):
    """The file as a review has it, before it is saved."""
    return visitor.send(review.form("/file/edit")).form("/file/draft")["fields"]["text"].replace("\r\n", "\n").encode()


def form_of(visitor, kind="general"):
    return visitor.go(f"/gates/hotline/{kind}").form(f"/gates/hotline/{kind}")


def test_a_setting_is_changed_by_the_form_and_nothing_else(page, file):
    visitor = page.administrator()
    before = file.read_bytes()
    review = visitor.send(form_of(visitor), **{f"{GATE}.attempts": "2", f"{GATE}.title": "Hotline <b>"})
    assert "attempts" in review.text
    assert file.read_bytes() == before
    assert "Saved and applied" in visitor.send(review.form("/save")).text
    added = b'guest_pin: {}\n    title: "Hotline <b>"\n    attempts: 2\n'
    assert file.read_bytes() == before.replace(b"guest_pin: {}\n", added)
    shown = visitor.go("/")
    assert "Hotline <b>" in shown.text
    assert "Hotline <b>" not in shown.html
    emptied = visitor.send(form_of(visitor), **{f"{GATE}.attempts": "", f"{GATE}.title": ""})
    visitor.send(emptied.form("/save"))
    assert file.read_bytes() == before


def test_steps_are_built_by_buttons_without_a_word_lost_and_then_looked_at(page, file):
    """Everything works without scripts: each button takes along what is typed, on every sheet."""
    visitor = page.administrator()
    before = file.read_bytes()
    shown = visitor.send(form_of(visitor), do="sheet:identification", **{f"{GATE}.attempts": "2"})
    place = "/gates/hotline/identification"
    shown = visitor.send(shown.form(place), do=f"add:{GATE}.identify:callers")
    assert shown.status == 200
    assert "autofocus" in shown.html
    shown = visitor.send(
        shown.form(place), do=f"up:{GATE}.identify.2", **{f"{GATE}.identify.2.callers.pass": "0171 5550001"}
    )
    shown = visitor.send(shown.form(place), do=f"up:{GATE}.identify.1")
    assert file.read_bytes() == before
    review = visitor.send(shown.form(place))
    assert "0171 5550001" in review.text
    content = reviewed(visitor, review)
    assert b'identify:\n      - callers: {pass: ["0171 5550001"]}\n      - caller_pin' in content
    assert b"    attempts: 2\n" in content
    assert file.read_bytes() == before


def test_a_pin_is_typed_and_never_shown_again(page, file):
    visitor = page.administrator()
    place = "/gates/hotline/identification"
    assert PIN not in visitor.go(place).html
    shown = visitor.send(
        form_of(visitor, "identification"), do="more:", **{f"{GATE}.identify.0.caller_pin.pins.0": "73319264"}
    )
    assert "73319264" not in shown.html
    review = visitor.send(shown.form(place))
    assert "73319264" not in review.html
    assert b'"+49 171 3920014": "73319264"' in reviewed(visitor, review)
    again = visitor.send(form_of(visitor, "identification"))
    assert "No line differs" in again.text


def test_what_a_step_says_is_tried_before_anything_is_saved(page, file):
    visitor = page.administrator()
    asked = {"ask.0.caller": "0171 3920014", "ask.0.called": "7001", "do": f"ask:{GATE}.identify.0"}
    tried = visitor.send(form_of(visitor, "identification"), **asked)
    assert "ask for PIN" in tried.text
    assert PIN not in tried.html
    unknown = visitor.send(form_of(visitor, "identification"), **asked | {"ask.0.caller": "0171 1"})
    assert "don't know" in unknown.text
    for place in (f"{GATE}.identify.7", f"{GATE}.attempts", "x"):
        assert "There is no answer" not in visitor.send(form_of(visitor, "identification"), do=f"ask:{place}").text


def test_a_webservice_is_tried_and_what_goes_wrong_is_said(page, file):
    visitor = page.administrator()
    place = "/gates/hotline/identification"
    shown = visitor.send(form_of(visitor, "identification"), do=f"add:{GATE}.identify:webservice")
    shown = visitor.send(shown.form(place), do=f"up:{GATE}.identify.2")
    shown = visitor.send(shown.form(place), do=f"up:{GATE}.identify.1")
    asked = {"do": f"ask:{GATE}.identify.0", "ask.0.caller": "0171 3920099"}
    url = f"{GATE}.identify.0.webservice.url"
    with Peer(answering(response(b'{"askForPin": {"expectedPIN": "5550"}}'))) as peer:
        tried = visitor.send(shown.form(place), **asked, **{url: peer.url("/?caller=###CALLER_NUMBER###")})
        assert b"caller=00491713920099 " in peer.requests[0]
        assert "ask for PIN" in tried.text
        assert "5550" not in tried.html
    gone = visitor.send(tried.form(place), **asked)
    assert "failed" in gone.text


def test_the_week_shows_when_callers_are_checked(page, file):
    visitor = page.administrator()
    place = "/gates/hotline/when"
    shown = visitor.send(form_of(visitor, "when"), do="schedule:", new_schedule="office")
    assert shown.text.count("0:00 to 8:00, 17:00 to 24:00") == 10
    holidays = {"site.holidays.kind": "text", "site.holidays.text": "DE"}
    review = visitor.send(shown.form(place), **holidays)
    content = reviewed(visitor, review)
    assert b"active: {outside: office}" in content
    assert b"site: {country: DE, holidays: DE}" in content


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


def test_the_lines_of_a_step_alone_are_edited_as_text(page, file):
    visitor = page.administrator()
    form = form_of(visitor, "identification")
    edited = visitor.send({**form, "action": "/gates/hotline/edit"}, place=f"{GATE}.identify.0").form("/draft")
    assert edited["fields"]["text"].strip() == f'- caller_pin: {{pins: {{"+49 171 3920014": "{PIN}"}}}}'
    review = visitor.send(edited, text=edited["fields"]["text"].replace(PIN, "12121212"))
    assert "12121212" not in review.html
    for place in ("gates.nobody", "x.y", "gates.hotline.identify.9", ""):
        assert visitor.send({**form, "action": "/gates/hotline/edit"}, place=place or "0").status == 404


def test_what_makes_no_sense_is_refused_at_its_field_and_what_was_typed_is_still_there(page, file):
    visitor = page.administrator()
    refused = visitor.send(form_of(visitor), **{f"{GATE}.attempts": "many"})
    assert refused.status == 422
    assert refused.form("/general")["fields"][f"{GATE}.attempts"] == "many"
    assert f'href="#{GATE}.attempts"' in refused.html
    assert visitor.send(form_of(visitor), **{f"{GATE}.attempts": "99"}).status == 422
    odd = visitor.send(form_of(visitor), **{f"{GATE}.title": "a\x07b"})
    assert odd.status == 422
    assert odd.form("/general")["fields"][f"{GATE}.title"] == "a\x07b"


def test_a_form_from_before_somebody_else_changed_the_file_is_refused(page, file):
    visitor = page.administrator()
    form = form_of(visitor)
    waits = visitor.send(form, do="more:", **{f"{GATE}.attempts": "2"})
    file.write_bytes(file.read_bytes() + b"# by hand\n")
    assert visitor.send(form, **{f"{GATE}.attempts": "2"}).status == 409
    review = visitor.send(waits.form("/general"))
    assert visitor.send(review.form("/save")).status == 409
    lost = waits.form("/general")
    lost["fields"]["draft"] = "nobody knows it"
    assert visitor.send(lost).status == 409
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


def test_a_gate_is_removed_only_after_a_look_at_what_that_changes(page, file):
    visitor = page.administrator()
    before = file.read_bytes()
    review = visitor.send(visitor.go("/gates/closed").form("/gates/closed/general"), do="drop:")
    assert "Calls to 701" in review.text
    assert file.read_bytes() == before
    gone = b'  closed:\n    protects: {numbers: ["701"]}\n    otherwise: {reject: true}\n'
    assert reviewed(visitor, review) == before.replace(gone, b"")
