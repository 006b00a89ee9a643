"""What is taken over from STARFACE and FreePBX."""

from __future__ import annotations

import datetime as dt

import pytest

from vipgate_fs.setup.answers import Answers, Span, Unusable
from vipgate_fs.setup.freepbx import groups_of
from vipgate_fs.setup.making import make
from vipgate_fs.setup.starface import callers_of

PINS = {"004917612345678": "081512345", "0041556631019": "081555577"}


@pytest.fixture
def starface(tmp_path):
    def read(text, encoding="utf-8"):
        file = tmp_path / "list.csv"
        file.write_bytes(text.encode(encoding))
        return callers_of(file)

    return read


@pytest.mark.parametrize("head", ["Caller Identification", "Rufnummer", "caller number"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_the_table_of_callers_and_pins_is_taken_over(starface, head, separator):
    rows = [f"{head}{separator}PIN", *(separator.join(row) for row in PINS.items())]
    assert starface("\r\n".join(rows)) == PINS
    assert starface("\n".join(rows), "utf-16") == PINS


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not named"),
        ("Caller Identification;Name\n1;x", "no column pin"),
        ("Caller Identification;PIN\n", "no callers"),
        ("Caller Identification;PIN\n;081512345", "line 2: the number is missing"),
        ("004917612345678;081512345\n0041556631019;081555577", "not named"),
    ],
)
def test_a_list_that_is_none_is_refused_without_showing_a_pin(starface, text, why):
    with pytest.raises(Unusable) as fault:
        starface(text)
    assert why in str(fault.value)
    assert "0815" not in str(fault.value)


@pytest.mark.parametrize(
    ("time", "span"),
    [
        ("09:00-17:00|mon-fri|*|*", Span("mon-fri", "09:00", "17:00")),
        ("09:00-16:59|mon-fri|*|*", Span("mon-fri", "09:00", "17:00")),
        ("00:00-23:59|sat|*|*", Span("sat")),
        ("*|sun|*|*", Span("sun")),
        ("08:30-12:00|*|*|*", Span("", "08:30", "12:00")),
        ("22:00-05:59|fri-mon|*|*", Span("fri-mon", "22:00", "06:00")),
        ("*|*|24-26|dec", Span(dates="12-24 - 12-26")),
        ("*|*|1|jan", Span(dates="01-01")),
        ("*|*|*|feb", Span(dates="02-01 - 02-29")),
        ("*|*|*|jun-aug", Span(dates="06-01 - 08-31")),
        ("09:00-12:00|*|24|dec", Span("mon-sun, holidays", "09:00", "12:00", "12-24")),
        ("09:00-17:00|mon-sun|*|*", Span("", "09:00", "17:00")),
    ],
)
def test_a_time_group_becomes_a_span(time, span):
    assert groups_of(f"description\ttime\nOffice\t{time}\n") == {"Office": (span,)}


def test_the_times_of_a_group_make_a_good_configuration(tmp_path):
    times = "09:00-17:00|mon-fri|*|*", "*|*|24-26|dec", "*|*|*|jul-aug", "09:00-12:00|*|31|oct"
    ((_, spans),) = groups_of("".join(f"Office\t{time}\n" for time in times)).items()
    assert (
        make(Answers(numbers=("7000",), hours=spans), tmp_path / "vipgate.yaml", dt.date(2026, 11, 27)).warnings == ()
    )


def test_several_groups_are_told_apart():
    text = "Office\t09:00-17:00|mon-thu|*|*\nOffice\t09:00-15:00|fri|*|*\nDuty\t*|sat|*|*\n"
    assert groups_of(text) == {
        "Office": (Span("mon-thu", "09:00", "17:00"), Span("fri", "09:00", "15:00")),
        "Duty": (Span("sat"),),
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "description\ttime\n",
        "no tab",
        "Office\t09:00-17:00",
        "Office\t09:00-17:00|mon-fri|*",
        "Office\tnine|mon-fri|*|*",
        "Office\t09:00-17:00|mon,tue|*|*",
        "Office\t*|*|*|*",
        "Office\t*|*|13|*",
        "Office\t*|mon|13|may",
        "Office\t*|*|31|feb",
        "Office\t*|*|24-26|nov-dec",
        "Office\t*|*|*|brumaire",
    ],
)
def test_what_can_not_be_said_here_is_refused_with_its_line(text):
    with pytest.raises(Unusable) as fault:
        groups_of(text)
    assert fault.value.question == "hours"
    assert "line" in str(fault.value) or "no time groups" in str(fault.value)


def test_a_group_that_nobody_wants_may_say_whatever_it_likes():
    text = "Office\t09:00-17:00|mon-fri|*|*\nAlways\t*|*|*|*\n"
    assert groups_of(text, "Office") == {"Office": (Span("mon-fri", "09:00", "17:00"),)}
    with pytest.raises(Unusable, match="line 2"):
        groups_of(text, "Always")
    with pytest.raises(Unusable, match="line 2"):
        groups_of(text)
