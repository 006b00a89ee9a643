"""Whatever VIPgate says, it says in German, too; `languages/de/LC_MESSAGES/vipgate.po` has nothing else."""

from __future__ import annotations

import subprocess

import pytest
from catalogue import CATALOGUE, catalogue, has_words, helps, is_clicks, said, templates

from vipgate_fs.sentences.catalogue import catalogue as load
from vipgate_fs.sentences.catalogue import placeholders

CLICKS = {pair for pair, message in catalogue().items() if is_clicks(message)}
GERMAN = catalogue()


@pytest.fixture(scope="module")
def ours():
    """What VIPgate says, with where it does."""
    return said()


def translations(message):
    return message.string if isinstance(message.string, tuple) else (message.string,)


def test_every_sentence_has_its_german(ours):
    missing = {where: pair[0] for pair, where in ours.items() if has_words(pair[0]) and pair not in GERMAN}
    assert not missing
    assert len(ours) > 50


def test_the_help_of_every_command_and_option_has_its_german():
    assert not {text: where for (text, _), where in helps().items() if (text, None) not in GERMAN}


def test_the_catalogue_has_nothing_that_nobody_says_any_more(ours):
    assert not GERMAN.keys() - ours.keys() - helps().keys() - CLICKS


def test_the_german_has_the_placeholders_of_the_english(ours):
    for pair in ours.keys() & GERMAN.keys():
        message = GERMAN[pair]
        wanted = placeholders(pair[0]) | placeholders(pair[1] or "")
        for german in translations(message):
            assert german, pair
            assert "fuzzy" not in message.flags, pair
            assert placeholders(german) <= wanted, pair
        assert frozenset().union(*map(placeholders, translations(message))) == wanted


def test_german_is_written_as_in_germany():
    for pair, message in GERMAN.items():
        for german in translations(message):
            assert german.count("„") == german.count("“"), pair
            assert "..." not in german, pair


def test_a_template_that_is_put_together_is_found():
    with pytest.raises(ValueError):
        list(templates('say(f"gate {name}")'))


def test_the_tools_of_translators_read_the_catalogue():
    try:
        done = subprocess.run(
            ["msgfmt", "--check", "-o", "/dev/null", CATALOGUE], check=False, capture_output=True, timeout=30
        )
    except FileNotFoundError:
        pytest.skip("gettext is not installed")
    assert done.returncode == 0, done.stderr


def test_it_is_read_as_babel_reads_it():
    ours = load("de")
    for (one, many), message in GERMAN.items():
        if many is None:
            assert ours.gettext(one) == message.string
        else:
            assert tuple(ours.ngettext(one, many, count) for count in (1, 2, 0)) == (*message.string, message.string[1])
