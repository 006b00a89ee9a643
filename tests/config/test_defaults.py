"""A default stands in the schema, and nowhere else: whoever changes it there changes what the gate does."""

import copy
import json
from dataclasses import fields, is_dataclass

import pytest

from vipgate_fs import config
from vipgate_fs.document import schema
from vipgate_fs.duration import duration
from vipgate_fs.gate.gate import Gate, Route, Timing
from vipgate_fs.gate.lockout import Lockout

SECRET = "A" * 32
STEPS = {
    "static_pin": {"pin": "4711"},
    "caller_pin": {"pins": {"004917612345678": "4711"}},
    "guest_pin": {},
    "channel_variable": {},
    "callers": {"pass": ["+49 176 12345678"]},
    "webservice": {"url": "https://example.org/vipgate?caller=###CALLER_NUMBER###"},
    "database": {"url": "sqlite:///callers.db", "query": "SELECT pin FROM callers WHERE number = :caller_number"},
    "plugin": {"call": "json:loads"},
}
"""The least that can be written of each kind."""
OTHER_WORDS = {
    "country": "AT",
    "called_number": ["To", "Diversion"],
    "timezone": "Europe/Zurich",
    "listen": "127.0.0.1:9999",
    "allow": ["10.0.0.0/8"],
    "dialplan": "LUA",
    "context": "another",
    "reject_with": "603",
    "name": "another",
    "welcome": "vipgate-rejected.wav",
    "wrong_pin": "vipgate-rejected.wav",
    "customer_number": "vipgate-rejected.wav",
    "rejected": "vipgate-welcome.wav",
    "otherwise": {"reject": False},
}


def minimal(kind):
    span = {"from": "09:00"}
    gate = {"protects": {"numbers": ["7000"]}, "identify": [{kind: STEPS[kind]}], "active": {"during": "office"}}
    rejecting = {"protects": {"numbers": ["7001"]}, "reject_with": "announcement"}
    return {"version": 1, "schedules": {"office": [span]}, "gates": {"g": gate, "h": rejecting}}


def loaded(kind, folder):
    result = config.load_text(json.dumps(minimal(kind)), folder / "vipgate.yaml")
    assert result.configuration is not None, result.findings
    return shown(result.configuration)


def shown(value):
    """Everything in a configuration that can differ, secrets and caches aside."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: shown(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [shown(item) for item in value]
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    if type(value).__module__.startswith("vipgate_fs."):
        slots = [name for cls in type(value).__mro__ for name in getattr(cls, "__slots__", ())]
        inner = {**{name: getattr(value, name, None) for name in slots}, **getattr(value, "__dict__", {})}
        return {name: shown(item) for name, item in inner.items()}
    return repr(value).partition(" object at ")[0]


def defaults(sub, path=()):
    """The place of every default in the schema."""
    if isinstance(sub, dict):
        if "default" in sub and "examples" in sub:
            yield path
        for key, value in sub.items():
            if key not in ("default", "examples"):
                yield from defaults(value, (*path, key))
    elif isinstance(sub, list):
        for index, value in enumerate(sub):
            yield from defaults(value, (*path, index))


def at(root, path):
    for key in path:
        root = root[key]
    return root


def is_whole(path):
    """Whether the default is a list or mapping that says what the defaults within it say."""
    default = at(schema.load(), path)["default"]
    return default == [] or (isinstance(default, dict) and path[-1] not in OTHER_WORDS)


DEFAULTS = [path for path in defaults(schema.load()) if not is_whole(path)]


def other(name, sub):
    """Another value than the default, that is allowed."""
    default = sub["default"]
    if name in OTHER_WORDS:
        return OTHER_WORDS[name]
    if isinstance(default, bool):
        return not default
    if isinstance(default, int):
        return default + 1
    if "enum" in sub:
        return next(word for word in sub["enum"] if word != default)
    return "7s" if duration(default, least="0s") < 60 else "48h"


@pytest.mark.parametrize("path", DEFAULTS, ids=lambda path: ".".join(map(str, path)))
def test_a_default_that_is_changed_in_the_schema_changes_what_is_loaded(path, monkeypatch, tmp_path):
    kinds = [path[1]] if path[:1] == ("$defs",) and path[1] in STEPS else list(STEPS)
    before = {kind: loaded(kind, tmp_path) for kind in kinds}
    changed = copy.deepcopy(schema.load())
    sub = at(changed, path)
    sub["default"] = other(path[-1], schema.resolved(sub))
    monkeypatch.setattr(schema, "load", lambda: changed)
    after = {kind: loaded(kind, tmp_path) for kind in kinds}
    assert after != before, f"the default {sub['default']} of {'.'.join(map(str, path))} is not taken from the schema"


@pytest.mark.parametrize("path", sorted(set(defaults(schema.load())) - set(DEFAULTS)))
def test_the_default_of_a_whole_says_what_the_defaults_within_say(path):
    sub = schema.resolved(at(schema.load(), path))
    within = {name: part["default"] for name, part in sub.get("properties", {}).items()}
    assert sub["default"] == (within or [])


def test_a_gate_that_is_built_by_hand_is_like_one_of_which_nothing_is_written(tmp_path):
    gate = config.load_text(json.dumps(minimal("static_pin")), tmp_path / "vipgate.yaml").configuration.gates[0]
    assert (gate.route, gate.timing, gate.lockout) == (Route(), Timing(), Lockout())
    assert gate.attempts == next(field.default for field in fields(Gate) if field.name == "attempts")
