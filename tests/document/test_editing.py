"""Editing a file as text: what is not changed keeps every byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vipgate_fs.document.editing import CannotEdit, as_edited, places, replaced
from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import Scalar, find, parse

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted([*ROOT.glob("examples/**/*.yaml"), *ROOT.glob("tests/config/good/*.yaml")])

WORDS = st.sampled_from(
    ["a", "office", "4711", "0815", "+49 30 1", "it's", 'say "hi"', "x: y", "#", "yes", "ü", "", "a\\b"]
)
STYLES = ("{}", "'{}'", '"{}"')


@st.composite
def scalars(draw):
    word, style = draw(WORDS), draw(st.sampled_from(STYLES))
    if style == "'{}'":
        return style.format(word.replace("'", "''"))
    if style == '"{}"':
        return style.format(word.replace("\\", "\\\\").replace('"', '\\"'))
    return word if word.replace("-", "").isalnum() else f"'{word.replace(chr(39), chr(39) * 2)}'"


@st.composite
def files(draw):
    """Files as people write them: comments, blank lines, lists in both styles, odd spaces, either line break."""
    lines = ["version: 1", ""] if draw(st.booleans()) else ["# of the office", "version:   1"]
    for number in range(draw(st.integers(1, 4))):
        gap = " " * draw(st.integers(1, 3))
        comment = draw(st.sampled_from(["", "  # a comment", " # it's: {odd} \"quote"]))
        kind = draw(st.integers(0, 3))
        if kind == 0:
            lines.append(f"k{number}:{gap}{draw(scalars())}{comment}")
        elif kind == 1:
            lines += [f"k{number}:{comment}", f"  - {draw(scalars())}", "  # between", f"  -  {draw(scalars())}"]
        elif kind == 2:
            lines.append(f"k{number}: [{draw(scalars())},{gap}{{in: {draw(scalars())}}}]{comment}")
        else:
            lines += [f"k{number}:", f"    in: {draw(scalars())}{comment}", "", f"    'two':{gap}{draw(scalars())}"]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return (end.join(lines) + draw(st.sampled_from(["", end]))).encode()


def same(content):
    """Every value is put in the place of itself, and the text comes back from a form."""
    text = content.decode("utf-8-sig")
    for path, place in places(text).items():
        if place.style not in ("|", ">") and "\n" not in text[place.begin : place.end]:
            assert replaced(content, path, place.value) == content
    from_form = "\r\n".join(text.replace("\r\n", "\n").split("\n"))
    assert as_edited(content, from_form) == content


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_what_is_not_changed_in_an_example_keeps_every_byte(path):
    same(path.read_bytes())


@settings(max_examples=200)
@given(files())
def test_what_is_not_changed_in_a_file_keeps_every_byte(content):
    same(content)


@settings(max_examples=60)
@given(files(), st.data())
def test_a_changed_value_changes_only_itself(content, data):
    text = content.decode()
    path, place = data.draw(st.sampled_from(sorted(places(text).items(), key=lambda each: each[1].begin)))
    value = data.draw(WORDS.filter(lambda word: word != place.value))
    changed = replaced(content, path, value)
    before, after = content.decode().splitlines(keepends=True), changed.decode().splitlines(keepends=True)
    assert [index for index, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]] == [
        place.line - 1
    ]
    told = places(changed.decode())
    assert told.pop(path).value == value
    assert {key: each.value for key, each in told.items()} == {
        key: each.value for key, each in places(text).items() if key != path
    }


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_places_are_those_that_the_rest_of_vipgate_sees(path):
    content = path.read_bytes()
    root = parse(content, Report(str(path)))
    for way, place in places(content.decode()).items():
        node = find(root, way)
        assert isinstance(node, Scalar)
        assert (node.text, node.line) == (place.value, place.line)


@pytest.mark.parametrize(
    ("content", "path", "value", "result"),
    [
        (b"a: b # c\n", ("a",), "d", b"a: d # c\n"),
        (b"a: b\n", ("a",), "0815", b'a: "0815"\n'),
        (b"a: 3\n", ("a",), "12", b"a: 12\n"),
        (b"a: 'b'\n", ("a",), "it's", b"a: 'it''s'\n"),
        (b'a: "b"\n', ("a",), 'say "hi"', b'a: "say \\"hi\\""\n'),
        (b"a: [x, y]\n", ("a", 1), "z, w", b'a: [x, "z, w"]\n'),
        (b"a: {b: 1h}\n", ("a", "b"), "30m", b"a: {b: 30m}\n"),
        (b"\xef\xbb\xbfa: b\n", ("a",), "c", b"\xef\xbb\xbfa: c\n"),
        (b"a: b\r\nc: d", ("c",), "e", b"a: b\r\nc: e"),
    ],
)
def test_a_value_is_written_as_the_one_before_it(content, path, value, result):
    assert replaced(content, path, value) == result


@pytest.mark.parametrize(
    ("content", "path", "value"),
    [
        (b"a: |\n  two\n  lines\n", ("a",), "x"),
        (b"a: b\n", ("c",), "x"),
        (b"a: b\n", ("a",), "two\nlines"),
        (b"a: [\n", ("a",), "x"),
        (b"\xff", (), "x"),
    ],
)
def test_what_can_not_be_edited_is_refused_in_words(content, path, value):
    with pytest.raises(CannotEdit, match=r"\w"):
        replaced(content, path, value)


def test_a_line_that_is_changed_in_a_form_leaves_the_breaks_of_the_others():
    content = b"a: 1\r\nb: 2\nc: 3\r\nd: 4"
    assert as_edited(content, "a: 1\r\nb: 5\r\nc: 3\r\nd: 4") == b"a: 1\r\nb: 5\r\nc: 3\r\nd: 4"
    assert as_edited(b"a: 1\nb: 2\n", "a: 1\r\nx: 0\r\nb: 2\r\n") == b"a: 1\nx: 0\nb: 2\n"
    assert as_edited(b"", "a: 1\r\nb: 2\r\n") == b"a: 1\nb: 2\n"
