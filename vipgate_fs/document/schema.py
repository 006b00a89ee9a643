"""Check a file against `vipgate.schema.json`, and report in sentences for the file's author."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

import jsonschema

from vipgate_fs.document.findings import Place, Report, did_you_mean, holds_digits, is_showable
from vipgate_fs.document.nodes import NO_BREAK, NO_BREAK_IS_NO_SPACE, Mapping, Node, Scalar, Sequence, Spot, find
from vipgate_fs.resources import resource
from vipgate_fs.sentences import NOTHING, Sentence, alternatives, joined, said, say, verbatim

_AMBIGUOUS: Final = {
    say("a number that YAML readers read differently"): r"""
        [-+]?0[box][0-9a-f_]+
        | [-+]?(\.[0-9]+ | [0-9][0-9_]*(\.[0-9_]*)?)(e[-+]?[0-9]+)?
        | [-+]?\.inf | \.nan""",
    say("a time that some YAML readers take for a number"): r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?",
    say("a date that some YAML readers do not leave a text"): r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}((t|\s+)[0-9].*)?",
    say("a word that some YAML readers take for true or false"): r"yes|no|on|off|y|n",
    say("a sign that some YAML readers do not leave a text"): r"=|<<",
}
"""Plain scalars that the readers of YAML 1.1 (https://yaml.org/type/) and 1.2 (10.3.2) don't agree on."""
_TRAPS: Final = [(what, re.compile(form, re.ASCII | re.IGNORECASE | re.VERBOSE)) for what, form in _AMBIGUOUS.items()]
_PLAIN_QUOTES: Final = re.compile(r"[\u201a-\u201f\u2018\u2019\u00ab\u00bb]")
"""What word processors turn quotes into."""
_SHOWN: Final = 40
"""Characters of a value that a finding shows."""
_NAMES: Final = {
    "object": say("a mapping"),
    "array": say("a list"),
    "string": say("a text"),
    "boolean": say("true or false"),
}


@cache
def load(name: str = "vipgate") -> Any:
    """A schema as JSON, by the name of its file: by default that of the configuration."""
    return json.loads((resource("schemas") / f"{name}.schema.json").read_text("utf-8"))


def resolved(sub: Any) -> Any:
    """A subschema with what it refers to; what stands beside the reference goes before it (2020-12, Core 8.2.3.1)."""
    if "$ref" not in sub:
        return sub
    return {
        **resolved(load()["$defs"][sub["$ref"].rpartition("/")[2]]),
        **{k: v for k, v in sub.items() if k != "$ref"},
    }


@cache
def _in_one() -> Any:
    """The configuration's schema with what it refers to in its place: thousands of gates are checked at once."""

    def put(sub: Any) -> Any:
        if isinstance(sub, list):
            return [put(one) for one in sub]
        return {key: put(value) for key, value in resolved(sub).items()} if isinstance(sub, dict) else sub

    return {key: put(value) for key, value in load().items() if key != "$defs"}


def part(whole: Any, key: str) -> Any:
    """The subschema of a key, references resolved; of a key that may have any name, the one of all such keys."""
    return resolved(whole.get("properties", {}).get(key, whole.get("additionalProperties", {})))


def check(root: Node, report: Report, whole: Any = None) -> None:
    """Report every violation of the schema, and every text that needs quotes.

    Args:
        root: the file.
        report: receives the findings.
        whole: the schema; default: the configuration's.
    """
    errors = jsonschema.Draft202012Validator(whole or _in_one()).iter_errors(root.value)
    for scalar in _scalars(root):
        if scalar.plain and _PLAIN_QUOTES.match(scalar.text):
            report.error(scalar, say("found typographic quotes; write plain ones: \" or '"))
    differences = [found for error in errors for found in _translate(error, find(root, error.absolute_path))]
    for place, message in [found for found in differences if not report.has_error_at(found[0])]:
        report.error(place, message)
    for scalar in _scalars(root):
        if report.has_error_at(scalar):
            continue
        if (what := trap(scalar)) is not None:
            report.error(scalar, say("found {what}; write it in quotes", what=what))


def trap(scalar: Scalar) -> Sentence | None:
    """What a text without quotes could be taken for by one YAML reader or another; None: nothing else."""
    if not scalar.plain or not isinstance(scalar.value, str):
        return None
    return next((what for what, form in _TRAPS if form.fullmatch(scalar.text)), None)


def _scalars(node: Node) -> Iterator[Scalar]:
    match node:
        case Scalar():
            yield node
        case Sequence(items=items):
            for item in items:
                yield from _scalars(item)
        case Mapping(keys=keys, nodes=nodes):
            yield from keys.values()
            for item in nodes.values():
                yield from _scalars(item)


def _translate(error: jsonschema.ValidationError, node: Node) -> Iterator[tuple[Place, Sentence]]:
    schema = error.schema
    match error.validator, node:
        case "additionalProperties", Mapping(keys=keys):
            for key in keys.keys() - schema["properties"].keys():
                if removed := schema.get("removed", {}).get(key):  # a setting of an earlier version
                    yield keys[key], verbatim(removed)
                else:
                    yield keys[key], joined("", [_unknown(key, schema["properties"]), _missing_quotes(node, key)])
        case "required", Mapping(nodes=nodes, path=path):
            for key in schema["required"]:
                if key not in nodes:
                    yield Spot(node.line, node.column, (*path, key)), say("missing; it is needed here")
        case _, Mapping(keys=keys) if "propertyNames" in error.schema_path:
            key = keys[error.instance]
            found = _found(key, schema) if is_showable(key.text) else say("a key that is not shown here")
            yield key, _found_and_allowed(found, schema, _missing_space(key.text))
        case _:
            yield node, _found_and_allowed(_found(node, schema), schema, _example(node, schema))


def _found_and_allowed(found: Sentence, schema: Any, hint: Sentence) -> Sentence:
    return say("found {found}; allowed: {allowed}{hint}", found=found, allowed=allowed(schema), hint=hint)


def _unknown(key: str, known: Iterable[str]) -> Sentence:
    shown = is_showable(key) and not holds_digits(key)
    what = say("unknown key {key}", key=key) if shown else say("unknown key")
    if NO_BREAK in key:
        return say("{what}; it has {no_space}", what=what, no_space=NO_BREAK_IS_NO_SPACE)
    if space := _missing_space(key):
        return joined("", [what, space])
    hint = did_you_mean(key, known)
    return say("{what}{hint}; allowed: {known}", what=what, hint=hint, known=", ".join(known))


def _missing_quotes(node: Mapping, key: str) -> Sentence:
    """What became of `{days: sat, sun}`."""
    value, stands_alone = node.nodes[key].value, node.keys[key].line == node.line
    if value is None and stands_alone and len(node.keys) > 1:
        return say("; does it belong to the text before it? A text with a comma needs quotes")
    return NOTHING


def _missing_space(key: str) -> Sentence:
    return say("; is a space missing after its colon?") if ":" in key else NOTHING


def _example(node: Node, schema: Any) -> Sentence:
    """How what is allowed is written, for whoever wrote something simpler."""
    match node, schema:
        case Scalar(value=value), {"type": "object", "properties": known} if value is not None:
            return say(", such as {{{key}: …}}", key=next(iter(known)))
        case Scalar(value=value), {"type": "array"} if value is not None:
            return say(": [ ] around it, or a line for each item that begins with a dash")
        case Mapping(keys=keys), {"type": "array"} if keys:
            return say("; is the dash missing before it?")
    return NOTHING


def _found(node: Node, schema: Any) -> Sentence:  # noqa: PLR0911 - one for each kind of node
    match node:
        case Mapping(keys=keys) if keys:
            return say("a mapping of {count} key", "a mapping of {count} keys", count=len(keys))
        case Mapping():
            return say("an empty mapping")
        case Sequence(items=items):
            return say("a list") if items else say("an empty list")
        case Scalar(value=None):
            return say("nothing")
        case Scalar() if schema.get("type") in ("object", "array"):
            return say("a text")
        case Scalar() if schema.get("writeOnly"):
            return say("something else, not shown here")
        case Scalar(text=text, plain=plain):
            short = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
            return said(short if plain else f'"{short}"')


def allowed(schema: Any) -> Sentence:
    """What a subschema allows, in a few words."""
    match schema:
        case {"errorMessage": str(message)}:
            return verbatim(message)
        case {"const": value}:
            return said(value)
        case {"enum": values}:
            return alternatives(values)
        case {"type": "integer", "minimum": low, "maximum": high}:
            return say("an integer from {low} to {high}", low=low, high=high)
        case {"type": "array", "minItems": 1}:
            return say("a list of at least one")
        case {"type": kind}:
            return _NAMES[kind]
    raise AssertionError("a subschema that says nothing")
