"""docs/security.md names a test for each promise, and there is such a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENT = (ROOT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", DOCUMENT)))


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda part: part.rpartition("/")[2])
def test_there_is_such_a_test(file, name):
    assert re.search(rf"(?m)^def {name}\(", (ROOT / file).read_text())


def test_every_promise_has_one():
    promises = [line for line in DOCUMENT.partition("## What is not promised")[0].splitlines() if line.startswith("| ")]
    promises_begin = DOCUMENT.count("\n## Against ")
    assert [line for line in promises if "::" not in line] == ["| promise | shown by |"] * promises_begin
