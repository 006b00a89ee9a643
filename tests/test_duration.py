import re

import pytest

from vipgate_fs.document import schema
from vipgate_fs.duration import PATTERN, duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("8s", 8), ("2.5s", 2.5), ("0.001s", 0.001), ("5m", 300), ("1.5h", 5400), ("30d", 2_592_000), ("08s", 8)],
)
def test_how_it_is_written(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "8", "8 s", "-8s", "+8s", "8S", "8w", "1e3s", ".5s", "5.s", "10000s", "86400s", "nans", "٣s", "8s\n"]
)
def test_what_is_none(text):
    with pytest.raises(ValueError, match=r"allowed: a number with s, m, h or d, .*, below 10000"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "limits", "allowed"),
    [
        ("0s", {}, "more than 0s"),
        ("0.0d", {}, "more than 0s"),
        ("2m", {"most": "60s"}, "more than 0s, up to 60s"),
        ("999.999s", {"least": "1000s"}, "1000s or more"),
        ("0.9s", {"least": "1s", "most": "20s"}, "1s to 20s"),
        ("16m", {"least": "0s", "most": "900s"}, "0s to 900s"),
    ],
)
def test_limits(text, limits, allowed):
    with pytest.raises(ValueError, match=re.escape(f"found {text}; allowed: {allowed}") + "$"):
        duration(text, **limits)


def test_limits_are_allowed():
    assert [duration(text, least="0s", most="900s") for text in ("0s", "15m")] == [0, 900]


def test_the_schema_says_the_same():
    assert schema.load()["$defs"]["duration"]["pattern"] == f"^{PATTERN}$"
