"""A form made from the schema: every setting of a gate that it can have, and what becomes of what is typed."""

from __future__ import annotations

import pytest

from vipgate_fs import config
from vipgate_fs.admin.settings import block, changed, fields
from vipgate_fs.document import schema
from vipgate_fs.document.editing import CannotEdit

FILE = b"""\
version: 1 # of the office
schedules:
  office: [{days: mon-fri, from: "08:00", to: "17:00"}]
gates:
  support:  # the hotline

    # important numbers
    protects: {numbers: ["7000"]}
    attempts: 2
    lockout: {failures: 4}
    identify:
      - static_pin: {pin: "4711"}

  other: {protects: {numbers: ["7001"]}, otherwise: {reject: true}}
# the end
"""
GATE = schema.load()["$defs"]["gate"]
SUPPORT, OTHER = ("gates", "support"), ("gates", "other")


def shown(content, section=SUPPORT):
    return fields(content, section, GATE)


def edit(content, section=SUPPORT, **values):
    given = {name.replace("__", "."): value for name, value in values.items()}
    result = changed(content, section, shown(content, section), given)
    loaded = config.load_text(result)
    assert loaded.configuration is not None, loaded.findings
    return result


def test_the_form_has_what_is_written_and_what_counts_otherwise():
    found = {field.name: (field.value, field.default) for field in shown(FILE)}
    assert found["attempts"] == ("2", "3")
    assert found["enabled"] == ("", "true")
    assert found["lockout.failures"] == ("4", "5")
    assert found["title"] == ("", "")


def test_no_secret_is_a_field():
    assert not [field.name for field in shown(FILE) if "4711" in field.value or "pin" in field.name.split(".")]


def test_a_new_setting_of_the_schema_appears_by_itself():
    more = {**GATE, "properties": {**GATE["properties"], "brand_new": {"type": "integer", "minimum": 1, "maximum": 9}}}
    assert "brand_new" in [field.name for field in fields(FILE, SUPPORT, more)]


def test_a_form_that_was_not_changed_changes_no_byte():
    given = {field.name: field.value for field in shown(FILE)}
    assert changed(FILE, SUPPORT, shown(FILE), given) == FILE


@pytest.mark.parametrize(
    ("values", "before", "after"),
    [
        ({"attempts": "4"}, b"attempts: 2", b"attempts: 4"),
        ({"attempts": ""}, b"    attempts: 2\n", b""),
        ({"title": 'The "hotline"'}, b"# the hotline\n", b'# the hotline\n    title: "The \\"hotline\\""\n'),
        ({"enabled": "false"}, b"# the hotline\n", b"# the hotline\n    enabled: false\n"),
        ({"lockout__failures": "7"}, b"{failures: 4}", b"{failures: 7}"),
        ({"lockout__gate_failures": "70"}, b"{failures: 4}", b"{gate_failures: 70, failures: 4}"),
        ({"timing__first_digit": "5s"}, b"# the hotline\n", b'# the hotline\n    timing: {first_digit: "5s"}\n'),
        ({"active__outside": "office"}, b"# the hotline\n", b'# the hotline\n    active: {outside: "office"}\n'),
    ],
)
def test_a_setting_is_changed_added_or_taken_out_and_nothing_else(values, before, after):
    assert edit(FILE, **values) == FILE.replace(before, after, 1)


def test_a_gate_in_braces_is_edited_in_them():
    assert edit(FILE, OTHER, attempts="5") == FILE.replace(b"other: {", b"other: {attempts: 5, ")


@pytest.mark.parametrize("value", ["five", "5; x: y", "true: x", "\x07"])
def test_what_is_no_value_is_refused_by_name(value):
    with pytest.raises(CannotEdit, match=r"attempts: \w"):
        changed(FILE, OTHER, shown(FILE, OTHER), {"attempts": value})


def test_the_lines_of_a_gate_are_its_own():
    lines = FILE.decode().splitlines()
    first, after = block(FILE, SUPPORT)
    assert (lines[first], lines[after - 1]) == ("  support:  # the hotline", '      - static_pin: {pin: "4711"}')
    first, after = block(FILE, OTHER)
    assert (after - first, lines[first].startswith("  other:")) == (1, True)
    with pytest.raises(CannotEdit):
        block(FILE, ("gates", "nobody"))
