"""Settings are added and taken out without touching anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from vipgate_fs.document.editing import CannotEdit, Place, layout
from vipgate_fs.document.entries import inserted, removed

ROOT = Path(__file__).parent.parent.parent
MOST = 10
"""Mappings of a file that are tried."""
EXAMPLES = sorted([*ROOT.glob("examples/**/*.yaml"), *ROOT.glob("tests/config/good/*.yaml")])


@pytest.mark.parametrize(
    ("content", "path", "written", "result"),
    [
        (b"a:\n  b: 1 # one\n", ("a", "c"), "2", b"a:\n  c: 2\n  b: 1 # one\n"),
        (b"a: # mine\n\n  # of b\n  b: 1\n", ("a", "c"), '"x"', b'a: # mine\n  c: "x"\n\n  # of b\n  b: 1\n'),
        (b"a:\r\n    b: 1\r\n", ("a", "c"), "2", b"a:\r\n    c: 2\r\n    b: 1\r\n"),
        (b"a: {b: 1}\n", ("a", "c"), "2", b"a: {c: 2, b: 1}\n"),
        (b"a: {}\n", ("a", "c"), "2", b"a: {c: 2}\n"),
        (b"x: [{a: {b: 1}}]\n", ("x", 0, "a", "c"), "2", b"x: [{a: {c: 2, b: 1}}]\n"),
    ],
)
def test_a_setting_is_added_at_the_beginning_of_its_mapping(content, path, written, result):
    assert inserted(content, path, written) == result


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b"a: 1\n", ("a", "b")),
        (b"a:\n", ("a", "b")),
        (b"b: 1\n", ("a",)),
        (b"x:\n  - b: 1\n", ("x", 0, "c")),
        (b"a: [\n", ("a", "b")),
    ],
)
def test_where_it_can_not_be_added_it_is_said_to_edit_as_text(content, path):
    with pytest.raises(CannotEdit, match=r"\w"):
        inserted(content, path, "1")


@pytest.mark.parametrize(
    ("content", "path", "result"),
    [
        (b"a:\n  b: 1 # one\n  c: 2\n", ("a", "b"), b"a:\n  c: 2\n"),
        (b"a:\n  b: 1\n  # of c\n  c: 2", ("a", "c"), b"a:\n  b: 1\n  # of c\n"),
        (b"a: {b: 1, c: 2}\n", ("a", "b"), b"a: {c: 2}\n"),
        (b"a: {b: 1,\n    c: 2} # x\n", ("a", "c"), b"a: {b: 1} # x\n"),
        (b"a: {b: 1}\n", ("a", "b"), b"a: {}\n"),
    ],
)
def test_a_setting_is_taken_out(content, path, result):
    assert removed(content, path) == result


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b"a:\n  b: 1\n", ("a", "b")),
        (b"a:\n  - b: 1\n    c: 2\n", ("a", 0, "b")),
        (b"a: {b: 1}\n", ("a", "c")),
        (b"a: [1, 2]\n", ("a", 0)),
    ],
)
def test_what_can_not_be_taken_out_is_left_alone(content, path):
    with pytest.raises(CannotEdit):
        removed(content, path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_what_was_added_and_is_taken_out_again_leaves_every_byte_as_it_was(path):
    content = path.read_bytes()
    count = 0
    for where, found in layout(content.decode()):
        if isinstance(found, Place) or not where or count == MOST:
            continue
        try:
            more = inserted(content, (*where, "added_here"), '"x"')
        except CannotEdit:
            continue
        count += 1
        assert removed(more, (*where, "added_here")) == content
    assert count > 0
