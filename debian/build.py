"""Builds the Debian package, with all Python packages that VIPgate needs inside: `python debian/build.py RELEASE`.

The same sources and the same wheels make the same bytes. docs/packaging.md says why it is made like this.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser
from email.utils import formatdate
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent
HERE: Final = ROOT / "debian"
HOME: Final = "usr/lib/vipgate"
"""The Python packages. Not /opt, which Debian's policy leaves to those who do without a package manager."""
MAINTAINER: Final = "VIPgate for FreeSWITCH <maintainers@vipgate.invalid>"


class Release(NamedTuple):
    """A release of Debian, and its Python."""

    number: int
    python: str


RELEASES: Final = {"bookworm": Release(12, "3.11"), "trixie": Release(13, "3.13")}
MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64"}
MANYLINUX: Final = (34, 31, 28, 27, 26, 24, 17)
"""Minor versions of glibc that wheels are built for; all below that of bookworm."""
UNNEEDED: Final = ("*/tests", "include", "bin", "*.dist-info/RECORD", "*.dist-info/direct_url.json")
COMPLETIONS: Final = {
    "bash": "usr/share/bash-completion/completions/vipgate",
    "zsh": "usr/share/zsh/vendor-completions/_vipgate",
    "fish": "usr/share/fish/vendor_completions.d/vipgate.fish",
}


