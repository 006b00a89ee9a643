"""Four answers become a configuration that `check --strict` accepts, with expectations that reach all of it."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vipgate_fs import config
from vipgate_fs.preview import expectations, meaning
from vipgate_fs.preview.coverage import uncovered
from vipgate_fs.sentences.catalogue import in_language
from vipgate_fs.setup.answers import Answers, Proof, Span, Unusable, hours_of, numbers_of
from vipgate_fs.setup.making import SHORTEST, make

TODAY = dt.date(2026, 11, 27)
NUMBERS = ["+49 711 5551001", "07022 27978-12", "7000-7099", "8???", "+49 89 123456*", "*721*", "600", "0041 44 668 18 00", "+4971155502..+4971155519"]  # fmt: skip
HOURS = [
    "",
    "mon-fri 9-17",
    "mo-do 8:30-17; fr 08:30-15",
    "sat, sun 10-12; mon-fri 0-24",
    "mon 22-6",
    "holidays 8-9; mon-sun 1-2:30",
    "Mo. - Fr. 9-17; Sa + So 10-14 und 15-16 Uhr",
    "täglich 9-17",
]
CALLERS = ["+49 176 12345678", "0041 55 663 10 19", "+1 212 555 0100"]
OF = {"numbers": ("+49 711 5551001",)}


def play(made, path):
    """The findings, the faults and what is not reached, as the commands report them."""
    path.write_text(made.configuration, "utf-8")
    beside = path.with_name("vipgate.test.yaml")
    beside.write_text(made.expectations, "utf-8")
    loaded = config.load(path)
    assert loaded.configuration is not None, [str(found) for found in loaded.findings]
    found = [
        *loaded.findings,
        *meaning.findings(loaded.configuration, made.configuration.encode(), dt.datetime.now(dt.UTC)),
    ]
    _, wanted, faults = expectations.load(beside)
    assert not faults
    results = [expectations.play(each, loaded.configuration) for each in wanted]
    return (
        [str(each) for each in found],
        [fault for each in results for fault in each.faults],
        uncovered(loaded.configuration, results),
    )


@st.composite
def answers(draw):
    proof = draw(st.sampled_from(Proof))
    callers = st.lists(st.sampled_from(CALLERS), min_size=1, unique=True)
    if proof is Proof.CUSTOMER_NUMBER:
        callers = st.lists(st.from_regex("[0-9]{1,20}", fullmatch=True), min_size=1, max_size=4, unique=True)
    target = st.none() | st.from_regex("[0-9A-Za-z+*#][0-9A-Za-z+*#._-]{0,9}", fullmatch=True)
    return Answers(
        numbers=tuple(draw(st.lists(st.sampled_from(NUMBERS), min_size=1, unique=True))),
        hours=hours_of(draw(st.sampled_from(HOURS))),
        proof=proof,
        callers=() if proof is Proof.PIN else tuple(draw(callers)),
        onward=None if proof is Proof.LISTED else draw(target),
        refused=draw(target),
        language=draw(st.sampled_from(["de", "en"])),
        country=draw(st.sampled_from(["DE", "CH"])),
        holidays=draw(st.sampled_from([None, "DE-BW"])),
    )


@settings(max_examples=int(os.environ.get("VIPGATE_ANSWERS", "8")))
@given(given=answers(), today=st.dates(dt.date(2026, 1, 1), dt.date(2030, 12, 31)))
def test_whatever_the_answers_are_the_file_is_good_or_the_fault_is_named(tmp_path_factory, given, today):
    path = tmp_path_factory.getbasetemp() / "vipgate.yaml"
    try:
        made = make(given, path, today)
    except Unusable as fault:
        assert fault.why
        assert hasattr(given, fault.question)
        assert all(in_language(why, "de") for why in fault.why)
        return
    assert play(made, path) == ([], [], ())
    assert all(len(pin) >= SHORTEST and pin.isdigit() for pin in made.pins.values())
    assert len(set(made.pins.values())) == len(made.pins)


@pytest.mark.parametrize("proof", Proof)
@pytest.mark.parametrize(
    ("language", "hours", "refused"),
    [("de", "", "120"), ("en", "mo-do 9-17; fr 9-15:30", None)],
    ids=["always", "outside"],
)
def test_each_kind_of_answer_can_be_used(tmp_path, proof, language, hours, refused):
    callers = {Proof.PIN: (), Proof.CUSTOMER_NUMBER: ("10027", "10031")}.get(proof, tuple(CALLERS))
    given = Answers(
        numbers=tuple(NUMBERS),
        hours=hours_of(hours),
        proof=proof,
        callers=callers,
        onward=None if proof is Proof.LISTED else "100",
        refused=refused,
        language=language,
    )
    made = make(given, tmp_path / "vipgate.yaml", TODAY)
    assert play(made, tmp_path / "vipgate.yaml") == ([], [], ())
    assert set(made.pins) == ({""} if proof is Proof.PIN else set() if proof is Proof.LISTED else set(callers))


def test_comments_are_in_the_language_of_the_answers(tmp_path):
    texts = {
        language: make(Answers(**OF, language=language), tmp_path / "vipgate.yaml", TODAY) for language in ("de", "en")
    }
    for text in (texts["de"].configuration, texts["de"].expectations):
        for line in text.splitlines():
            if line.lstrip().startswith("# ") and "$schema" not in line:
                assert line not in texts["en"].configuration + texts["en"].expectations
    assert "Jeder Anrufer wird nach dieser PIN gefragt." in texts["de"].configuration
    assert "Every caller is asked for this PIN." in texts["en"].configuration


def test_a_pin_is_as_long_as_the_guesser_demands(tmp_path):
    lengths = []

    def generate(digits):
        lengths.append(digits)
        return "123456789012"[:digits]

    made = make(Answers(**OF), tmp_path / "vipgate.yaml", TODAY, generate)
    assert lengths == list(range(SHORTEST, lengths[-1] + 1))
    shorter = made.configuration.replace("123456789012"[: lengths[-1]], "1234")
    loaded = config.load_text(shorter)
    assert meaning.findings(loaded.configuration, shorter.encode(), dt.datetime.now(dt.UTC)) != ()


def test_pins_are_in_no_representation(tmp_path):
    made = make(
        Answers(**OF, proof=Proof.OWN_PIN, callers=("+4917612345678",), pins={"+4917612345678": "8152637485"}),
        tmp_path / "v.yaml",
        TODAY,
    )
    assert "8152637485" in made.configuration
    assert "8152637485" not in repr(made)
    assert "8152637485" not in repr(Answers(**OF, pins={"1": "8152637485"}))


def test_pins_that_were_brought_along_are_kept_and_weak_ones_are_named(tmp_path):
    pins = {"004917612345678": "0815", "0041556631019": "081555577"}
    given = Answers(**OF, proof=Proof.OWN_PIN, callers=tuple(pins), pins=pins)
    made = make(given, tmp_path / "vipgate.yaml", TODAY)
    assert made.pins == {}
    assert len(made.warnings) == 1
    assert not any(pin in "".join(made.warnings) for pin in pins.values())
    _, faults, missed = play(made, tmp_path / "vipgate.yaml")
    assert (faults, missed) == ([], ())


@pytest.mark.parametrize(
    ("more", "question"),
    [
        ({"numbers": ()}, "numbers"),
        ({"numbers": ("no number!",)}, "numbers"),
        ({"numbers": ("7000-7099", "7001")}, "numbers"),
        ({"hours": (Span("mon-fri", "09:00", "25:00"),)}, "hours"),
        ({"hours": (Span("someday", "09:00", "17:00"),)}, "hours"),
        ({"hours": hours_of("mon-sun, holidays 0-24")}, "hours"),
        ({"hours": hours_of("mon-fri 9-17; tue 10-11")}, "hours"),
        ({"onward": "12 XML default"}, "onward"),
        ({"refused": "${x}"}, "refused"),
        ({"proof": Proof.OWN_PIN}, "callers"),
        ({"proof": Proof.OWN_PIN, "callers": ("alice",)}, "callers"),
        ({"proof": Proof.CUSTOMER_NUMBER, "callers": ("x1",)}, "callers"),
        ({"proof": Proof.LISTED, "callers": ("+4917612345678",), "onward": "100"}, "onward"),
        ({"proof": Proof.OWN_PIN, "callers": ("+4917612345678", "0176 12345678")}, "callers"),
        ({"country": "XX"}, "country"),
        ({"timezone": "Europe/Stuttgart"}, "timezone"),
        ({"holidays": "DE-XX"}, "holidays"),
    ],
)
def test_what_can_not_be_used_is_named_with_its_question(tmp_path, more, question):
    with pytest.raises(Unusable) as fault:
        make(Answers(**{**OF, **more}), tmp_path / "vipgate.yaml", TODAY)
    assert fault.value.question == question


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", ()),
        ("mon-fri 9-17", (Span("mon-fri", "09:00", "17:00"),)),
        ("mo-do 9:00 - 17:00; fr 9 bis 15:30 Uhr", (Span("mo-do", "09:00", "17:00"), Span("fr", "09:00", "15:30"))),
        ("sat, sun 10\u201312", (Span("sat, sun", "10:00", "12:00"),)),
        ("8-9", (Span("", "08:00", "09:00"),)),
        ("Mo-Do 9:00-17:00, Fr 9:00-15:30", (Span("Mo-Do", "09:00", "17:00"), Span("Fr", "09:00", "15:30"))),
        ("mon-fri 9-12, 13-17", (Span("mon-fri", "09:00", "12:00"), Span("mon-fri", "13:00", "17:00"))),
        (
            "Montag bis Freitag von 9 bis 12 Uhr und 13.30 bis 17 Uhr",
            (Span("Montag bis Freitag", "09:00", "12:00"), Span("Montag bis Freitag", "13:30", "17:00")),
        ),
        ("mon, wed: 9h-12h; sat,sun 10-12", (Span("mon, wed", "09:00", "12:00"), Span("sat,sun", "10:00", "12:00"))),
        ("mon-fri from 9 to 17", (Span("mon-fri", "09:00", "17:00"),)),
    ],
)
def test_business_hours_are_read_as_people_write_them(text, spans):
    assert hours_of(text) == spans


@pytest.mark.parametrize("text", ["mon-fri", "9", "nine to five", "mon-fri 9-17-18x", "9am-5pm", "24/7"])
def test_what_are_no_business_hours_is_refused(text):
    with pytest.raises(Unusable):
        hours_of(text)


def test_numbers_may_be_separated_in_many_ways():
    assert numbers_of(" +49 711 5551001, 7000-7099;600\n700 , 600 ,") == ("+49 711 5551001", "7000-7099", "600", "700")


def test_it_holds_for_the_manual(tmp_path):
    assert Path(
        make(Answers(**OF), tmp_path / "v.yaml", TODAY).configuration.split("$schema=")[1].split("\n")[0]
    ).exists()
