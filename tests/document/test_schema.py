import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.document import schema
from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import Scalar, parse
from vipgate_fs.gate import dialable

SCHEMA = schema.load()


def subschemas(node, path="$"):
    """Every subschema that describes a value, with the way to it."""
    yield path, node
    for container in ("properties", "$defs"):
        for name, inner in node.get(container, {}).items():
            yield from subschemas(inner, f"{path}.{name}")
    for single in ("items", "additionalProperties"):
        if isinstance(inner := node.get(single), dict) and "$ref" not in inner:
            yield from subschemas(inner, f"{path}.{single}")


SUBSCHEMAS = dict(subschemas(SCHEMA))


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_an_editor_finds_a_title_a_description_and_valid_examples():
    for path, sub in SUBSCHEMAS.items():
        assert sub.get("title"), path
        assert sub.get("description"), path
        assert path == "$" or sub.get("examples"), path
        validator = jsonschema.Draft202012Validator(SCHEMA).evolve(schema=sub)
        for example in [*sub.get("examples", []), *([sub["default"]] if "default" in sub else [])]:
            validator.validate(example)


def test_every_subschema_can_say_what_is_allowed():
    with_values = {path: sub for path, sub in SUBSCHEMAS.items() if {"type", "enum", "const"} & sub.keys()}
    assert [path for path, sub in with_values.items() if not schema.allowed(sub)] == []


def test_a_target_is_what_the_gate_may_dial():
    assert SUBSCHEMAS["$.target"]["pattern"] == f"^{dialable.PATTERN}$"


@pytest.mark.parametrize(
    "text",
    [
        *("0815", "08", "-012", "+49176123", "1_000", "0x1F", "0o17", "0b1", "1.5", ".5", "1e3", "1.", "-.INF", ".nan"),
        *("17:00", "9:00", "1:2:3", "20:30:00.5"),
        *("2026-12-24", "2026-1-1", "2026-12-24 10:00:00", "2026-12-24T10:00:00Z"),
        *("yes", "No", "ON", "off", "y", "N"),
        *("=", "<<"),
        "9" * 21,
    ],
)
def test_a_text_that_readers_do_not_agree_on_needs_quotes(text):
    assert schema.trap(Scalar(1, 1, (), text)) is not None
    assert schema.trap(Scalar(1, 1, (), text, plain=False)) is None


@pytest.mark.parametrize(
    "text",
    [
        "7000",
        "0",
        "-5",
        "alice",
        "7000-7099",
        "+49 7022 27978*",
        "10.0.0.0/8",
        "mon-thu",
        "12-24 - 01-06",
        "8s",
        "+",
        "e5",
    ],
)
def test_a_text_that_readers_agree_on_needs_none(text):
    assert schema.trap(Scalar(1, 1, (), text)) is None


@given(
    st.one_of(
        st.text("0123456789+-.:_eExobTZ ~=<ynosfrNaulItrue", max_size=12), st.dates().map(str), st.floats().map(str)
    )
)
def test_what_pyyaml_does_not_read_as_text_is_never_taken_for_text(text):
    try:
        read = yaml.safe_load(text)
        node = parse(text.encode(), Report("test.yaml"))
    except (yaml.YAMLError, ValueError):
        return
    if isinstance(node, Scalar) and node.plain and not isinstance(read, str):
        assert not isinstance(node.value, str) or schema.trap(node) is not None
