"""docs/security.md names a test for each promise, and there is such a test."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENT = (ROOT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", DOCUMENT)))


def test_each_test_that_it_names_exists():
    assert NAMED
    assert [
        (file, name) for file, name in NAMED if not re.search(rf"(?m)^def {name}\(", (ROOT / file).read_text())
    ] == []


def test_every_promise_has_one():
    promises = [line for line in DOCUMENT.partition("## What is not promised")[0].splitlines() if line.startswith("| ")]
    promises_begin = DOCUMENT.count("\n## Against ")
    assert [line for line in promises if "::" not in line] == ["| promise | shown by |"] * promises_begin
