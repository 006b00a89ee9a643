"""Root's commands in a folder of the service's user, who is not to gain anything of root's by it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time

import forked
import pytest
from passable import let_everybody_pass

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be robbed")

SERVICE = 65534
CONFIGURATION = """\
version: 1
store: "sqlite:///state/vipgate.db"
gates:
  support: {protects: {numbers: ["7000"]}, identify: [{guest_pin: {}}]}
"""
THIEF = """\
import os, pathlib, sys
folder, victim = sys.argv[1:]
os.setgid(65534), os.setuid(65534)
os.chdir(folder)
print("ready", flush=True)
while True:
    for name in os.listdir():
        if name.startswith("vipgate.key.") and not os.path.islink(name):
            try:
                os.unlink(name), os.symlink(victim, name)
            except OSError:
                pass
"""
"""Puts a link to somebody else's file in the place of a file as soon as it is there."""


@pytest.fixture
def site(tmp_path_factory):
    """A folder that everybody may pass through: pytest's own are closed to the service's user."""
    folder = tmp_path_factory.mktemp("site")
    let_everybody_pass(folder)
    folder.joinpath("vipgate.yaml").write_text(CONFIGURATION)
    state = folder / "state"
    state.mkdir(0o700)
    os.chown(state, SERVICE, SERVICE)
    return folder


def vipgate(site, *arguments):
    return forked.vipgate("--config", site / "vipgate.yaml", *arguments, cwd=site)


ISSUE = ("pin", "issue", "--gate", "support")


def test_what_root_makes_belongs_to_the_services_user(site):
    assert vipgate(site, *ISSUE).returncode == 0
    assert vipgate(site, "override", "support", "off").returncode == 0
    made = {path.name: path.stat() for path in (site / "state").iterdir()}
    assert {"vipgate.db", "vipgate.key"} <= made.keys()
    assert {(status.st_uid, status.st_mode & 0o077) for status in made.values()} == {(SERVICE, 0)}


@pytest.mark.parametrize("command", [ISSUE, ("override", "support", "off")], ids=["pin", "override"])
@pytest.mark.parametrize("name", ["vipgate.db", "vipgate.key"])
def test_a_link_in_place_of_a_file_makes_no_file_of_roots(site, command, name):
    target = site / "made by root"
    site.joinpath("state", name).symlink_to(target)
    vipgate(site, *command)
    assert not target.exists()


def test_the_files_of_an_app_lead_to_no_file_of_roots(site):
    """FusionPBX's folder belongs to the web server's user."""
    app, target = site / "state" / "app", site / "made by root"
    domain = ("--others", "pbx.example", "--domain-uuid", "pbx.example=0b2c1a5e-8d1c-4e57-a6f5-6d2a3c9b7e01")
    print_app = ("dialplan", "--format", "fusionpbx", *domain, "--app", app)
    assert vipgate(site, *print_app).returncode == 0
    files = [path for path in app.rglob("*") if path.is_file()]
    assert {path.stat().st_uid for path in files} == {SERVICE}
    for path in files:
        path.unlink()
        path.symlink_to(target)
    assert vipgate(site, *print_app).returncode != 0
    assert not target.exists()


def test_the_folder_itself_may_be_a_link(site, tmp_path):
    site.joinpath("state").rmdir()
    site.joinpath("state").symlink_to(tmp_path)
    os.chown(site / "state", SERVICE, SERVICE, follow_symlinks=False)
    assert vipgate(site, "override", "support", "off").returncode == 1
    assert not list(tmp_path.iterdir())


def test_who_swaps_files_under_roots_hands_gains_nothing(site):
    """Won at the first try while root gave files away by their names."""
    victim = site / "root's"
    victim.write_text("secret")
    thief = [sys.executable, "-c", textwrap.dedent(THIEF), str(site / "state"), str(victim)]
    with subprocess.Popen(thief, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"ready\n"
            for _ in range(3):
                vipgate(site, *ISSUE)
                assert victim.stat().st_uid == 0
                site.joinpath("state", "vipgate.key").unlink(missing_ok=True)
        finally:
            process.kill()


@pytest.mark.parametrize("mode", [0o1777, 0o775])
def test_where_nobody_can_tell_whose_it_is_nothing_is_touched(site, mode):
    os.chown(site / "state", 0, 0)
    site.joinpath("state").chmod(mode)
    done = vipgate(site, "override", "support", "off")
    assert (done.returncode, "run this as the user who runs the service" in done.stderr) == (1, True)
    assert not list(site.joinpath("state").iterdir())


def test_in_a_folder_of_its_own_root_stays_root(site):
    os.chown(site / "state", 0, 0)
    assert vipgate(site, *ISSUE).returncode == 0
    assert site.joinpath("state", "vipgate.key").stat().st_uid == 0


def test_a_pipe_in_place_of_the_store_makes_nobody_wait(site):
    os.mkfifo(site / "state" / "vipgate.db")
    began = time.monotonic()
    assert vipgate(site, "check").returncode == 0
    assert time.monotonic() - began < 30
