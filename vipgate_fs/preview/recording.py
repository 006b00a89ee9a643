"""An expectation written from a call: what the configuration does with it now is what is expected from now on."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from vipgate_fs.config.model import Configuration
from vipgate_fs.document.sources import read_file
from vipgate_fs.preview.expectations import SUFFIX, Expectation, load, observed, play
from vipgate_fs.sentences import say

_OF_THE_DECISION: Final = ("gate", "active", "verdict", "line")
"""What is expected of a caller who is asked for a PIN: nobody has said yet what they enter."""


class CannotRecord(Exception):
    """The call can't be played, or its expectation has no place in the file. The text says why."""


def recorded(call: Mapping[str, Any], configuration: Configuration) -> str:
    """The lines of an expectation.

    Args:
        call: as the file has it, without what is expected.
        configuration: that it is played against.

    Raises:
        CannotRecord: it can't be played.
    """
    expectation = _trial(f"calls:\n{_lines(call, {'verdict': 'pass'})}")[-1]
    result = play(expectation, configuration)
    if result.rehearsal is None:
        raise CannotRecord(result.faults[0])
    found = observed(result.rehearsal)
    if found["verdict"] == "ask_for_pin":
        found = {key: found[key] for key in _OF_THE_DECISION}
    return _lines(call, {key: value for key, value in found.items() if value is not None})


def add(lines: str, file: Path) -> None:
    """Write an expectation at the end of a file, which is made if there is none.

    Raises:
        CannotRecord: the file would not be right afterwards.
        OSError: it can't be written.
    """
    before = read_file(file).data.decode() if file.exists() else "calls:\n"
    joint = "" if before.endswith("\n") else "\n"
    try:
        _trial(before + joint + lines)
    except CannotRecord:
        raise CannotRecord(
            say(
                "{file} does not end with its calls, each after two spaces and a dash; add this yourself:\n{lines}",
                file=file,
                lines=lines,
            )
        ) from None
    if file.exists():
        with file.open("a", encoding="utf-8") as opened:
            opened.write(joint + lines)
    else:
        file.write_text(before + lines, "utf-8")


def _trial(text: str) -> tuple[Expectation, ...]:
    """The expectations of a text. Raises CannotRecord, with the first thing that is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / f"trial{SUFFIX}"
        trial.write_text(text, "utf-8")
        _, expectations, findings = load(trial)
    if findings:
        raise CannotRecord(findings[0].message)
    return expectations


def _lines(call: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
    values = ", ".join(f"{key}: {_yaml(value)}" for key, value in expected.items())
    first, *others = [*(f"{key}: {_yaml(value)}" for key, value in call.items()), f"expect: {{{values}}}"]
    return f"  - {first}\n" + "".join(f"    {line}\n" for line in others)


def _yaml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
