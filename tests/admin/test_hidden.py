"""The file as it is shown has none of its secrets, whatever is wrong with it."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest

from vipgate_fs.admin.hidden import DOTS, hidden, lines
from vipgate_fs.document.editing import CannotEdit
from vipgate_fs.document.findings import Finding
from vipgate_fs.document.outline import singles

ROOT = Path(__file__).parent.parent
FILES = sorted(
    [*ROOT.glob("config/good/*.yaml"), *ROOT.glob("config/broken/*.yaml"), *ROOT.parent.glob("examples/**/*.yaml")]
)
SECRETS = ("pin", "password", "token", "secret", "totp")


def secrets(text):
    """What stands under a key that can only be a secret's."""
    for path, place in singles(text):
        if path and path[-1] in SECRETS and len(place.text) > 2:
            yield place.text


def test_no_file_shows_a_secret_and_keeps_its_lines():
    for path in FILES:
        text = path.read_bytes().decode("utf-8-sig", "replace")
        shown = hidden(text)
        assert len(shown.splitlines()) == len(text.splitlines()), path
        with suppress(CannotEdit):
            for secret in set(secrets(text)):
                assert not re.search(rf"""(['"]){re.escape(secret)}\1""", shown), path


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            'gates: {a: {identify: [{static_pin: {pin: "4711"}}]}}',
            f'gates: {{a: {{identify: [{{static_pin: {{pin: "{DOTS}"}}}}]}}}}',
        ),
        (
            "gates:\n  a:\n    identify:\n      - static_pin: {pin: 0815} # mine",
            f"gates:\n  a:\n    identify:\n      - static_pin: {{pin: {DOTS}}} # mine",
        ),
        ("store: {env: VIPGATE_STORE}", "store: {env: VIPGATE_STORE}"),
        ('nonsense: "4711"', f'nonsense: "{DOTS}"'),
        ("gates: [4711", f"gates: [{DOTS}"),
        ("url: [https://me:secret@example.org", f"url: [https://{DOTS}@example.org"),
        ("url: https://me:secret@example.org", f"url: {DOTS}"),
        ("a: 4711\na: 4712", f"a: {DOTS}\na: {DOTS}"),
        ("a: 4711\n---\na: 4712", f"a: {DOTS}\n---\na: {DOTS}"),
        ("? [4711, {4712: 4713}]\n: 4714", f"? [{DOTS}, {{4712: {DOTS}}}]\n: {DOTS}"),
        ("# since 2026", "# since 2026"),
        ("a: |\n  4711\n  4712\n\nb: 4713", f"a: {DOTS}\n\n\n\nb: {DOTS}"),
        ("version: 1\nserver: {listen: 127.0.0.1:8084}", "version: 1\nserver: {listen: 127.0.0.1:8084}"),
    ],
)
def test_dots_take_the_place_of_secrets_only(text, shown):
    assert hidden(text) == shown


def test_a_line_comes_in_parts_with_its_findings():
    finding = Finding("error", "f.yaml", 2, 3, "gates", "wrong")
    first, second = lines("version: 1 # one\n  - key: 'a # b'", (finding,), "f.yaml")
    assert (first.before, first.key, first.rest, first.comment) == ("", "version", ": 1 ", "# one")
    assert (second.before, second.key, second.rest, second.comment) == ("  - ", "key", ": 'a # b'", "")
    assert (first.findings, second.findings) == ((), (finding,))
