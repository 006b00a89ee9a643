"""A file is written whole or not at all, and never over somebody else's change."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from vipgate_fs.document.saving import ChangedMeanwhile, digest, obstacle, save

OLD, NEW = b"version: 1\n", b"version: 1 # changed\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "vipgate.yaml"
    path.write_bytes(OLD)
    path.chmod(0o640)
    return path


def test_the_new_content_takes_the_place_of_the_old_with_its_mode(file):
    save(file, NEW, digest(OLD))
    assert file.read_bytes() == NEW
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in file.parent.iterdir()] == ["vipgate.yaml"]


def test_a_file_that_somebody_has_changed_is_left_alone_and_shown(file):
    file.write_bytes(b"version: 1 # by hand\n")
    with pytest.raises(ChangedMeanwhile) as changed:
        save(file, NEW, digest(OLD))
    assert changed.value.content == file.read_bytes() == b"version: 1 # by hand\n"
    assert [each.name for each in file.parent.iterdir()] == ["vipgate.yaml"]


def test_a_symbolic_link_stays_one(file):
    link = file.with_name("link.yaml")
    link.symlink_to(file.name)
    save(link, NEW, digest(OLD))
    assert link.is_symlink()
    assert file.read_bytes() == NEW


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_stays(file):
    os.chown(file, 1234, 1235)
    save(file, NEW, digest(OLD))
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 1235)


def test_what_can_not_be_written_is_as_it_was(file, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save(file, NEW, digest(OLD))
    assert file.read_bytes() == OLD
    assert [each.name for each in file.parent.iterdir()] == ["vipgate.yaml"]


def test_what_a_killed_save_has_left_behind_is_removed_by_the_next_but_one_that_is_under_way_is_not(file):
    old, new = (file.with_name(f".vipgate.yaml.{digit * 16}") for digit in "ab")
    other = file.with_name(".vipgate.yaml.swp")
    for each in (old, new, other):
        each.write_bytes(b"half")
    os.utime(old, (1, 1))
    os.utime(other, (1, 1))
    save(file, NEW, digest(OLD))
    assert sorted(each.name for each in file.parent.iterdir()) == [new.name, other.name, "vipgate.yaml"]


DYING = """
import os, sys
from pathlib import Path
from vipgate_fs.document.saving import digest, save
step, path = int(sys.argv[1]), Path(sys.argv[2])
count = 0
def dying(function):
    def wrapped(*arguments, **more):
        global count
        count += 1
        if count == step:
            os.kill(os.getpid(), 9)
        return function(*arguments, **more)
    return wrapped
for name in ("open", "fsync", "fchmod", "rename"):
    setattr(os, name, dying(getattr(os, name)))
Path.rename = dying(Path.rename)
save(path, b"new " * 50_000, digest(path.read_bytes()))
"""


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 6])
def test_a_kill_at_any_step_leaves_the_old_file_or_the_new_one_whole(file, step):
    """SIGKILL just before each call that touches the disk."""
    process = subprocess.run([sys.executable, "-c", DYING, str(step), str(file)], check=False, timeout=50)
    assert process.returncode == -signal.SIGKILL
    assert file.read_bytes() in (OLD, b"new " * 50_000)
    assert (file.read_bytes() == OLD) == (step < 6)


def test_what_keeps_one_from_saving_is_named(file):
    assert obstacle(file) is None
    if os.geteuid() != 0:
        file.parent.chmod(0o500)
        assert obstacle(file) == str(file.parent)
