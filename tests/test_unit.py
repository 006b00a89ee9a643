"""deploy/vipgate.service as systemd reads it. What it does to a running service was tried by hand: docs/operation.md."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from vipgate_fs.resources import resource

ANALYZE = shutil.which("systemd-analyze")
pytestmark = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


def analyze(*arguments):
    command = [ANALYZE, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


@pytest.fixture
def unit(tmp_path):
    """The unit with a command that exists on this machine."""
    path = tmp_path / "vipgate.service"
    text = (resource("deploy") / "vipgate.service").read_text()
    path.write_text(text.replace("/opt/vipgate/bin/vipgate", sys.executable))
    return path


def test_systemd_understands_every_line(unit):
    assert analyze("verify", "--man=no", unit) == (0, "")


def test_it_is_confined(unit):
    code, report = analyze("security", "--offline=yes", "--threshold=20", "--no-pager", unit)
    assert code == 0, report
