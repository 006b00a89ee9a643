"""Reading a value out of the file: absent and wrong ones become the default, wrong ones a finding besides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from vipgate_fs.config.findings import Report
from vipgate_fs.config.source import Mapping, Scalar

T = TypeVar("T")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def duration(text: str) -> float:
    """Seconds of a time such as 30s, 15m, 24h or 30d, written as the schema's `duration`."""
    return float(int(text[:-1]) * _UNITS[text[-1]])


class Reader:
    """Reads values and reports what their parsers object to."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def value(self, mapping: Mapping, key: str, parse: Callable[[str], T], default: T) -> T:
        """What `parse` makes of the key's text; it raises ValueError with what is wrong and what is allowed."""
        return self.parsed(mapping.scalar(key), parse, default)

    def parsed(self, scalar: Scalar | None, parse: Callable[[str], T], default: T) -> T:
        """The same for a scalar that may be missing."""
        if scalar is None or not self.report.is_sound(scalar):
            return default
        try:
            return parse(scalar.text)
        except ValueError as error:
            self.report.error(scalar, str(error))
            return default


def seconds(low: int, high: int) -> Callable[[str], float]:
    """A parser for times such as `8s`, in seconds, from `low` to `high`."""

    def parse(text: str) -> float:
        found = float(text.removesuffix("s"))
        if not low <= found <= high:
            raise ValueError(f"found {text}; allowed: {low}s to {high}s")
        return found

    return parse
