import copy
import datetime as dt
import json
import pickle

import pytest

from vipgate_fs.sentences import NOTHING, Sentence, alternatives, as_data, joined, listed, said, say
from vipgate_fs.sentences.catalogue import in_language, preferred

EVENING = dt.datetime(2026, 12, 24, 18, 30, tzinfo=dt.UTC)


def test_a_sentence_is_its_english_text():
    sentence = say("user {user}", user="alice")
    assert sentence == "user alice"
    assert hash(sentence) == hash("user alice")
    assert json.dumps({"text": sentence}) == '{"text": "user alice"}'
    assert type(in_language(sentence, "en")) is str


def test_it_is_said_in_german_with_the_same_parts():
    assert in_language(say("user {user}", user="alice"), "de") == "Benutzer alice"
    assert in_language("user alice", "de") == "user alice"
    assert in_language(NOTHING, "de") == ""


def test_parts_that_are_sentences_are_said_in_german_too():
    inner = say("forward to {target}", target="99")
    assert in_language(say("otherwise: {then}", then=inner), "de") == "sonst: weiterleiten an 99"
    assert in_language(joined("; ", [inner, NOTHING, say("locked out")]), "de") == "weiterleiten an 99; gesperrt"


def test_an_error_keeps_the_sentence_that_it_was_raised_with():
    error = ValueError(say("don't know"))
    assert isinstance(str(error), Sentence)
    assert in_language(said(error), "de") == "weiß nicht"
    assert in_language(say("verdict: {verdict}", verdict=error), "de") == "Entscheidung: weiß nicht"
    assert in_language(said(OSError("of the machine's")), "de") == "of the machine's"


def test_moments_and_numbers_are_written_as_in_germany():
    sentence = say("override until {until:%a %Y-%m-%d %H:%M}{note}", until=EVENING, note="")
    assert sentence == "override until Thu 2026-12-24 18:30"
    assert in_language(sentence, "de") == "von Hand, bis Do, 24.12.2026, 18:30 Uhr"
    assert in_language(say("{text}", text=1.5), "de") == "1,5"
    assert in_language(say("{text:.2f}", text=0.5), "de") == "0,50"
    assert in_language(say("{text}", text="1.5"), "de") == "1.5"


@pytest.mark.parametrize(
    ("many", "english", "german"),
    [
        ([], "", ""),
        (["a"], "a", "a"),
        (["a", "b"], "a and b", "a und b"),
        (["a", say("holidays"), "c"], "a, holidays and c", "a, Feiertage und c"),
    ],
)
def test_lists(many, english, german):
    assert listed(many) == english
    assert in_language(listed(many), "de") == german
    assert in_language(alternatives(many), "de") == german.replace("und", "oder")


def test_braces_in_a_part_are_no_placeholders():
    assert in_language(say("user {user}", user="{user}"), "de") == "Benutzer {user}"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda sentence: pickle.loads(pickle.dumps(sentence))])
def test_a_copy_can_be_translated_too(copied):
    assert in_language(copied(say("user {user}", user="alice")), "de") == "Benutzer alice"


def test_programs_get_template_and_parts():
    sentence = say("otherwise: {then}", then=say("forward to {target}", target="99"))
    assert as_data(sentence) == {
        "key": "otherwise: {then}",
        "parts": {"then": {"text": "forward to 99", "key": "forward to {target}", "parts": {"target": "99"}}},
    }
    assert as_data("something else") == {}


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "de"),
        ({"LANG": "de"}, "de"),
        ({"LANG": "de_AT@euro"}, "de"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "de_DE.UTF-8"}, "de"),
        ({"LC_MESSAGES": "de_DE.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": ""}, "de"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "fr:de:en"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "en:de"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": ""}, "de"),
        ({"LC_ALL": "C", "LANGUAGE": "de"}, "en"),
        ({"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, "en"),
        ({"LANGUAGE": "de"}, "de"),
    ],
)
def test_the_environment_chooses_as_for_gettext(environment, language):
    assert preferred(environment) == language
