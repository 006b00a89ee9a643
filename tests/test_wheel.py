"""The wheel as others install it."""

import os
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


TARGET = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
SOURCES = ("pyproject.toml", "README.md", "LICENSE", ".gitignore", *TARGET["packages"], *TARGET["force-include"])


def build(source, folder, **environment):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=50, env=os.environ | environment)
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build(ROOT, tmp_path_factory.mktemp("wheel"))


def test_it_comes_out_the_same_from_another_folder_at_another_time_and_for_another_user(wheel, tmp_path):
    source = tmp_path / "somewhere else"
    source.mkdir()
    for name in reversed(SOURCES):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("*.pyc"))
        else:
            shutil.copy(ROOT / name, source / name)
    (source / "vipgate_fs" / "__pycache__").mkdir(exist_ok=True)
    (source / "vipgate_fs" / "__pycache__" / "left.cpython-311.pyc").write_bytes(b"by whoever ran it")
    for path in source.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    again = build(source, tmp_path, TZ="Asia/Kathmandu", LC_ALL="C", PYTHONHASHSEED="7")
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_a_plug_in_is_checked_by_mypy_as_strictly_as_the_package_itself(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    (packages,) = tmp_path.glob("venv/lib/python3*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    plugin = tmp_path / "plugin.py"

    def check(text):
        plugin.write_text(text)
        python = tmp_path / "venv" / "bin" / "python"
        command = [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--no-incremental",
            "--python-executable",
            python,
            "--config-file",
            "",
            plugin,
        ]
        return subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=50)

    example = (ROOT / "examples" / "plugin.py").read_text("utf-8")
    good = check(example)
    assert good.returncode == 0, good.stdout
    bad = check(example.replace("return Reject()", 'return "reject"'))
    assert "Incompatible return value" in bad.stdout


def test_what_the_package_reads_at_run_time_is_in_it(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for file in (
        "py.typed",
        "schemas/vipgate.schema.json",
        "languages/de/LC_MESSAGES/vipgate.po",
        "freeswitch-dialplan.xml",
        "deploy/vipgate.service",
    ):
        assert f"vipgate_fs/{file}" in names
    assert {Path(name).parts[2] for name in names if name.startswith("vipgate_fs/sounds/d")} == {"de"}
