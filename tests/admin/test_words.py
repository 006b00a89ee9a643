"""The page speaks German as well as English: no text without the other, and with the same parts."""

import string

import page_texts
import pytest
from babel.messages.pofile import read_po

from vipgate_fs.resources import resource

with (resource("languages") / "de" / "LC_MESSAGES" / "page.po").open("rb") as file:
    GERMAN = {message.id: message.string for message in read_po(file) if message.id}


@pytest.fixture(scope="module")
def texts():
    """What the page says, with where it does."""
    return page_texts.every()


def parts(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_has_its_german_with_the_same_parts(texts):
    assert [f"{place}: {text}" for text, place in texts.items() if not GERMAN.get(text)] == []
    assert [text for text in texts if parts(GERMAN[text]) != parts(text)] == []


def test_nothing_is_translated_that_nobody_says(texts):
    assert set(GERMAN) - set(texts) == set()
