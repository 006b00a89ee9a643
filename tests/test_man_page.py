"""vipgate(1) says what the commands say of themselves, and troff has nothing to object to."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vipgate_fs.cli import SUBCOMMANDS

PAGE = [sys.executable, str(Path(__file__).parent.parent / "tools" / "man_page.py")]


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff: apt-get install groff")
def test_it_can_be_read():
    page = subprocess.run(PAGE, capture_output=True, check=True).stdout
    command = ["groff", "-man", "-Tutf8", "-ww", "-Kutf8", "-P-cbou"]
    shown = subprocess.run(command, input=page, capture_output=True, check=True)
    assert shown.stderr == b""
    text = shown.stdout.decode()
    assert [name for name in SUBCOMMANDS if f"vipgate {name}" not in text] == []
    assert "--no-store" in text
