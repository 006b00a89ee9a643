"""Reading a value out of the file: absent and wrong ones become the default, wrong ones a finding besides."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import Mapping, Scalar

T = TypeVar("T")


def boolean(text: str) -> bool:
    """What a text says that fits the schema's `boolean`."""
    return text.lower() == "true"


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
