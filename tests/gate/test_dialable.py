from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.gate.dialable import is_dialable


@pytest.mark.parametrize("target", ["123", "+4917612345678", "*97", "#31#", "alice", "voice.mail_1-2", "0" * 64])
def test_dialable(target):
    assert is_dialable(target)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "1" * 65,
        "${system(touch /tmp/x)}",
        "'system:touch /tmp/x' inline",
        "-bleg",
        "123 XML default",
        "123\n",
        "123\nexecute-app-name: system",
        "1,2",
        '"1"',
        "1;2",
        "1|2",
        "a@b",
        "١٢٣",
        "ä",
        "1\u20282",
        "1%0A2",
    ],
)
def test_not_dialable(target):
    assert not is_dialable(target)


@given(st.text())
def test_nothing_but_whitelisted_characters(text):
    if is_dialable(text):
        assert re.fullmatch(r"[0-9A-Za-z+*#._-]+", text)
        assert not text.startswith(("-", ".", "_"))
