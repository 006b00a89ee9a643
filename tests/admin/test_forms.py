"""Forms made from the schema: every setting that a file can have, and what becomes of what is typed."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from vipgate_fs import config
from vipgate_fs.admin.forms import kind_of, part_of, path_of, widget
from vipgate_fs.admin.reading import read
from vipgate_fs.admin.sheets import SHEETS, pressed, sheet
from vipgate_fs.document import schema
from vipgate_fs.document.editing import CannotEdit
from vipgate_fs.document.rewriting import tree_of

ROOT = Path(__file__).parent.parent.parent
FILE = b"""\
version: 1 # of the office
schedules:
  office: [{days: mon-fri, from: "08:00", to: "17:00"}]
gates:
  support:  # the hotline

    # important numbers
    protects: {numbers: ["7000"]}
    attempts: 2
    active: {outside: office}
    lockout: {failures: 4}
    identify:
      # those who have one
      - caller_pin: # each their own
          pins:
            "+49 171 1": "48213907" # Alice
            "+49 171 2": {env: VIPGATE_HIS_PIN}
      - static_pin: {pin: "4711"}

  other: {protects: {numbers: ["7001"]}, otherwise: {reject: true}}
# the end
"""
SUPPORT = "gates.support"


@pytest.fixture(autouse=True)
def his_pin(monkeypatch):
    monkeypatch.setenv("VIPGATE_HIS_PIN", "90817263")


def edit(content, gate="support", kind="general", **values):
    """What a sheet makes of a file."""
    given = {name.replace("__", "."): value for name, value in values.items()}
    return sheet(content, gate, kind).filled({f"gates.{gate}.{name}": value for name, value in given.items()})


def is_sound(content):
    loaded = config.load_text(content)
    assert loaded.configuration is not None, loaded.findings
    return content


def fields(content, kind, gate="support"):
    return {each.name: each for one in sheet(content, gate, kind).widgets for each in one.all()}


def given_back(content, gate, kind):
    """What a browser sends of a form that nobody has touched."""
    sent = {}
    for each in fields(content, kind, gate).values():
        if each.kind == "secret":
            sent |= {each.name: each.default, f"{each.name}.in": each.value or ("keep" if each.is_set else "text")}
        elif each.kind == "one_of":
            sent[f"{each.name}.kind"] = each.value
        elif each.kind == "table":
            sent |= {f"{part.name}.key": key for part, key in zip(each.parts, each.keys, strict=True)}
        elif each.kind in ("text", "number", "choice", "lines"):
            sent[each.name] = each.value.replace("\n", "\r\n")
    return sent


EXAMPLES = sorted([*ROOT.glob("examples/*.yaml"), *ROOT.glob("tests/config/good/*.yaml")])


@pytest.mark.parametrize(
    "path", [each for each in EXAMPLES if "\ngates:\n" in each.read_text("utf-8")], ids=lambda path: path.name
)
def test_a_form_that_was_not_touched_changes_no_byte(path):
    content = path.read_bytes()
    for gate in list(tree_of(content)["gates"])[:2]:
        for kind in SHEETS:
            assert sheet(content, gate, kind).filled(given_back(content, gate, kind)) == content
            assert sheet(content, gate, kind).filled({}) == content


def every_part(part, seen=()):
    """Every piece of the schema below one, with the keys that lead to it."""
    part = schema.resolved(part)
    yield seen, part
    for key, sub in part.get("properties", {}).items():
        if len(seen) < 8:
            yield from every_part(sub, (*seen, key))
    if "items" in part:
        yield from every_part(part["items"], (*seen, 0))


def test_every_setting_of_a_gate_has_a_widget_but_the_options_of_a_plug_in():
    without = {seen[-2:] for seen, part in every_part(part_of(("gates", "a"))) if kind_of(part) == "yaml"}
    assert without == {("plugin", "options")}


def test_each_setting_of_a_gate_stands_on_one_sheet():
    keys = [path[2] for kind in SHEETS for path in sheet(FILE, "support", kind).paths if path[0] == "gates"]
    assert sorted(keys) == sorted(part_of(("gates", "support"))["properties"])


def test_a_new_setting_of_the_schema_appears_by_itself(monkeypatch):
    more = copy.deepcopy(schema.load())
    more["$defs"]["gate"]["properties"]["brand_new"] = {"type": "integer", "minimum": 1, "maximum": 9, "title": "New"}
    monkeypatch.setattr(schema, "load", lambda: more)
    found = fields(FILE, "general")[f"{SUPPORT}.brand_new"]
    assert (found.kind, found.least, found.most) == ("number", 1, 9)
    assert edit(FILE, brand_new="5") == FILE.replace(b"{failures: 4}\n", b"{failures: 4}\n", 1).replace(
        b'{pin: "4711"}\n', b'{pin: "4711"}\n    brand_new: 5\n'
    )


def test_no_widget_holds_a_secret():
    for path in EXAMPLES:
        content = path.read_bytes()
        for gate in tree_of(content).get("gates", {}):
            for kind in SHEETS:
                for each in fields(content, kind, gate).values():
                    assert each.kind != "secret" or each.value in ("", "env", "file", "totp")
    shown = repr([*fields(FILE, "identification").values()])
    assert "48213907" not in shown
    assert "4711" not in shown
    assert "VIPGATE_HIS_PIN" in shown


@pytest.mark.parametrize(
    ("kind", "values", "before", "after"),
    [
        ("general", {"attempts": "4"}, b"attempts: 2", b"attempts: 4"),
        ("general", {"attempts": ""}, b"    attempts: 2\n", b""),
        ("general", {"lockout__failures": "7"}, b"{failures: 4}", b"{failures: 7}"),
        ("general", {"lockout__gate_failures": "70"}, b"{failures: 4}", b"{failures: 4, gate_failures: 70}"),
        ("general", {"lockout__failures": ""}, b"    lockout: {failures: 4}\n", b""),
        ("general", {"protects__numbers": "7000\r\n\r\n 70?? \r\n"}, b'["7000"]', b'["7000", "70??"]'),
        ("general", {"enabled": "false"}, b'"4711"}\n', b'"4711"}\n    enabled: false\n'),
        ("general", {"title": 'The "hotline"'}, b'"4711"}\n', b'"4711"}\n    title: "The \\"hotline\\""\n'),
        ("general", {"reject_with": "603"}, b'"4711"}\n', b'"4711"}\n    reject_with: 603\n'),
        ("when", {"active.kind": ""}, b"    active: {outside: office}\n", b""),
        ("when", {"active.kind": "during", "active__during": "office"}, b"outside:", b"during:"),
        ("prompts", {"prompts__welcome": "hi.wav"}, b'"4711"}\n', b'"4711"}\n    prompts: {welcome: hi.wav}\n'),
        ("identification", {"identify__1__static_pin__pin": "5512"}, b'"4711"', b'"5512"'),
        ("identification", {"identify__1__static_pin__pin": "P", "identify.1.static_pin.pin.in": "env"}, b'"4711"', b"{env: P}"),
        ("identification", {"identify__0__caller_pin__pins__0.key": ""}, b'            "+49 171 1": "48213907" # Alice\n', b""),
        ("identification", {"identify__0__caller_pin__pins__0": "123456"}, b'"48213907"', b'"123456"'),
        ("identification", {"identify__0__caller_pin__pins__1": "99", "identify.0.caller_pin.pins.1.in": "env"}, b"VIPGATE_HIS_PIN", b'"99"'),
        ("identification", {"identify__0__caller_pin__pins__1": "99", "identify.0.caller_pin.pins.1.in": "text"}, b"{env: VIPGATE_HIS_PIN}", b'"99"'),
        (
            "identification",
            {"identify__0__caller_pin__pins__2.key": "+49 171 3", "identify__0__caller_pin__pins__2": "5678"},
            b"{env: VIPGATE_HIS_PIN}\n",
            b'{env: VIPGATE_HIS_PIN}\n            "+49 171 3": "5678"\n',
        ),
        (
            "identification",
            {"otherwise.kind": "forward", "otherwise__forward": "100"},
            b'"4711"}\n',
            b'"4711"}\n    otherwise: {forward: "100"}\n',
        ),
        ("identification", {"otherwise.kind": "reject"}, b'"4711"}\n', b'"4711"}\n    otherwise: {reject: true}\n'),
    ],
)  # fmt: skip
def test_a_setting_is_changed_added_or_taken_out_and_nothing_else(kind, values, before, after):
    assert edit(FILE, kind=kind, **values) == FILE.replace(before, after, 1)


def test_a_gate_in_braces_is_edited_in_them():
    assert is_sound(edit(FILE, "other", attempts="5")) == FILE.replace(
        b"{reject: true}}", b"{reject: true}, attempts: 5}"
    )


def test_what_is_no_value_becomes_a_finding_at_its_field():
    content = edit(FILE, attempts="many")
    found = [each.path for each in config.load_text(content).findings if each.severity == "error"]
    assert found == [f"{SUPPORT}.attempts"]
    assert found[0] in {each.shown for each in fields(content, "general").values()}


@pytest.mark.parametrize("value", ["\x07", "a\u2028b"])
def test_what_is_no_text_of_one_line_is_refused(value):
    with pytest.raises(CannotEdit):
        edit(FILE, title=value)


def test_the_same_name_in_two_rows_is_refused():
    with pytest.raises(CannotEdit):
        edit(FILE, kind="identification", **{"identify__0__caller_pin__pins__1.key": "+49 171 1"})


def press(content, kind, button, **given):
    return pressed(sheet(content, "support", kind), button, given)[0]


def test_a_step_is_added_moved_and_removed_with_its_comments():
    place = f"{SUPPORT}.identify"
    added = press(FILE, "identification", f"add:{place}:callers")
    assert b'{pin: "4711"}\n      - callers: {}\n' in added
    filled = edit(
        added,
        kind="identification",
        identify__2__callers__pass="+49 171 9",
        identify__2__callers__withheld="reject",
    )
    assert filled == added.replace(b"{}", b'{pass: ["+49 171 9"], withheld: reject}')
    up = press(FILE, "identification", f"down:{place}.0")
    assert up.index(b"static_pin") < up.index(b"# those who have one") < up.index(b"# each their own")
    assert press(up, "identification", f"up:{place}.1").split() == FILE.split()
    assert b"static_pin" not in press(FILE, "identification", f"remove:{place}.1")
    assert b"identify" not in press(
        press(FILE, "identification", f"remove:{place}.1"), "identification", f"remove:{place}.0"
    )


def test_a_schedule_is_made_and_used_and_gets_spans_and_holidays():
    content = press(FILE, "when", "schedule:", new_schedule="weekend")
    assert b"active: {outside: weekend}" in content
    content = press(content, "when", "add:schedules.weekend")
    given = {"schedules.weekend.1.days": "holidays", "schedules.weekend.1.closed": "true", "site.holidays.kind": "text"}
    content = is_sound(sheet(content, "support", "when").filled(given | {"site.holidays.text": "DE-BW"}))
    assert tree_of(content)["schedules"]["weekend"][1] == {"days": "holidays", "closed": "true"}
    assert tree_of(content)["site"] == {"holidays": "DE-BW"}
    mapping = {"site.holidays.kind": "mapping", "site.holidays.base": "DE-BY", "site.holidays.without": "Fronleichnam"}
    content = is_sound(sheet(content, "support", "when").filled(mapping))
    assert tree_of(content)["site"]["holidays"] == {"base": "DE-BY", "without": ["Fronleichnam"]}
    for name in ("7 up", "office", ""):
        with pytest.raises(CannotEdit):
            press(FILE, "when", "schedule:", new_schedule=name)


@pytest.mark.parametrize(
    "button",
    [
        "remove:gates.other",
        "remove:gates.other.identify.0",
        "add:server.allow",
        "up:gates.support.identify.0",
        "x:",
        "add:",
    ],
)
def test_a_button_that_is_not_on_the_sheet_does_nothing(button):
    with pytest.raises(CannotEdit):
        press(FILE, "identification", button)


@pytest.mark.parametrize("tree", ["text", ["list"], {"unknown": "x"}, {"a": {"b": "c"}}])
@pytest.mark.parametrize(
    "path", ["protects", "identify", "lockout", "attempts", "otherwise", "prompts", "active", "title"]
)
def test_whatever_stands_in_a_file_is_shown_or_left_to_be_edited_as_text(path, tree):
    place = path_of(f"gates.a.{path}")
    assert widget(place, tree).path == place
    assert read(place, tree, {}) == tree
