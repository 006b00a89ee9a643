"""The page as its visitors meet it: over the real HTTP server of a real service."""

from __future__ import annotations

import time

import pytest
from page_service import EVIL, PASSWORDS

from vipgate_fs.store import accounts, guests, overrides, tallies
from vipgate_fs.store.schema import TALLIES

PAGES = ("/", "/calls", "/guest-pins", "/lockouts", "/known-callers", "/try")
ADMINISTRATORS = ("/file", "/file/history", "/gates/hotline", "/new-gate")
PIN = "48213907"


def test_whoever_is_not_signed_in_sees_the_form_and_nothing_else(page):
    visitor = page.visitor()
    for path in (*PAGES, *ADMINISTRATORS, "/calls/call-1/1.0", "/nothing"):
        assert "/sign-in" in visitor.go(path).form("/sign-in")["action"], path


def test_a_link_signs_in_once(page):
    url, first, second = page.link(), page.visitor(), page.visitor()
    assert "by link" in first.follow_link(url).text
    answer = second.go("/link/" + url.rpartition("/")[2])
    assert answer.status == 403
    assert "not good any more" in answer.text


def test_looking_at_a_link_does_not_use_it_up(page):
    url = page.link()
    assert page.visitor().go("/link/" + url.rpartition("/")[2]).status == 200
    assert "by link" in page.visitor().follow_link(url).text


def test_a_password_signs_in_and_a_wrong_one_does_not(page):
    visitor = page.visitor()
    answer = visitor.sign_in("brandt", "a password of nobody")
    assert (answer.status, "not right" in answer.text) == (403, True)
    assert "brandt Administrator" in visitor.sign_in("brandt", PASSWORDS["brandt"]).text


def test_signing_out_ends_the_session_also_for_who_kept_the_cookie(page):
    visitor = page.administrator()
    kept = dict(visitor.cookies)
    visitor.send(visitor.go("/").form("/sign-out"))
    visitor.cookies = kept
    door = visitor.go("/calls")
    assert door.forms[0]["action"].endswith("/sign-in")
    assert "You have been signed out meanwhile." in door.text
    assert "meanwhile" not in page.visitor().go("/calls").text


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_exists_in_both_languages(page, language):
    visitor = page.administrator(language)
    for path in (*PAGES, *ADMINISTRATORS):
        answer = visitor.go(path)
        assert answer.status == 200, path
        assert f'<html lang="{language}">' in answer.html
        assert ("Abmelden" in answer.text) == (language == "de")


def test_the_language_is_chosen_and_kept(page):
    visitor = page.administrator("en")
    assert "Abmelden" in visitor.go("/?language=de").text
    assert "Abmelden" in visitor.go("/calls").text


def test_removing_an_account_or_its_password_signs_out_at_once(page):
    password = "a password of a guest"
    account = accounts.Account("guest", accounts.FRONT_DESK, page.proof(password), time.time())
    page.database.transact(lambda connection: accounts.add(connection, account))
    changes = (
        lambda connection: accounts.renew(connection, "guest", page.proof(password)),
        lambda connection: accounts.remove(connection, "guest"),
    )
    for change in changes:
        visitor = page.visitor()
        assert "guest Front desk" in visitor.sign_in("guest", password).text
        page.database.transact(change)
        assert visitor.go("/").forms[0]["action"].endswith("/sign-in")


def test_the_front_desk_has_its_pages_and_no_others(page):
    visitor = page.front_desk()
    for path in PAGES:
        answer = visitor.go(path)
        assert answer.status == 200
        assert 'href="/file' not in answer.html
    for path in ADMINISTRATORS:
        assert visitor.go(path).status == 403


def test_calls_are_shown_latest_first_page_by_page(page):
    visitor = page.administrator()
    first = visitor.go("/calls?since=7d")
    assert first.html.count('data-l="→"') == 50
    earlier = next(part for part in first.html.split('href="') if part.startswith("/calls?after="))
    second = visitor.go(earlier.partition('"')[0].replace("&amp;", "&"))
    third = next(part for part in second.html.split('href="') if part.startswith("/calls?after="))
    assert visitor.go(third.partition('"')[0].replace("&amp;", "&")).html.count('data-l="→"') == 20


def test_calls_are_found_by_number_outcome_and_gate(page):
    visitor = page.administrator()
    assert "+491713920014" not in visitor.go("/calls?since=7d&number=0171+3920088").text
    assert "No calls of 999" in visitor.go("/calls?since=7d&number=999").text
    refused = visitor.go("/calls?since=7d&outcome=refused").html
    assert 'class="out right"' not in refused
    assert 'class="out wrong"' in refused
    assert "No such call" in visitor.go("/calls?since=7d&gate=closed").text


def test_a_call_is_shown_with_how_the_file_decides_now(page):
    visitor = page.administrator()
    calls = visitor.go("/calls?since=7d&number=0171+3920014").html
    answer = visitor.go(
        next(part for part in calls.split('href="') if part.startswith("/calls/call")).partition('"')[0]
    )
    assert answer.status == 200
    assert "gate hotline protects number +49 30 23125700" in answer.text
    assert visitor.go("/calls/call-1/never").status == 404
    assert visitor.go("/calls/call-1/1.5").status == 404


