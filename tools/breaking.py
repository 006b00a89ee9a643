"""A copy of the checkout whose code is broken on purpose, and what its tests say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS_FAILED = 1
"""pytest's exit status when tests ran, and some failed."""


class Stale(Exception):
    """The code that was to be broken is not there any more. The text says where it was."""


@dataclass(frozen=True)
class Break:
    """A change that breaks the code.

    Attributes:
        file: from the root of the checkout.
        find: text that stands in it exactly once.
        replace: what it becomes.
    """

    file: str
    find: str
    replace: str


class Copy:
    """A copy of what git knows of the checkout, in a folder that is to be empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
        for name in listed.stdout.splitlines():
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)

    def test(self, tests: Iterable[str], seconds: float = 900.0) -> tuple[int, str]:
        """The exit status of pytest for these tests, and what it said."""
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
        environment = {**os.environ, "PYTHONPATH": str(self._folder), "PYTHONDONTWRITEBYTECODE": "1"}
        run = subprocess.run(
            command, cwd=self._folder, env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )
        return run.returncode, run.stdout + run.stderr

    def break_and_test(self, change: Break, tests: Iterable[str]) -> tuple[int, str]:
        """The same, with broken code.

        Raises:
            Stale: see there.
        """
        file = self._folder / change.file
        good = file.read_text("utf-8") if file.exists() else ""
        if good.count(change.find) != 1:
            raise Stale(f"{change.file} has {good.count(change.find)} times, and not once: {change.find!r}")
        file.write_text(good.replace(change.find, change.replace), "utf-8")
        try:
            return self.test(tests)
        finally:
            file.write_text(good, "utf-8")
