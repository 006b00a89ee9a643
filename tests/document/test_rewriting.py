"""Changing what a file says changes only the lines concerned; comments and all else keep every byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yaml_files import WORDS, files

from vipgate_fs.document.editing import CannotEdit
from vipgate_fs.document.rewriting import moved, put, rewritten, tree_of
from vipgate_fs.document.writing import Plain

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted([*ROOT.glob("examples/**/*.yaml"), *ROOT.glob("tests/config/good/*.yaml")])
TREES = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS.filter(bool), inner, max_size=3),
    max_leaves=6,
)


def ways(tree, path=()):
    """Every path of a tree."""
    yield path
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, each in inner:
        yield from ways(each, (*path, key))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_what_is_not_changed_in_an_example_keeps_every_byte(path):
    content = path.read_bytes()
    assert rewritten(content, {(): tree_of(content)}) == content


@settings(max_examples=30)
@given(files())
def test_what_is_not_changed_in_a_file_keeps_every_byte(content):
    assert rewritten(content, {(): tree_of(content)}) == content


@settings(max_examples=60)
@given(files(), st.data())
def test_whatever_is_put_in_a_place_says_so_and_keeps_all_other_lines(content, data):
    """Or it is refused; a comment is never lost but with what it stands behind."""
    tree = tree_of(content)
    path = data.draw(st.sampled_from([way for way in ways(tree) if way]))
    value = data.draw(st.none() | TREES)
    try:
        result = rewritten(content, {path: value})
    except CannotEdit:
        return
    assert tree_of(result) == put(tree, path, value)
    assert result.count(b"# between") == content.count(b"# between") or len(path) == 1
    top = list(tree).index(path[0])
    keys = [line.split(b":")[0] for line in content.splitlines() if line[:1] in b"kv" and b":" in line]
    unchanged = [key for key in keys if key.decode() != list(tree)[top]]
    for key in unchanged:
        lines = [line for line in content.splitlines() if line.startswith(key)]
        assert [line for line in result.splitlines() if line.startswith(key)] == lines


@pytest.mark.parametrize(
    ("content", "path", "value", "result"),
    [
        (b"a: b # c\n", ("a",), "d", b"a: d # c\n"),
        (b"a: b\n", ("a",), "0815", b'a: "0815"\n'),
        (b"a: b\n", ("a",), "yes", b'a: "yes"\n'),
        (b"a: b\n", ("a",), Plain("true"), b"a: true\n"),
        (b"a: 3\n", ("a",), "12", b"a: 12\n"),
        (b"a: 'b'\n", ("a",), "it's", b"a: 'it''s'\n"),
        (b'a: "b"\n', ("a",), 'say "hi"', b'a: "say \\"hi\\""\n'),
        (b'a: "b"\n', ("a",), "c", b'a: "c"\n'),
        (b"a: [x, y]\n", ("a", 1), "z, w", b'a: [x, "z, w"]\n'),
        (b"a: {b: 1h}\n", ("a", "b"), "30m", b"a: {b: 30m}\n"),
        (b"\xef\xbb\xbfa: b\n", ("a",), "c", b"\xef\xbb\xbfa: c\n"),
        (b"a: b\r\nc: d", ("c",), "e", b"a: b\r\nc: e"),
        (b"a: >-\n  two\n  lines\n\nb: 1\n", ("a",), "one", b"a: one\n\nb: 1\n"),
        (b'a: "0815" # x\n', ("a",), {"env": "PIN"}, b"a: {env: PIN} # x\n"),
        (b"a:\n  env: PIN\nb: 1\n", ("a",), "0815", b'a: "0815"\nb: 1\n'),
    ],
)
def test_a_value_is_written_as_the_one_before_it(content, path, value, result):
    assert rewritten(content, {path: value}) == result


@pytest.mark.parametrize(
    ("content", "path", "value", "result"),
    [
        (b"a:\n  b: 1 # one\n", ("a", "c"), Plain("2"), b"a:\n  b: 1 # one\n  c: 2\n"),
        (b"a: # mine\n\n  # of b\n  b: 1", ("a", "c"), "x", b"a: # mine\n\n  # of b\n  b: 1\n  c: x"),
        (b"a:\r\n    b: 1\r\n", ("a", "c"), "x", b"a:\r\n    b: 1\r\n    c: x\r\n"),
        (b"a: {b: 1}\n", ("a", "c"), "x", b"a: {b: 1, c: x}\n"),
        (b"a: {}\n", ("a", "c"), "x", b"a: {c: x}\n"),
        (b"a:\n  - b: 1\n  - b: 2\n", ("a", 0, "c"), "x", b"a:\n  - b: 1\n    c: x\n  - b: 2\n"),
        (b"a: 1\n", ("b", "c", "d"), "x", b"a: 1\nb: {c: {d: x}}\n"),
        (b"a: [x]\n", ("a",), ["x", "z"], b"a: [x, z]\n"),
        (b"a:\n- x # one\nb: 1\n", ("a",), ["x", {"k": "z"}], b"a:\n- x # one\n- {k: z}\nb: 1\n"),
        (b"a:\n  - x\n", ("a",), ["0", "x"], b'a:\n  - "0"\n  - x\n'),
        (b"a: {}\n", ("a", "b"), "x" * 99, b"a:\n  b: " + b"x" * 99 + b"\n"),
        (b"a:\n  - x\n", ("a",), ["x", {"b": "y" * 99}], b"a:\n  - x\n  - b: " + b"y" * 99 + b"\n"),
    ],
)
def test_what_is_new_stands_behind_what_is_there(content, path, value, result):
    assert rewritten(content, {path: value}) == result


@pytest.mark.parametrize(
    ("content", "path", "result"),
    [
        (b"a:\n  b: 1 # one\n  c: 2\n", ("a", "b"), b"a:\n  c: 2\n"),
        (b"a:\n  b: 1\n  # of c\n  c: 2", ("a", "c"), b"a:\n  b: 1\n  # of c"),
        (b"a: {b: 1, c: 2}\n", ("a", "b"), b"a: {c: 2}\n"),
        (b"a: {b: 1,\n    c: 2} # x\n", ("a", "c"), b"a: {b: 1} # x\n"),
        (b"a: {b: 1}\n", ("a", "b"), b"a: {}\n"),
        (b"a:\n  b: 1\nc: 2\n", ("a", "b"), b"a: {}\nc: 2\n"),
        (b"a:\n  - b: 1\n    c: 2\n", ("a", 0, "b"), b"a:\n  - c: 2\n"),
        (b"a:\r\n  - b: 1\r\n  # of c\r\n  - c: 2\r\n", ("a", 0), b"a:\r\n  # of c\r\n  - c: 2\r\n"),
        (b"a: 1\nb: 2\n", ("a",), b"b: 2\n"),
        (b"a:\n  b: >\n    two\n    lines\n  c: 2\n", ("a", "b"), b"a:\n  c: 2\n"),
    ],
)
def test_what_is_taken_out_takes_its_lines_along(content, path, result):
    assert rewritten(content, {path: None}) == result


@pytest.mark.parametrize(
    ("content", "path", "value"),
    [
        (b"a: |\n  two\n  lines\n", ("a", 0), "x"),
        (b"a: b\n", ("a",), "two\nlines"),
        (b"a: [\n", ("a",), "x"),
        (b"\xff", ("a",), "x"),
        (b"", ("a",), "x"),
        (b"a: 1\na: 2\n", ("a",), "x"),
        (b"a: # why\n  b: 1\n", ("a",), "x"),
        (b"a: {b: 1, # one\n  c: 2}\n", ("a", "b"), None),
        (b"a:\n  - b: 1\n    # of c\n    c: 2\n", ("a", 0, "b"), None),
        (b"a: " + b"[" * 50 + b"]" * 50, ("a",), "x"),
    ],
)
def test_what_can_not_be_changed_alone_is_refused_in_words(content, path, value):
    with pytest.raises(CannotEdit, match=r"\w"):
        rewritten(content, {path: value})


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n", "\n# the end\n"])
def test_an_item_moves_with_the_comment_above_it(end, last):
    lines = "a:\n  # one\n  - x: 1 # x\n    y: 2\n\n  # two\n  - z"
    swapped = "a:\n  # two\n  - z\n  # one\n  - x: 1 # x\n    y: 2\n"
    content = (lines + last).replace("\n", end).encode()
    result = moved(content, ("a",), 0, 1)
    assert result == (swapped + last).replace("\n", end).encode()
    assert tree_of(moved(result, ("a",), 1, -1)) == tree_of(content)


def test_items_in_brackets_change_places_and_those_at_the_end_do_not():
    assert moved(b"a: [x, {y: 1}, z] # c\n", ("a",), 1, -1) == b"a: [{y: 1}, x, z] # c\n"
    for index, by in ((0, -1), (2, 1), (7, 1)):
        with pytest.raises(CannotEdit):
            moved(b"a: [x, {y: 1}, z]\n", ("a",), index, by)
