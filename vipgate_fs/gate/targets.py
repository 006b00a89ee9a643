"""Called-number patterns: a number, `…*`, `7???`, or a range `7000-7099`."""
from __future__ import annotations

from vipgate_fs.gate.numbers import NumberPlan


class NumberPattern:
    """A set of canonical numbers; `text` is the pattern as written."""

    text: str

    @classmethod
    def parse(cls, text: str, plan: NumberPlan) -> NumberPattern:
        """Raises ValueError with a sentence that says what is wrong and what is allowed."""
        raise NotImplementedError

    def matches(self, number: str) -> bool:
        raise NotImplementedError

    def common(self, other: NumberPattern) -> str | None:
        """A number that both match, as an example; None when there is none."""
        raise NotImplementedError
