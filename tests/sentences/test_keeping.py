"""What is kept of a sentence is enough to say it in German later."""

import datetime as dt
import json
from zoneinfo import ZoneInfo

import pytest

from vipgate_fs.sentences import NOTHING, joined, said, say
from vipgate_fs.sentences.catalogue import in_language
from vipgate_fs.sentences.keeping import cleaned, from_json, to_json

EVENING = dt.datetime(2026, 12, 24, 18, 30, tzinfo=ZoneInfo("Europe/Berlin"))
UNTIL = say("override until {until:%a %Y-%m-%d %H:%M}{note}", until=EVENING, note=say(" ({note})", note="Fest"))
SENTENCES = [
    say("locked out"),
    say("otherwise: {then}", then=say("forward to {target}", target="99")),
    joined("; ", [say("reject"), NOTHING, say("locked out")]),
    say("{count} error", "{count} errors", count=2),
    say("{days:g} {day:%Y-%m-%d}", days=1.5, day=EVENING.date()),
    say("verdict: {verdict}", verdict=ValueError(say("don't know"))),
    said(OSError("of the machine's")),
    UNTIL,
]


@pytest.mark.parametrize("sentence", SENTENCES, ids=str)
def test_what_is_kept_is_said_in_both_languages(sentence):
    again = from_json(sentence[:], to_json(sentence))
    assert again == sentence
    assert in_language(again, "de") == in_language(sentence, "de")


def test_of_a_text_nothing_is_kept():
    assert to_json("why") is to_json(NOTHING) is None
    assert from_json("why", None) == "why"


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "{",
        "[]",
        "7",
        '"other"',
        "{}",
        '{"key": 1, "parts": {}}',
        '{"key": "{a}", "parts": []}',
        '{"key": "{a}", "parts": {}}',
        '{"key": "{a.__class__}", "parts": {"a": ""}}',
        '{"key": "{a[0]}", "parts": {"a": "why"}}',
        '{"key": "why", "plural": "{b}", "parts": {"count": 1}}',
        '{"key": "{a:%Y}", "parts": {"a": "2026"}}',
        '{"key": "something else", "parts": {}}',
        '{"at": "yesterday"}',
        '{"on": 7}',
        '{"a":' * 10_000,
    ],
)
def test_what_nobody_can_have_kept_is_the_text_alone(kept):
    assert in_language(from_json("why", kept), "de") == "why"


def test_what_is_cleaned_is_a_sentence_as_long_as_its_parts_make_the_same_text():
    sentence = say("forward to {target}", target="1234567")
    masked = cleaned(sentence, lambda text: text.replace("567", "***"))
    assert (masked, in_language(masked, "de")) == ("forward to 1234***", "weiterleiten an 1234***")
    assert "567" not in to_json(masked)
    cut = cleaned(sentence, lambda text: text[:12])
    assert (cut, to_json(cut)) == ("forward to 1", None)
    assert cleaned("1234567", lambda text: text[:4]) == "1234"


def test_a_number_that_parts_make_together_is_not_kept_in_parts():
    sentence = joined("", ["1234", "567"])
    masked = cleaned(sentence, lambda text: text.replace("4567", "****"))
    assert (masked, to_json(masked)) == ("123****", None)


def test_what_is_kept_is_read_by_people_too():
    assert json.loads(to_json(UNTIL)) == {
        "key": "override until {until:%a %Y-%m-%d %H:%M}{note}",
        "parts": {
            "until": {"at": "2026-12-24T18:30:00+01:00"},
            "note": {"key": " ({note})", "parts": {"note": "Fest"}},
        },
    }
