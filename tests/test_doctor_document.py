"""`docs/doctor.md` has the mistakes that are looked for: `python tests/test_doctor_document.py` rewrites its table."""

from __future__ import annotations

import re
from pathlib import Path

from vipgate_fs.doctor import CHECKS
from vipgate_fs.doctor.finding import mistakes_of

DOCUMENT = Path(__file__).parent.parent / "docs" / "doctor.md"
BEGIN = "<!-- from the code -->\n"


def cell(text):
    return re.sub(r"([<>|])", r"\\\1", text).replace("\n", " ")


def tables():
    """A table for each kind of check."""
    for module in CHECKS:
        yield f"### {module.__doc__.splitlines()[0].rstrip('.')}\n"
        yield "| name | what is wrong | why it matters | what to do |\n|---|---|---|---|"
        for mistake in mistakes_of(module):
            severity = mistake.severity.name.lower()
            what, why, do = (cell(text) for text in (mistake.what, mistake.why, mistake.do))
            yield f"| `{mistake.name}`<br>{severity} | {what} | {why} | {do} |"
        yield ""


def made():
    return BEGIN + "\n" + "\n".join(tables())


def test_the_document_has_the_mistakes_of_the_code():
    assert DOCUMENT.read_text("utf-8").partition(BEGIN)[2] == made().removeprefix(BEGIN)


if __name__ == "__main__":
    text = DOCUMENT.read_text("utf-8")
    DOCUMENT.write_text(text.partition(BEGIN)[0] + made(), "utf-8")
