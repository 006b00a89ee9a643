"""The configuration file itself."""

from __future__ import annotations

from collections.abc import Iterator

from vipgate_fs.doctor.facts import Facts
from vipgate_fs.doctor.finding import Finding, Mistake, Severity

INVALID = Mistake(
    "configuration-invalid",
    Severity.CRITICAL,
    "{finding}",
    "The service does not start with it, and does not apply it when it is reloaded.",
    "correct that line; vipgate check shows when it is valid",
)
DOUBTFUL = Mistake(
    "configuration-doubtful",
    Severity.WARNING,
    "{finding}",
    "It is valid, and probably not what was meant.",
    "look at that line; vipgate explain shows what becomes of a call",
)
EXPOSED = Mistake(
    "file-exposed",
    Severity.CRITICAL,
    "{file}: {what}",
    "Whoever reads it has the PINs, and whoever changes it decides who gets in.",
    "{remedy}",
)


def check(facts: Facts) -> Iterator[Finding]:
    """The configuration is valid, makes sense, and is nobody else's."""
    for one in facts.findings:
        yield (INVALID if one.severity == "error" else DOUBTFUL)(finding=one)
    for file, why in facts.machine.exposed:
        yield EXPOSED(file=file, what=why.parts["what"], remedy=why.parts["remedy"])
