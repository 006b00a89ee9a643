"""How a setting is read: written, absent or wrong."""

import pytest

from vipgate_fs.document import schema
from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import Mapping, parse
from vipgate_fs.document.section import Section

SCHEMA = {
    "properties": {
        "name": {"type": "string", "default": "alice"},
        "count": {"type": "integer", "default": 3},
        "loud": {"type": "boolean", "default": True},
        "patience": {"default": "5s", "shortest": "1s", "longest": "60s"},
        "secret": {"$ref": "#/$defs/secret"},
        "pin": {"$ref": "#/$defs/pin"},
        "colours": {"type": "array", "default": ["red", "blue"]},
        "parts": {"type": "array", "items": {"properties": {"size": {"default": 1}}}},
        "inner": {"properties": {"depth": {"default": 2}}},
        "free": {"type": "object"},
    }
}


def read(text):
    report = Report("/etc/vipgate/test.yaml")
    node = parse(text.encode(), report)
    assert isinstance(node, Mapping)
    return Section(node, report, SCHEMA)


def findings(section):
    return [(found.line, found.path, found.message) for found in section.report.findings]


def test_what_is_written_counts():
    section = read("name: bob\ncount: 7\nloud: FALSE\npatience: 1m\ncolours: [green]\ninner: {depth: 9}\n")
    assert (section.text("name"), section.integer("count"), section.flag("loud")) == ("bob", 7, False)
    assert (section.duration("patience"), section.section("inner").integer("depth")) == (60.0, 9)
    assert [item.text for item in section.items("colours")] == ["green"]


def test_what_is_absent_has_the_default_of_the_schema():
    section = read("other: 1")
    assert (section.text("name"), section.integer("count"), section.flag("loud")) == ("alice", 3, True)
    assert (section.duration("patience"), section.section("inner").integer("depth")) == (5.0, 2)
    assert [item.text for item in section.items("colours")] == ["red", "blue"]
    assert (list(section.sections("parts")), section.find("name", str)) == ([], None)
    assert findings(section) == []


@pytest.mark.parametrize(("written", "allowed"), [("0s", "1s to 60s"), ("2m", "1s to 60s")])
def test_what_is_wrong_is_reported_once_and_has_the_default(written, allowed):
    section = read(f"patience: {written}")
    assert [section.duration("patience") for _ in range(2)] == [5.0, 5.0]
    assert findings(section) == [(1, "patience", f"found {written}; allowed: {allowed}")]
    assert not section.is_sound


def test_a_setting_without_a_default_is_asked_for_or_found_nowhere():
    section = read("free: {a: {b: c}}")
    assert section.find("secret", str) is None
    with pytest.raises(KeyError):
        section.text("secret")
    assert section.section("free").section("a").values == {"b": "c"}


@pytest.mark.parametrize(
    ("written", "revealed", "found"),
    [
        ("s3cr3t", "s3cr3t", []),
        ("{env: TEST_SECRET}", "of the environment", []),
        ("{env: TEST_EMPTY}", None, [(1, "secret.env", "the environment has no variable TEST_EMPTY, or it is empty")]),
        ("{env: TEST_NO}", None, [(1, "secret.env", "the environment has no variable TEST_NO, or it is empty")]),
    ],
)
def test_where_a_secret_comes_from(monkeypatch, written, revealed, found):
    monkeypatch.setenv("TEST_SECRET", "of the environment")
    monkeypatch.setenv("TEST_EMPTY", "")
    section = read(f"secret: {written}")
    secret = section.secret("secret")
    assert (secret and secret.reveal()) == revealed
    assert findings(section) == found
    assert section.report.holds_secrets == (written == "s3cr3t")
    assert read("name: x").secret("secret") is None


def test_a_variable_of_the_environment_obeys_the_same_rules(monkeypatch):
    monkeypatch.setenv("TEST_PIN", "4711x")
    section = read("pin: {env: TEST_PIN}")
    assert section.secret("pin") is None
    ((_, path, message),) = findings(section)
    assert path == "pin"
    assert "allowed: 1 to 20 digits" in message
    assert "4711" not in message


def test_findings_name_places():
    section = read("parts:\n  - {size: 5}\nname: x\n")
    (part,) = section.sections("parts")
    part.error("wrong", "size")
    section.warn("odd", "name")
    section.error_at_key("why", "parts")
    section.error_in(section.folder / "list.csv", 9, "bad", "name")
    assert [str(found) for found in section.report.findings] == [
        "/etc/vipgate/test.yaml:1:1: parts: why",
        "/etc/vipgate/test.yaml:2:12: parts[0].size: wrong",
        "/etc/vipgate/test.yaml:3:7: name: warning: odd",
        "/etc/vipgate/list.csv:9:1: name: bad",
    ]


def test_a_reference_is_followed_and_what_stands_beside_it_goes_before_it():
    drain = schema.part(schema.part(schema.load(), "server"), "drain")
    assert (drain["type"], drain["title"], drain["longest"]) == ("string", "Drain", "900s")
