"""Recordings for tests, made by sox."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

needs_sox = pytest.mark.skipif(shutil.which("sox") is None, reason="needs Debian's packages sox and libsox-fmt-mp3")


def made_by_sox(kind, *effects, rate="22050", channels="2"):
    """A recording, as sox writes it."""
    with tempfile.NamedTemporaryFile() as file:
        command = ["sox", "-V1", "-n", "-r", rate, "-c", channels, "-t", kind, file.name, *effects]
        subprocess.run(command, capture_output=True, check=True, timeout=30)
        return Path(file.name).read_bytes()


def tone(kind, channels="2"):
    return made_by_sox(kind, "synth", "1", "sine", "440", channels=channels)
