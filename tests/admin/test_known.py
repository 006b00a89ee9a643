"""Known callers: who they are, where, since when; and forgetting one."""

from __future__ import annotations

import time

import pytest

from vipgate_fs.gate.lockout import KNOWN_FOR
from vipgate_fs.store import tallies
from vipgate_fs.store.schema import TALLIES

CALLER = "+491719990057"


def row(kind, who, gate="hotline", **more):
    now = time.time()
    counts = {"failures": 0, "since": 0.0, "locked_until": 0.0, "right_at": now - 60, "forget_at": now + KNOWN_FOR}
    return {"gate": gate, "kind": kind, "who": who} | counts | more


@pytest.fixture
def known(page):
    """Somebody who is known at two gates and for a customer number, and somebody who was."""
    rows = [
        row("caller", CALLER),
        row("proof", f" {CALLER}"),
        row("proof", f"4711 {CALLER}", failures=9),
        row("proof", f" {CALLER}", "closed"),
        row("proof", " +4930999", right_at=time.time() - KNOWN_FOR - 60),
    ]
    page.database.transact(lambda connection: connection.execute(TALLIES.insert(), rows))
    yield
    those = TALLIES.c.who.in_([each["who"] for each in rows])
    page.database.transact(lambda connection: connection.execute(TALLIES.delete().where(those)))


def right_at(page, kind, who):
    wanted = TALLIES.c.kind == kind, TALLIES.c.who == who, TALLIES.c.gate == "hotline"
    return page.database.transact(
        lambda connection: connection.execute(TALLIES.select().where(*wanted)).one().right_at, reads=True
    )


def test_known_callers_are_listed_with_where_and_since_when(page, known):
    shown = page.front_desk().go("/known-callers").text
    assert shown.count(CALLER) == 3
    assert f"{CALLER}, customer number 4711" in shown
    assert "in doubt: 9 wrong PINs since" in shown
    assert "+4930999" not in shown


def test_they_are_found_by_their_number_however_it_is_written(page, known):
    visitor = page.front_desk()
    assert visitor.go("/known-callers?number=0171+9990057").text.count(f"{CALLER}") == 3
    assert "Nobody with 0800 is known" in visitor.go("/known-callers?number=0800").text
    assert "Nobody with %_ is known" in visitor.go("/known-callers?number=%25_").text


def test_forgetting_one_leaves_the_others(page, known):
    visitor = page.front_desk()
    form = next(
        each
        for each in visitor.go("/known-callers").forms
        if each["fields"].get("who") == f" {CALLER}" and each["fields"]["gate"] == "hotline"
    )
    assert visitor.send(form).text.count(CALLER) == 2
    assert right_at(page, "caller", CALLER) > 0
    line = page.service.lines("changed on the administration page", what="known caller forgotten")[-1]
    assert (line["gate"], line["by"]) == ("hotline", "empfang")
    form["fields"]["who"] = f"4711 {CALLER}"
    assert visitor.send(form).text.count(CALLER) == 1
    assert right_at(page, "caller", CALLER) == 0.0


def test_they_are_shown_page_by_page(page):
    rows = [row("proof", f" +49170{number:07}") for number in range(120)]
    page.database.transact(lambda connection: connection.execute(TALLIES.insert(), rows))
    visitor, path, seen = page.front_desk(), "/known-callers", 0
    while path:
        html = visitor.go(path).html
        seen += html.count('class="num nowrap">+49170')
        path = html.partition('<div class="row end"><a class="btn" href="')[2].partition('"')[0].replace("&amp;", "&")
    those = TALLIES.c.who.in_([each["who"] for each in rows])
    page.database.transact(lambda connection: connection.execute(TALLIES.delete().where(those)))
    assert seen == 120


def test_forgetting_who_is_not_known_says_so(page):
    assert not page.database.transact(lambda connection: tallies.forget_known(connection, "hotline", " nobody"))
