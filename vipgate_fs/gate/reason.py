"""The reasons for a decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vipgate_fs.sentences import Sentence, say

Subject = Literal["gate", "active", "step", "otherwise"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that was considered.

    Attributes:
        subject: what spoke: the choice of the gate, its activation, a step, or `otherwise`.
        line: where that stands in the configuration, from 1; None when no line spoke.
        text: what it said, in a few words, without secrets.
        step: the step's kind, when a step spoke.
        failed: whether that step could not find out.
    """

    subject: Subject
    line: int | None
    text: Sentence
    step: str | None = None
    failed: bool = False

    def __str__(self) -> Sentence:
        """What spoke, and what it said."""
        return say("{step}: {text}", step=self.step, text=self.text) if self.step else self.text
