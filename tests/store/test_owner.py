"""Whose rights root's commands work with: those of the first on the way to a file who could change where it leads."""

from __future__ import annotations

import os

import pytest

from vipgate_fs.store.owner import ROOT, OwnerUnknown, find_foreign, find_owner

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")

SERVICE, GROUP = 65534, 65533
UNKNOWN = "nobody knows"


def folder(path, owner=0, mode=0o755):
    path.mkdir()
    path.chmod(mode)
    os.chown(path, owner, GROUP if owner else 0)
    return path


def file(path, owner=0):
    path.touch()
    os.chown(path, owner, GROUP if owner else 0)
    return path


def whose(path):
    try:
        owner, group = find_owner(path)
    except OwnerUnknown:
        assert find_foreign(path) is not None
        return UNKNOWN
    assert group == (GROUP if owner else 0)
    assert (find_foreign(path) is None) == (owner == ROOT)
    return owner


def test_a_file_is_its_owners_and_one_that_is_not_there_its_folders(tmp_path):
    services, roots = folder(tmp_path / "services", SERVICE), folder(tmp_path / "roots")
    assert whose(services / "vipgate.db") == SERVICE
    assert whose(file(services / "by root")) == SERVICE
    assert whose(file(roots / "by the service", SERVICE)) == SERVICE
    assert whose(roots / "vipgate.db") == ROOT
    assert whose(file(roots / "by root")) == ROOT
    assert whose(folder(services / "roots") / "vipgate.db") == SERVICE
    assert whose(roots / "no" / "such" / "folder") == ROOT


def test_links_are_followed_as_far_as_they_are_roots(tmp_path, monkeypatch):
    services, roots = folder(tmp_path / "services", SERVICE), folder(tmp_path / "roots")
    deep = folder(roots / "deep")
    file(roots / "vipgate.db")
    for name, target in {
        "absolute": services,
        "relative": "../services",
        "far": "../../services",
        "two": "absolute/..//roots/relative",
        "back": "../../roots/vipgate.db",
        "here": "../vipgate.db",
        "new": roots / "not there yet",
        "loop": "loop",
    }.items():
        deep.joinpath(name).symlink_to(target)
    deep.joinpath("relative").unlink()
    deep.joinpath("relative").symlink_to("../../services")
    found = {name: whose(deep / name) for name in ("absolute", "relative", "far", "two")}
    assert found == dict.fromkeys(found, SERVICE)
    found = {name: whose(deep / name) for name in ("back", "here", "new", "loop")}
    assert found == dict.fromkeys(found, ROOT)
    assert whose(deep / "relative" / "vipgate.db") == SERVICE
    link = deep / "the service's"
    link.symlink_to(roots)
    os.chown(link, SERVICE, GROUP, follow_symlinks=False)
    assert whose(link / "vipgate.db") == SERVICE
    monkeypatch.chdir(deep)
    assert whose(type(deep)("../../services/vipgate.db")) == SERVICE


def test_where_others_can_write_only_what_is_there_and_can_not_be_replaced_is_roots(tmp_path):
    for mode, there, absent in [
        (0o755, ROOT, ROOT),
        (0o1777, ROOT, UNKNOWN),
        (0o1775, ROOT, UNKNOWN),
        (0o777, UNKNOWN, UNKNOWN),
        (0o775, UNKNOWN, UNKNOWN),
        (0o757, UNKNOWN, UNKNOWN),
    ]:
        shared = folder(tmp_path / f"{mode:o}", mode=mode)
        file(shared / "vipgate.db")
        found = whose(shared / "vipgate.db"), whose(shared / "absent")
        assert found == (there, absent), f"{mode:o}"


def test_nor_may_a_folder_on_the_way_be_one_that_others_can_replace(tmp_path):
    """Whoever moves it away puts a link in its place."""
    for mode, owner in [(0o755, ROOT), (0o1777, ROOT), (0o777, UNKNOWN), (0o775, UNKNOWN)]:
        shared = folder(tmp_path / f"{mode:o}", mode=mode)
        own = folder(shared / "own")
        shared.joinpath("link").symlink_to(own)
        file(own / "vipgate.db")
        found = [whose(shared / name / what) for name in ("own", "link") for what in ("vipgate.db", "absent")]
        assert found == [owner] * 4, f"{mode:o}"
        os.chown(own, SERVICE, GROUP)
        assert whose(own / "vipgate.db") == SERVICE  # with their rights, nothing of root's can be lost
