"""Steps as a configuration makes them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vipgate_fs import config
from vipgate_fs.config import Configuration, Finding
from vipgate_fs.gate.step import Step

GATE = "support"


@dataclass
class Built:
    """What came of a step's settings."""

    step: Step | None
    findings: tuple[Finding, ...]
    configuration: Configuration | None

    @property
    def said(self) -> list[tuple[str, tuple[str, ...], str]]:
        """Each finding's severity, its path below the step, and its message."""
        return [
            (found.severity, tuple(re.findall(r"[^.\[\]]+", found.path)[5:]), found.message) for found in self.findings
        ]


def build(kind: str, values: Any, folder: Path = Path(), **sections: Any) -> Built:
    """A step of a gate in a file in `folder`, with further sections of the file."""
    gate = {"protects": {"numbers": ["7000"]}, "identify": [{kind: values}]}
    text = json.dumps({"version": 1, "gates": {GATE: gate}, **sections}, ensure_ascii=False)
    loaded = config.load_text(text, folder / "vipgate.yaml")
    step = loaded.configuration.gates[0].steps[0] if loaded.configuration else None
    return Built(step, loaded.findings, loaded.configuration)


def built(kind: str, values: Any, folder: Path = Path(), **sections: Any) -> Any:
    """The step of settings that are right."""
    made = build(kind, values, folder, **sections)
    assert made.step is not None, [str(found) for found in made.findings]
    return made.step
