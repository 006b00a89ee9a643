"""The versions of the file: kept whole, by their moment and content."""

from __future__ import annotations

import itertools
import os

import pytest

from vipgate_fs.admin.versions import MOST, Versions


@pytest.fixture
def versions(tmp_path):
    ticks = itertools.count(1_800_000_000)
    return Versions(tmp_path / "versions", lambda: float(next(ticks)))


def test_nothing_is_kept_at_first(versions):
    assert versions.all() == []
    assert versions.content("0001800000000-" + "a" * 64) is None


def test_versions_are_kept_whole_the_newest_first(versions):
    versions.keep(b"one\r\n\xff")
    versions.keep(b"two", "brandt", "for December")
    newest, oldest = versions.all()
    assert (newest.by, newest.what, versions.content(newest.id)) == ("brandt", "for December", b"two")
    assert (oldest.by, versions.content(oldest.id)) == ("", b"one\r\n\xff")


def test_the_same_is_not_kept_twice_in_a_row(versions):
    for content in (b"one", b"one", b"two", b"one"):
        versions.keep(content)
    assert len(versions.all()) == 3


def test_a_table_is_kept_as_it_was_and_is_no_version_of_the_file(versions, tmp_path):
    for number in range(MOST + 2):
        versions.keep_table("pins.csv", b"%d" % number)
    kept = sorted((tmp_path / "versions").iterdir())
    assert (len(kept), kept[-1].read_bytes(), kept[0].read_bytes()) == (MOST, b"%d" % (MOST + 1), b"2")
    assert kept[0].name.endswith("-pins.csv")
    assert kept[0].stat().st_mode & 0o777 == 0o600
    assert versions.all() == []


def test_a_version_that_a_kill_has_cut_short_is_kept_the_next_time(versions, tmp_path, monkeypatch):
    """Half a version must not be taken for one that is there already."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        versions.keep(b"one")
    assert versions.all() == []
    monkeypatch.undo()
    versions.keep(b"one")
    assert [versions.content(each.id) for each in versions.all()] == [b"one"]
    assert len(list((tmp_path / "versions").iterdir())) == 1


def test_nobody_else_can_read_them(versions, tmp_path):
    versions.keep(b"one")
    assert (tmp_path / "versions").stat().st_mode & 0o777 == 0o700
    assert next((tmp_path / "versions").iterdir()).stat().st_mode & 0o777 == 0o600


def test_only_so_many_are_kept(versions):
    for number in range(MOST + 3):
        versions.keep(b"%d" % number)
    assert len(versions.all()) == MOST
    assert versions.content(versions.all()[-1].id) == b"3"


@pytest.mark.parametrize("name", ["../vipgate", "..", "", "x" * 80, "0001800000000-" + "A" * 64])
def test_no_name_leads_out_of_the_folder(versions, name):
    versions.keep(b"one")
    assert versions.content(name) is None


def test_a_version_that_was_damaged_is_left_out(versions, tmp_path):
    versions.keep(b"one")
    versions.keep(b"two")
    (tmp_path / "versions" / f"{versions.all()[0].id}.json").write_text("{")
    assert [versions.content(each.id) for each in versions.all()] == [b"one"]
