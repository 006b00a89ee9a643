"""Editing a file as text: what is not changed keeps every byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from yaml_files import files

from vipgate_fs.document.editing import CannotEdit, as_edited, decoded
from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import Scalar, find, parse
from vipgate_fs.document.outline import singles

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted([*ROOT.glob("examples/**/*.yaml"), *ROOT.glob("tests/config/good/*.yaml")])


def same(content):
    """The text comes back from a form."""
    text = content.decode("utf-8-sig")
    from_form = "\r\n".join(text.replace("\r\n", "\n").split("\n"))
    assert as_edited(content, from_form) == content


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_what_is_not_changed_in_an_example_keeps_every_byte(path):
    same(path.read_bytes())


@settings(max_examples=200)
@given(files())
def test_what_is_not_changed_in_a_file_keeps_every_byte(content):
    same(content)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_places_are_those_that_the_rest_of_vipgate_sees(path):
    content = path.read_bytes()
    root, text = parse(content, Report(str(path))), content.decode()
    for way, place in singles(text):
        node = find(root, way)
        assert isinstance(node, Scalar)
        assert (node.text, node.line) == (place.text, text.count("\n", 0, place.begin) + 1)


@pytest.mark.parametrize("content", [b"a: [\n", b"\xff"])
def test_what_is_no_text_or_no_yaml_is_refused_in_words(content):
    with pytest.raises(CannotEdit, match=r"\w"):
        dict(singles(decoded(content)[0]))


def test_a_line_that_is_changed_in_a_form_leaves_the_breaks_of_the_others():
    content = b"a: 1\r\nb: 2\nc: 3\r\nd: 4"
    assert as_edited(content, "a: 1\r\nb: 5\r\nc: 3\r\nd: 4") == b"a: 1\r\nb: 5\r\nc: 3\r\nd: 4"
    assert as_edited(b"a: 1\nb: 2\n", "a: 1\r\nx: 0\r\nb: 2\r\n") == b"a: 1\nx: 0\nb: 2\n"
    assert as_edited(b"", "a: 1\r\nb: 2\r\n") == b"a: 1\nb: 2\n"
