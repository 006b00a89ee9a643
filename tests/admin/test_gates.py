"""A gate on the page: its form, and its lines, over the real HTTP server."""

from __future__ import annotations

import re

from webservice_peer import Peer, answering, response

from vipgate_fs.document.rewriting import tree_of
from vipgate_fs.gate.override import Override
from vipgate_fs.store import overrides

PIN = "48213907"
GATE = "gates.hotline"
SECRETS = "static_pin: {pin: '90817263'}}, {webservice: {url: 'http://127.0.0.1:1/S3CRET', auth: {bearer: S3CRET}}"


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
    shown = visitor.go(place)
    assert "hotline active Checks callers always." in shown.text
    shown = visitor.send(shown.form(place), do="schedule:", new_schedule="office")
    assert "Checks callers always." in shown.text, "it still does"
    assert shown.text.count("0:00 to 8:00, 17:00 to 24:00") == 10
    assert "Public holidays of the next" not in shown.text
    holidays = {"site.holidays.kind": "text", "site.holidays.text": "DE"}
    listed = visitor.send(shown.form(place), **holidays, do="sheet:when").text
    assert re.search(r"Public holidays of the next 12 months .*\w{3} 25 Dec 20\d\d Erster Weihnachtstag", listed)
    review = visitor.send(shown.form(place), **holidays)
    content = reviewed(visitor, review)
    assert b"active: {outside: office}" in content
    assert b"site: {country: DE, holidays: DE}" in content


def test_its_lines_are_edited_with_pins_only_for_who_asks(page, file):
    visitor = page.administrator()
    shown = visitor.go("/gates/hotline")
    assert PIN not in shown.html
    form = visitor.send(shown.form("/lines/edit")).form("/lines/draft")
    assert PIN in form["fields"]["text"]
    assert "reject" not in form["fields"]["text"]
    before = file.read_bytes()
    review = visitor.send(form, text=form["fields"]["text"] + "\r\n    attempts: 5\r\n")
    visitor.send(review.form("/save"))
    assert file.read_bytes() == before.replace(b"guest_pin: {}\n", b"guest_pin: {}\n    attempts: 5\n")


def test_the_lines_of_a_step_alone_are_edited_as_text(page, file):
    visitor = page.administrator()
    form = form_of(visitor, "identification")
    edited = visitor.send({**form, "action": "/lines/edit"}, place=f"{GATE}.identify.0").form("/draft")
    assert edited["fields"]["text"].strip() == f'- caller_pin: {{pins: {{"+49 171 3920014": "{PIN}"}}}}'
    review = visitor.send(edited, text=edited["fields"]["text"].replace(PIN, "12121212"))
    assert "12121212" not in review.html
    for place in ("gates.nobody", "x.y", "gates.hotline.identify.9", ""):
        assert visitor.send({**form, "action": "/lines/edit"}, place=place or "0").status == 404


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


def test_a_gate_is_renamed_and_what_is_switched_by_hand_stays_so(page, file):
    visitor, before = page.administrator(), file.read_bytes()
    page.database.transact(lambda connection: overrides.write(connection, "closed", Override(active=False, note="x")))
    try:
        form = visitor.go("/gates/closed").form("/closed/general")
        shown = visitor.send(form, do="rename:", new_name="office", **{"gates.closed.attempts": "2"})
        assert shown.path.startswith("/gates/office?draft=")
        assert file.read_bytes() == before
        review = visitor.send(shown.form("/office/general"))
        assert "Saved and applied" in visitor.send(review.form("/save")).text
        lines = before.replace(b"  closed:\n", b"  office:\n")
        assert file.read_bytes() == lines.replace(b"{reject: true}\n", b"{reject: true}\n    attempts: 2\n")
        known = page.database.transact(overrides.read)
        assert {name: known.get(name) for name in ("office", "closed")} == {
            "office": Override(active=False, note="x"),
            "closed": None,
        }
    finally:
        page.database.transact(lambda connection: [overrides.write(connection, each, None) for each in known])


def test_a_name_that_will_not_do_is_refused_and_so_is_a_copy_of_the_same_numbers(page, file):
    visitor, before = page.administrator(), file.read_bytes()
    form = visitor.go("/gates/closed").form("/closed/general")
    for do, name in (
        ("rename:", "hotline"),
        ("rename:", "a b"),
        ("rename:", ""),
        ("copy:", "hotline"),
        ("copy:", "new"),
    ):
        refused = visitor.send(form, do=do, new_name=name)
        assert (refused.status, refused.form("/general")["fields"]["new_name"]) == (422, name)
    same = visitor.send(form, do="copy:", new_name="new", new_numbers="701")
    assert visitor.send(same.form("/new/general")).status == 422
    assert file.read_bytes() == before


def test_a_copy_has_all_that_the_gate_has_but_its_numbers(page, file):
    visitor, before = page.administrator(), file.read_bytes()
    form = form_of(visitor)
    shown = visitor.send(form, do="copy:", new_name="second", new_numbers="+49 30 23125701\r\n702")
    assert PIN not in shown.html
    review = visitor.send(shown.form("/second/general"))
    assert reviewed(visitor, review).startswith(before[: before.index(b"  closed:")])
    copy = tree_of(reviewed(visitor, review))["gates"]["second"]
    assert copy == tree_of(before)["gates"]["hotline"] | {"protects": {"numbers": ["+49 30 23125701", "702"]}}


def test_one_pin_is_shown_to_whoever_asks_for_it_and_the_log_says_so(page, file):
    visitor = page.administrator()
    place = f"{GATE}.identify.0.caller_pin.pins.0"
    shown = visitor.send(form_of(visitor, "identification"), do=f"pin:{place}")
    assert shown.html.count(PIN) == 1
    line = page.service.await_line("changed on the administration page", what="pin shown")
    assert (line["gate"], line["by"]) == ("hotline", "link")
    assert PIN not in page.service.log.read_text()
    assert PIN not in visitor.go(shown.path).html
    assert PIN not in visitor.send(shown.form("/identification"), do="more:").html


def test_no_other_secret_and_no_other_gates_pin_is_shown(page, file):
    gate = f"  other: {{protects: {{numbers: ['705']}}, identify: [{{{SECRETS}}}]}}\n".encode()
    file.write_bytes(file.read_bytes().replace(b"  closed:", gate + b"  closed:"))
    visitor = page.administrator()
    form = visitor.go("/gates/other/identification").form("/identification")
    steps = "gates.other.identify"
    shown = visitor.send(form, do=f"pin:{steps}.0.static_pin.pin")
    assert "90817263" in shown.html
    for place in (
        f"{steps}.1.webservice.url",
        f"{steps}.1.webservice.auth.bearer",
        f"{GATE}.identify.0.caller_pin.pins.0",
        f"{GATE}.identify.0.caller_pin.pins.+49 171 3920014",
        "store",
        "",
    ):
        refused = visitor.send(form, do=f"pin:{place}")
        assert not {"S3CRET", PIN, "sqlite:///vipgate.db"} & set(re.findall(r"[\w/:.]+", refused.html))


def test_a_pin_that_is_kept_elsewhere_is_not_looked_up(page, file):
    content = file.read_bytes().replace(f'"{PIN}"'.encode(), b"{env: HIS_PIN}")
    file.write_bytes(content)
    visitor = page.administrator()
    shown = visitor.send(form_of(visitor, "identification"), do=f"pin:{GATE}.identify.0.caller_pin.pins.0")
    assert "There is no PIN here that can be shown" in shown.text
