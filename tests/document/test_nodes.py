import pytest

from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import Mapping, Scalar, Sequence, parse


def read(text):
    report = Report("test.yaml")
    return parse(text.encode() if isinstance(text, str) else text, report), report


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("7000", 7000),
        ("-1", -1),
        ("0", 0),
        ("true", True),
        ("False", False),
        ("NULL", None),
        ("~", None),
        ("", None),
        ("alice", "alice"),
        ("0815", "0815"),
        ("+49", "+49"),
        ("1_000", "1_000"),
        ("1.0", "1.0"),
        ("yes", "yes"),
        ("9" * 20, int("9" * 20)),
        ("9" * 21, "9" * 21),
        ('"7000"', "7000"),
        ("'true'", "true"),
        ('""', ""),
    ],
)
def test_a_plain_scalar_is_a_number_or_a_word_only_in_the_undisputed_form(written, value):
    root, report = read(f"key: {written}")
    assert root.value == {"key": value}
    assert type(root.value["key"]) is type(value)
    assert report.findings == ()


def places(node):
    match node:
        case Scalar():
            yield node.path, (node.line, node.column)
        case Sequence(items=items):
            yield node.path, (node.line, node.column)
            for item in items:
                yield from places(item)
        case Mapping(nodes=nodes):
            yield node.path, (node.line, node.column)
            for item in nodes.values():
                yield from places(item)


NESTED = "a:\n  b: 1\nü: [x, {c: 'y'}]\nlist:\n- z\n"


@pytest.mark.parametrize(
    "text", [NESTED, NESTED.replace("\n", "\r\n"), "\ufeff" + NESTED], ids=["unix", "windows", "bom"]
)
def test_places_count_from_one_and_blocks_stand_at_their_keys(text):
    root, report = read(text)
    assert report.findings == ()
    assert dict(places(root)) == {
        (): (1, 1),
        ("a",): (1, 1),
        ("a", "b"): (2, 6),
        ("ü",): (3, 1),
        ("ü", 0): (3, 5),
        ("ü", 1): (3, 8),
        ("ü", 1, "c"): (3, 12),
        ("list",): (4, 1),
        ("list", 0): (5, 3),
    }


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000, '{"": ' * 100_000])
def test_nesting_ends_at_a_limit(text):
    root, report = read(text)
    assert root is None
    assert "nested too deep" in report.findings[0].message


def test_a_node_that_is_not_there_is_an_empty_one():
    root, _ = read("a: [1]\nb: {c: 1}\n")
    assert root.mapping("a").path == ("a",)
    assert root.mapping("a").nodes == {}
    assert root.mapping("b").scalar("c").text == "1"
    assert (root.scalar("a"), root.scalar("z")) == (None, None)
    assert [item.text for item in root.items("a")] == ["1"]
    assert root.items("b") == ()
