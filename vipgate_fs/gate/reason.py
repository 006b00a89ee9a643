"""The reasons for a decision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

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
        return _spoken(self.step, self.text) if self.step else self.text


def _spoken(step: str, text: str) -> Sentence:
    return say("{step}: {text}", step=step, text=text)


_SPOKEN: Final = _spoken("", "").template


def pieces(why: str) -> Iterator[tuple[str, str]]:
    """What a kept reason consists of: each with the kind of the step that said it, or "" where no step spoke.

    Only parts say what a reason is, never its words: of a reason that is a text alone, there are no pieces.
    """
    if not isinstance(why, Sentence):
        return
    if why.template == _SPOKEN:
        yield str(why.parts["step"]), str(why.parts["text"])
    else:
        yield "", why
        for part in why.parts.values():
            if isinstance(part, Sentence):
                yield from pieces(part)