def main() -> None:
    """Build for the release that the arguments name, in place of earlier versions; prints the file's name."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("release", choices=RELEASES)
    parser.add_argument("--to", type=Path, default=ROOT / "dist", help="folder of the package")
    given = parser.parse_args()
    release = RELEASES[given.release]
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    version = f"{pyproject['project']['version']}-1~deb{release.number}"
    if "SOURCE_DATE_EPOCH" not in os.environ:
        os.environ["SOURCE_DATE_EPOCH"] = _epoch()
    given.to.mkdir(parents=True, exist_ok=True)
    architecture = _output("dpkg", "--print-architecture").strip()
    target = given.to / f"vipgate_{version}_{architecture}.deb"
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        site = tree / HOME
        _install(release, MACHINES[architecture], site, Path(folder))
        _strip(site)
        _command(tree)
        _move(site, tree, moved(pyproject))
        _document(tree, version, site)
        _configure(tree)
        size = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file()) // 1024
        _control(
            tree,
            version=version,
            architecture=architecture,
            maintainer=MAINTAINER,
            size=size,
            python=release.python,
            next_python=successor(release.python),
            libc=f"2.{_libc(site)}",
            release=release.number,
        )
        _settle(tree)
        _run("dpkg-deb", "--root-owner-group", "-Zxz", "-z2", "--threads-max=1", "--build", tree, target)
    for earlier in given.to.glob(f"vipgate_*~deb{release.number}_{architecture}.deb"):
        if earlier != target:  # what tries the package takes the one that is there
            earlier.unlink()
    print(target)


def successor(python: str) -> str:
    """The first version of Python whose compiled modules are others: 3.12 after 3.11."""
    major, _, minor = python.partition(".")
    return f"{major}.{int(minor) + 1}"


def _install(release: Release, machine: str, site: Path, scratch: Path) -> None:
    """The wheels for that release's Python, whatever Python this is: those of constraints.txt, and VIPgate's own."""
    wheels = scratch / "wheels"
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", wheels, cwd=ROOT)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    constraints = ROOT / "constraints.txt"
    # It is published as source only; nothing in it is compiled.
    greenswitch = re.findall(r"^greenswitch==.*$", constraints.read_text("utf-8"), re.MULTILINE)
    _run(*pip, "wheel", "--no-deps", "-w", wheels, *greenswitch)
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in MANYLINUX]
    where = ["--target", site, "--python-version", release.python, "--implementation", "cp", *platforms]
    how = ["--only-binary=:all:", "--no-compile", "--find-links", wheels, "-c", constraints]
    _run(*pip, "install", *where, *how, *wheels.glob("vipgate_fs-*.whl"))
    for path in [found for pattern in UNNEEDED for found in site.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _strip(site: Path) -> None:
    """Take the symbols out that only a debugger reads. The libraries in `*.libs` have none, and do not bear it."""
    modules = sorted(path for path in site.rglob("*.so") if not path.parent.name.endswith(".libs"))
    _run("strip", "--strip-unneeded", *modules)
    for path in site.rglob("*.so*"):
        path.chmod(0o644)


def _command(tree: Path) -> None:
    """Debian's own Python, with VIPgate's folder before all others: plug-ins find Debian's packages, too.

    `-I`: neither the environment nor the user's folders have a say.
    """
    program = tree / "usr/bin/vipgate"
    program.parent.mkdir(parents=True)
    path = f'import sys\n\nsys.path.insert(0, "/{HOME}")\n'
    program.write_text(f"#!/usr/bin/python3 -I\n{path}from vipgate_fs.cli import main\n\nmain()\n")
    program.chmod(0o755)


def moved(pyproject: dict[str, Any]) -> list[str]:
    """What is no Python in the wheel: in the package it is in /usr/share/vipgate. The sounds have another place."""
    included = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    return [name for name in included if name != "sounds"]


def _move(site: Path, tree: Path, names: list[str]) -> None:
    """What people and FreeSWITCH read, where Debian has such things."""
    package, share = site / "vipgate_fs", tree / "usr/share/vipgate"
    sounds = tree / "usr/share/freeswitch/sounds/vipgate"
    share.mkdir(parents=True)
    sounds.parent.mkdir(parents=True)
    for name in names:
        shutil.move(package / name, share / name)
        (package / name).symlink_to(f"../../../share/vipgate/{name}")
    shutil.move(package / "sounds", sounds)
    (package / "sounds").symlink_to("../../../share/freeswitch/sounds/vipgate")
    (share / "sounds").symlink_to("../freeswitch/sounds/vipgate")
    unit = tree / "usr/lib/systemd/system/vipgate.service"
    unit.parent.mkdir(parents=True)
    text = (share / "deploy/vipgate.service").read_text("utf-8")
    text = text.replace("/opt/vipgate/bin/vipgate", "/usr/bin/vipgate").partition("[Unit]\n")
    unit.write_text(f"[Unit]\nDocumentation=man:vipgate(1)\n{text[2]}")
    (share / "deploy/vipgate.service").unlink()
    (share / "deploy/vipgate.service").symlink_to("../../../lib/systemd/system/vipgate.service")


def _document(tree: Path, version: str, site: Path) -> None:
    """Man page, completions, changelogs and licences."""
    page = _output(sys.executable, ROOT / "tools/man_page.py")
    _gzip(tree / "usr/share/man/man1/vipgate.1.gz", page)
    for shell, name in COMPLETIONS.items():
        path = tree / name
        path.parent.mkdir(parents=True)
        path.write_text(_output(Path(sys.executable).with_name("vipgate"), _VIPGATE_COMPLETE=f"{shell}_source"))
    documents = tree / "usr/share/doc/vipgate"
    _gzip(documents / "changelog.gz", (ROOT / "CHANGELOG.md").read_text("utf-8"))
    date = formatdate(int(os.environ["SOURCE_DATE_EPOCH"]))
    entry = f"vipgate ({version}) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- {MAINTAINER}  {date}\n"
    _gzip(documents / "changelog.Debian.gz", entry)
    (documents / "manual").symlink_to("../../vipgate/docs")
    (documents / "copyright").write_text("\n".join(_copyright(site)) + "\n", "utf-8")
    overrides = tree / "usr/share/lintian/overrides/vipgate"
    overrides.parent.mkdir(parents=True)
    shutil.copy(HERE / "lintian-overrides", overrides)


def _copyright(site: Path) -> Iterator[str]:
    yield "VIPgate for FreeSWITCH is under this licence:\n"
    yield (ROOT / "LICENSE").read_text("utf-8")
    yield "These Python packages come with it, unchanged but for their tests. The text of each licence is in the"
    yield f"folder NAME-VERSION.dist-info beside it, in /{HOME}; for the LGPL also in"
    yield "/usr/share/common-licenses/LGPL-3.\n"
    for file in sorted(site.glob("*.dist-info/METADATA")):
        about = HeaderParser().parsestr(file.read_text("utf-8"))
        if about["Name"] != "vipgate-fs":
            yield f"{about['Name']} {about['Version']}: {_licence(about)}"


def _licence(about: Message) -> str:
    """In a few words: not every package says it in the same place."""
    named = (each.rpartition(" :: ")[2] for each in about.get_all("Classifier", []) if each.startswith("License ::"))
    said = about["License-Expression"] or ", ".join(named) or (about["License"] or "").strip().partition("\n")[0]
    return said or "see its folder"


def _configure(tree: Path) -> None:
    """The first configuration; what becomes of it is the administrator's business, and dpkg's to keep."""
    (tree / "etc/vipgate").mkdir(parents=True)
    shutil.copy(ROOT / "deploy/placeholder.yaml", tree / "etc/vipgate/vipgate.yaml")


def _control(tree: Path, **values: object) -> None:
    """What dpkg wants to know: the fields, the scripts and the sums of all files."""
    control = tree / "DEBIAN"
    control.mkdir()
    (control / "control").write_text((HERE / "control.in").read_text("utf-8").format(**values), "utf-8")
    for name in ("conffiles", "postinst", "prerm", "postrm"):
        shutil.copy(HERE / name, control / name)
    files = sorted(path for path in (tree / "usr").rglob("*") if path.is_file() and not path.is_symlink())
    (control / "md5sums").write_text(_output("md5sum", "--", *(path.relative_to(tree) for path in files), cwd=tree))


def _settle(tree: Path) -> None:
    """Modes and times that depend neither on the builder's umask nor on the moment."""
    for path in tree.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    tree.chmod(0o755)
    (tree / "etc/vipgate").chmod(0o750)
    (tree / "etc/vipgate/vipgate.yaml").chmod(0o640)
    moment = int(os.environ["SOURCE_DATE_EPOCH"])
    for path in (tree, *tree.rglob("*")):
        os.utime(path, (moment, moment), follow_symlinks=False)


def _libc(site: Path) -> int:
    """The newest glibc that one of the wheels was built for, as its minor version."""
    tags = " ".join(file.read_text("utf-8") for file in site.glob("*.dist-info/WHEEL"))
    return max(map(int, re.findall(r"manylinux_2_(\d+)_", tags)))


def _epoch() -> str:
    """The time of the last commit, in seconds; outside of a repository $SOURCE_DATE_EPOCH has to say it."""
    return _output("git", "log", "-1", "--format=%ct", cwd=ROOT).strip()


def _gzip(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _run(*command: object, cwd: Path | None = None) -> None:
    subprocess.run([str(word) for word in command], check=True, cwd=cwd, stdout=subprocess.DEVNULL)


def _output(*command: object, cwd: Path | None = None, **environment: str) -> str:
    words = [str(word) for word in command]
    env = os.environ | environment
    return subprocess.run(words, check=True, cwd=cwd, env=env, text=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    main()
