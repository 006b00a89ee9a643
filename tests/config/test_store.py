"""`store`: what is a store, what is none, and what keeps this user from having one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vipgate_fs import config
from vipgate_fs.config.store import find_obstacle

GATES = 'gates: {support: {protects: {numbers: ["7000"]}, otherwise: {reject: true}}}'


def findings_of(tmp_path, store):
    loaded = config.load_text(f"version: 1\nstore: {store}\n{GATES}\n", tmp_path / "vipgate.yaml")
    return [(found.severity, found.line, found.column, found.path, found.message) for found in loaded.findings]


@pytest.mark.parametrize(
    "store",
    [
        "postgresql+psycopg://u:4711pw@h:port/n",
        "postgresql+psycopg://u:4711pw@h:0/n",
        "postgresql+psycopg://u:4711pw@h/",
        "postgresql+psycopg://u:4711pw@[::1/n",
        "sqlite:////",
        "sqlite:///.",
        "sqlite:///..",
        "sqlite:///a/..",
        "sqlite:///x.key",
        "sqlite:///x?mode=ro",
    ],
)
@pytest.mark.parametrize("from_environment", [False, True])
def test_what_is_no_store_is_a_finding_that_does_not_show_it(tmp_path, monkeypatch, store, from_environment):
    monkeypatch.setenv("STORE", store)
    (found,) = findings_of(tmp_path, "{env: STORE}" if from_environment else f'"{store}"')
    assert found[:2] == ("error", 2)
    assert found[3] == "store"
    assert "allowed: " in found[4]
    assert "4711" not in found[4]


@pytest.mark.parametrize(
    "store",
    ["none", "sqlite:///x.db", "postgresql+psycopg://u@h:5432/n", "postgresql+psycopg://u@/n?host=/run/postgresql"],
)
def test_what_is_one(tmp_path, store):
    assert findings_of(tmp_path, f'"{store}"') == []


def test_a_folder_is_no_file(tmp_path):
    tmp_path.joinpath("state").mkdir()
    assert findings_of(tmp_path, "sqlite:///state")[0][0] == "error"


def test_a_file_that_is_something_else_is_a_warning(tmp_path):
    tmp_path.joinpath("vipgate.db").write_bytes(b"garbage" * 100)
    (found,) = findings_of(tmp_path, "sqlite:///vipgate.db")
    assert found[:4] == ("warning", 2, 8, "store")
    assert found[4] == f"{tmp_path}/vipgate.db is no SQLite database; move it away, and the service makes another"


def test_a_folder_that_is_missing_is_a_warning(tmp_path):
    (found,) = findings_of(tmp_path, "sqlite:///state/vipgate.db")
    assert found[:4] == ("warning", 2, 8, "store")
    assert found[4].startswith(f"there is no folder {tmp_path}/state for the store; make it")


@pytest.mark.parametrize(
    ("mode_of_folder", "mode_of_file", "which"), [(0o555, 0o600, "."), (0o755, 0o400, "vipgate.db")]
)
def test_what_this_user_can_not_write(tmp_path, monkeypatch, mode_of_folder, mode_of_file, which):
    file = tmp_path / "vipgate.db"
    file.touch()
    assert find_obstacle(str(file)) is None
    file.chmod(mode_of_file)
    tmp_path.chmod(mode_of_folder)
    if os.geteuid() == 0:  # may write everything
        monkeypatch.setattr("vipgate_fs.config.store.access", lambda path, _: bool(Path(path).stat().st_mode & 0o200))
    assert f"can't write {tmp_path / which}; let the user who runs the service write it" in find_obstacle(str(file))
