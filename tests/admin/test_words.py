"""The page speaks German as well as English: no text without the other, and with the same parts."""

import string

import page_texts
import pytest
from babel.messages.pofile import read_po

from vipgate_fs.admin import forms, words
from vipgate_fs.document import schema
from vipgate_fs.gate.dialogue import Result
from vipgate_fs.resources import resource


def german(name):
    with (resource("languages") / "de" / "LC_MESSAGES" / f"{name}.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file) if message.id}


GERMAN = german("page")


@pytest.fixture(scope="module")
def texts():
    """What the page says, with where it does."""
    return page_texts.every()


def parts(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_has_its_german_with_the_same_parts(texts):
    assert [f"{place}: {text}" for text, place in texts.items() if not GERMAN.get(text)] == []
    assert [text for text in texts if parts(GERMAN[text]) != parts(text)] == []


@pytest.mark.parametrize("result", Result)
def test_every_end_of_a_call_has_a_word(result):
    assert words.outcome(result)[1] in GERMAN


def test_nothing_is_translated_that_nobody_says(texts):
    assert set(GERMAN) - set(texts) == set()


def said_by_settings(node):
    """The titles and descriptions of the schema, of which the forms are made."""
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, dict):
        yield from (node[key] for key in ("title", "description", "consequence") if isinstance(node.get(key), str))
    for each in inner:
        yield from said_by_settings(each)


def test_every_setting_is_named_and_described_in_german():
    settings = german("settings")
    said = {*said_by_settings(schema.load()), forms.SEVERAL}
    assert said - settings.keys() == set()
    assert settings.keys() - said == set(), "the schema does not say that any more"
    assert not [text for text, translated in settings.items() if not translated]


@pytest.mark.parametrize("name", ["`site.sounds`", "{env: NAME}", "docs/lists.md", "easter-48", "caller_number"])
def test_what_is_to_be_written_is_written_the_same_in_german(name):
    settings = german("settings")
    there = [text for text in settings if name in text]
    assert there
    assert [text for text in there if name not in settings[text]] == []


def test_what_is_to_be_written_stands_out_and_is_text():
    assert words.described("`<b>` & `vipgate check`, a ` alone") == (
        "<code>&lt;b&gt;</code> &amp; <code>vipgate check</code>, a ` alone"
    )
