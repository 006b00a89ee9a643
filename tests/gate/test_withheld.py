from __future__ import annotations

import time

import pytest

from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.gate.numbers import NumberPlan

PLAN = NumberPlan("DE")


@pytest.mark.parametrize(
    "word",
    [
        *[
            "anonymous",
            "unknown",
            "restricted",
            "private",
            "unavailable",
            "withheld",
            "blocked",
            "hidden",
            "undisclosed",
        ],
        *["Identity Withheld", "N/A", "out of area", "not provided", "unterdrückte Rufnummer", "anonymer Anrufer"],
        *["unbekannt", "unterdrückt", "Unterdru\u0308ckt", "unterdrueckt", "privat", "geheim", "keine Nummer"],
        *["Private Number", "No Caller ID", "caller-id blocked", "Number Withheld", "not available", "unknown caller"],
        *[
            "unbekannter Anrufer",
            "Rufnummer unterdrückt",
            "masqué",
            "Numéro privé",
            "sconosciuto",
            "onbekend",
            "nobody",
        ],
    ],
)
def test_words_of_carriers_mean_a_withheld_number(word):
    for written in ("{}", " {} ", "+{}", "{}@anonymous.invalid", "{}@"):
        for spelling in (word, word.upper(), word.title()):
            assert PLAN.caller(written.format(spelling)) == WITHHELD, written


@pytest.mark.parametrize("written", ["", " ", "\t", "+", "-", "@anonymous.invalid", "()"])
def test_so_does_nothing(written):
    assert PLAN.caller(written) == WITHHELD


@pytest.mark.parametrize(
    "zeros",
    [
        "0",
        "00",
        "000",
        "00000",
        "0000000000",
        "0" * 15,
        "+0",
        "+0000000000",
        "000-000-0000",
        "+10000000000",
        "+490000000000",
        "00490000000000",
    ],
)
def test_so_do_zeros(zeros):
    assert PLAN.caller(zeros) == WITHHELD


@pytest.mark.parametrize(
    "keys", ["266696687", "86282452253", "8656696", "2562533", "7378742833", "7748283", "94844353", "86347256733"]
)
@pytest.mark.parametrize("written", ["{}", "+{}", " {} ", "00{}"])
def test_so_do_words_on_a_keypad(keys, written):
    assert PLAN.caller(written.format(keys)) == WITHHELD


@pytest.mark.parametrize("written", ["+1266696687", "1266696687", "0018656696", "+1 2562533"])
def test_so_do_these_behind_the_code_of_the_us_unless_they_are_a_number(written):
    assert PLAN.caller(written) == WITHHELD
    assert PLAN.caller("+17378742833") == "+17378742833"


@pytest.mark.parametrize(
    ("country", "written", "number"),
    [
        ("PT", "266696687", "+351266696687"),
        ("IS", "8656696", "+3548656696"),
        ("US", "7378742833", "+17378742833"),
        ("DK", "94844353", "+4594844353"),
        ("DE", "0266696687", "+49266696687"),
    ],
)
def test_unless_they_are_a_number_of_the_country(country, written, number):
    assert NumberPlan(country).caller(written) == number
    assert NumberPlan(country).caller(f"+{written.lstrip('0')}") == WITHHELD


@pytest.mark.parametrize(
    "written",
    [
        *["anonymouse", "Anonymous Bank", "private-bank", "unknown\nx", "x@anonymous.invalid", "alice", "10", "110"],
        *["266696688", "0100", "1000", "100000", "49100000"],
    ],
)
def test_names_and_numbers_that_only_look_like_it_are_what_they_are(written):
    assert PLAN.caller(written) == written


def test_a_site_can_add_its_own():
    plan = NumberPlan("DE", withheld=("Kein Eintrag", "+49 999 1234", "s"))
    assert NumberPlan("DE").caller("kein eintrag") != WITHHELD
    for written in ("kein eintrag", "+499991234", "499991234", "S", "anonymous", "00"):
        assert plan.caller(written) == WITHHELD
    assert plan.caller("0176 12345678") == "+4917612345678"


def test_what_is_called_is_never_withheld():
    for written in ("0", "private", "anonymous", "266696687"):
        assert PLAN.canonical(written) == written


def test_what_is_as_long_as_a_header_may_be_is_looked_at():
    for written in ("anonymous", "266696687"):
        assert PLAN.caller(written.ljust(64, ".")) == WITHHELD
        assert PLAN.caller(written.ljust(65, ".")) == written.ljust(65, ".")


def test_a_long_name_costs_nothing():
    started = time.process_time()
    for character in ("0", "a", "ü", " "):
        assert PLAN.caller(character * 10_000) == character * 10_000
    assert time.process_time() - started < 0.5
