"""Every example has expectations, and whatever is changed in one of its lines, they notice, or --coverage names it."""

from __future__ import annotations

import os
import random
import re
from functools import cache

import pytest

from vipgate_fs import config
from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import Mapping, Scalar, Sequence, parse
from vipgate_fs.preview import expectations
from vipgate_fs.preview.coverage import GIVEN, uncovered
from vipgate_fs.resources import resource

FOLDER = resource("examples")
FILES = sorted(path for path in FOLDER.rglob("*.yaml") if not path.name.endswith(expectations.SUFFIX))
INDIFFERENT = {"version", "timezone", "language", "listen", "allow"}
"""What a test of rules can't notice: it is about the machine, and its times are those of the site's clock."""
OTHERS = {
    "mon-thu": "mon-wed",
    "fri": "thu",
    "outside": "during",
    "entered_id": "caller_number",
    "announcement": "busy",
    "DE": "AT",
    "DE-BW": "DE-BE",
    "true": "false",
}
"""Another word that is valid in its place, too; of a number the last digit is another."""
SAMPLE = int(os.environ.get("VIPGATE_MUTANTS", "60"))
"""Mutants that are tried; `make example-mutants` tries all."""


def changed(text):
    if text in OTHERS:
        return OTHERS[text]
    digit = re.search(r"[0-9](?=[^0-9]*$)", text)
    if digit is None:
        return f"{text}x"
    return f"{text[: digit.start()]}{(int(digit[0]) + 1) % 10}{text[digit.end() :]}"


def scalars(node, key=""):
    """Every key and every value, with the key that it belongs to."""
    match node:
        case Mapping():
            for name, value in node.nodes.items():
                yield node.keys[name], name
                yield from scalars(value, name)
        case Sequence():
            for item in node.items:
                yield from scalars(item, key)
        case Scalar():
            yield node, key


def mutants():
    """The file, a place, the key that it belongs to, and the text with another word in that place."""
    for path in FILES:
        lines = path.read_text("utf-8").splitlines()
        for scalar, key in scalars(parse(path.read_bytes(), Report(str(path)))):
            if key in INDIFFERENT:
                continue
            line, start = scalar.line - 1, scalar.column - 1
            if lines[line].startswith(">", start):  # the text begins in the next line
                line, start = line + 1, len(lines[line + 1]) - len(lines[line + 1].lstrip())
            found = re.compile(r'"[^"]*"|[^\s,\[\]{}#:]+(:[^\s,\[\]{}#:]+)*').match(lines[line], start)
            word = found[0].strip('"')
            mutated = (
                lines[line][: found.start()] + found[0].replace(word, changed(word), 1) + lines[line][found.end() :]
            )
            text = "\n".join([*lines[:line], mutated, *lines[line + 1 :]]) + "\n"
            name = f"{path.relative_to(FOLDER)}:{line + 1}: {word[:20]} -> {changed(word)[:20]}"
            yield pytest.param(path, line + 1, text, id=name)


ALL = list(mutants())
CHOSEN = random.Random(20261127).sample(ALL, min(SAMPLE, len(ALL)))


@cache
def wanted(path):
    _, found, findings = expectations.load(path.with_name(path.name.removesuffix(".yaml") + expectations.SUFFIX))
    assert findings == ()
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_the_example_is_as_expected_and_reached_completely(path):
    configuration = config.load(path).configuration
    results = [expectations.play(each, configuration) for each in wanted(path)]
    assert [result.faults for result in results if result.faults] == []
    assert [part for part in uncovered(configuration, results) if GIVEN not in part.what] == []


@pytest.mark.parametrize(("path", "line", "text"), CHOSEN)
def test_a_changed_word_of_an_example_is_noticed_or_named(path, line, text):
    configuration = config.load_text(text, path).configuration
    if configuration is None:
        return  # noticed by `vipgate check`
    results = [expectations.play(each, configuration) for each in wanted(path)]
    assert any(result.faults for result in results) or line in named(configuration, results)


def named(configuration, results):
    """The lines that --coverage names: of a step that asks elsewhere all up to the next step or gate."""
    edges = sorted(
        {
            at
            for gate in configuration.gates
            for at in (gate.line, gate.otherwise_line, *(s.line for s in gate.steps))
            if at
        }
    )
    for part in uncovered(configuration, results):
        following = next((edge for edge in edges if edge > part.line), 10_000)
        yield from range(part.line, following if GIVEN in part.what else part.line + 1)
