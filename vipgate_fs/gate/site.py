"""The site: where the telephone system stands, and so how numbers and times are read and what callers hear."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.schedules import Calendar


@dataclass(frozen=True, slots=True)
class Site:
    """Where the telephone system stands.

    Attributes:
        plan: how numbers are read there that people write.
        trunk: how those are read that come with calls; the same unless it is known what the trunk sends.
        calendar: its clock and public holidays.
        language: of the prompts, `de` or `en`.
        number_format: how an international number begins where it is shown to others, "00" or "+".
        sounds: folder of the sounds on the switch's machine; each language has a folder in it.
        domain: of the switch's directory; None: the switch's own.
        domain_variable: the channel variable that names the domain of each call; None: they all have the same.
        called_number: headers in which the number that was called may stand, `REQUEST_URI` among them: the first that
            has a number that a gate protects counts.
    """

    plan: NumberPlan
    trunk: NumberPlan
    calendar: Calendar
    language: str
    number_format: str
    sounds: Path
    domain: str | None
    domain_variable: str | None
    called_number: tuple[str, ...]