def test_calls_go_into_a_spreadsheet_without_formulas(page):
    answer = page.administrator().go("/calls.csv?since=7d")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert len(answer.html.splitlines()) == 121


def test_the_navigation_says_on_every_page_how_many_are_locked_out(page):
    visitor = page.front_desk()
    form = {"gate": "closed", "kind": "caller", "who": "+4930123456", "right_at": 0.0, "forget_at": time.time() + 900}
    row = form | {"failures": 5, "since": time.time(), "locked_until": time.time() + 900}
    page.database.transact(lambda connection: connection.execute(TALLIES.insert().values(row)))
    counts = {visitor.go(path).html.partition('<span class="count">')[2].partition("<")[0] for path in PAGES}
    page.database.transact(lambda connection: tallies.clear(connection, "closed"))
    assert len(counts) == 1
    assert int(counts.pop()) >= 1


def test_a_lockout_is_shown_and_cleared(page):
    visitor = page.front_desk()
    shown = visitor.go("/lockouts")
    assert "+491713920088" in shown.text
    form = next(each for each in shown.forms if each["fields"].get("who") == "+491713920088")
    assert "+491713920088" not in visitor.send(form).text.partition("Wrong PINs")[0]
    kept = page.database.transact(lambda connection: [each.account.who for each in tallies.kept(connection)])
    assert "+491713920088" not in kept
    assert "+491713920014" in kept


def test_a_guest_pin_is_shown_once_listed_and_revoked(page):
    visitor = page.front_desk()
    answer = visitor.send(visitor.go("/guest-pins").form("/guest-pins"), note="Besuch", uses="5", length="7d")
    pin = answer.html.partition('<p class="pin">')[2][:8]
    assert pin.isdigit()
    listed = visitor.go("/guest-pins")
    assert pin not in listed.html
    assert "Besuch" in listed.text
    guest = next(each for each in page.database.transact(lambda c: list(guests.read(c))) if each.note == "Besuch")
    assert (guest.gate, guest.uses_left) == ("hotline", 5)
    assert "Besuch" not in visitor.send(listed.form(f"/guest-pins/{guest.id}/revoke")).text


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"gate": "closed"}, "Choose a gate"),
        ({"caller": "nobody"}, "not a telephone number"),
        ({"length": "until", "until": "2020-01-01T00:00"}, "yet to come"),
        ({"length": "until", "until": "soon"}, "yet to come"),
    ],
)
def test_a_guest_pin_that_makes_no_sense_is_refused_with_a_reason(page, values, why):
    visitor = page.front_desk()
    answer = visitor.send(visitor.go("/guest-pins").form("/guest-pins"), **values)
    assert answer.status == 422
    assert why in answer.text


def test_a_gate_is_switched_by_hand_and_back(page):
    visitor = page.front_desk()
    shown = visitor.send(visitor.go("/").form("/gates/closed/switch"), state="off", length="open", note="Lieferung")
    assert "off by hand" in shown.text
    assert "until further notice: switched by hand. (Lieferung)" in shown.text
    override = page.database.transact(overrides.read)["closed"]
    assert (override.active, override.until, override.note) == (False, None, "Lieferung")
    assert "off by hand" not in visitor.send(shown.form("/gates/closed/switch")).text
    assert "closed" not in page.database.transact(overrides.read)


def test_whoever_changed_something_stands_in_the_log(page):
    visitor = page.front_desk()
    visitor.send(visitor.go("/").form("/gates/closed/switch"), state="on", length="30m")
    visitor.send(visitor.go("/").form("/gates/closed/switch"), state="auto")
    line = page.service.lines("changed on the administration page", what="override", gate="closed", state="on")[-1]
    assert line["by"] == "empfang"


def test_a_call_is_tried_and_changes_nothing(page):
    visitor = page.front_desk()
    form = visitor.go("/try").form("/try")
    answer = visitor.send(form, caller="0171 3920014", called="+49 30 23125700", first="1111#", second=f"{PIN}#")
    assert "Goes on to +493023125700" in answer.text
    assert PIN not in answer.html
    assert "Does not get through" in visitor.send(form, caller="", called="701").text
    assert visitor.send(form, called="701", first="abc").status == 422


def test_the_file_is_shown_line_by_line_without_its_pins(page):
    answer = page.administrator().go("/file")
    assert "In order: 2 gates" in answer.text
    assert 'id="L4"' in answer.html
    assert PIN not in answer.html
    assert "••••••••" in answer.html


def test_no_page_shows_a_pin(page):
    visitor = page.administrator()
    for path in (*PAGES, *ADMINISTRATORS, "/calls?since=7d"):
        assert PIN not in visitor.go(path).html


def test_what_callers_write_is_text_on_the_page(page):
    answer = page.administrator().go("/calls?since=7d")
    assert EVIL not in answer.html
    assert EVIL in answer.text
