"""The wheel as others install it."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=50)
    (file,) = folder.glob("*.whl")
    return file


def test_a_plug_in_is_checked_by_mypy_as_strictly_as_the_package_itself(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    (packages,) = tmp_path.glob("venv/lib/python3*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    plugin = tmp_path / "plugin.py"

    def check(text):
        plugin.write_text(text)
        python = tmp_path / "venv" / "bin" / "python"
        command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "--config-file", "", plugin]
        return subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=50)

    example = (ROOT / "examples" / "plugin.py").read_text("utf-8")
    good = check(example)
    assert good.returncode == 0, good.stdout
    bad = check(example.replace("return Reject()", 'return "reject"'))
    assert "Incompatible return value" in bad.stdout


def test_what_the_package_reads_at_run_time_is_in_it(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for file in ("py.typed", "schemas/vipgate.schema.json", "freeswitch-dialplan.xml", "deploy/vipgate.service"):
        assert f"vipgate_fs/{file}" in names
    assert {Path(name).parts[2] for name in names if name.startswith("vipgate_fs/sounds/d")} == {"de"}
