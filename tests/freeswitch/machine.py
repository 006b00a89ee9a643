"""A Debian that systemd has booted, for tests that install the package: what happens in it is gone with it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from freeswitch.gate import wait_until

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BOOTS_WITHIN = 60.0
HOST = "/host"
"""This machine's root, in the container."""


class Machine:
    """A container with its own first process, on this process's network, until `stop`.

    Args:
        system: the folder of a Debian with systemd; nothing in it is changed.
        scratch: a folder for this class.
        folders: what of this machine is seen in the container, and where.
        programs: of this machine, by the names under which they are found in the container; their libraries are this machine's.
    """

    def __init__(self, system: Path, scratch: Path, folders: Mapping[Path, str], programs: Mapping[str, Path]) -> None:
        self._console = scratch / "console"
        seen = [f"--bind={outside}:{inside}" for outside, inside in folders.items()]
        for name, program in programs.items():
            file = scratch / name
            file.write_text(f'#!/bin/sh\nexec {" ".join(foreign(program))} "$@"\n', "utf-8")
            file.chmod(0o755)
            seen.append(f"--bind-ro={file}:/usr/local/bin/{name}")
        options = "--quiet --volatile=overlay --boot --register=no --keep-unit --link-journal=no --resolv-conf=off"
        self._first = ""
        with self._console.open("wb") as console:
            self._container = subprocess.Popen(
                ["systemd-nspawn", "-D", system, *options.split(), f"--bind-ro=/:{HOST}:norbind", *seen],
                env={"PATH": PATH, "UNIFIED_CGROUP_HIERARCHY": "1"},  # systemd 257 wants version 2 of control groups
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if not wait_until(self._is_up, BOOTS_WITHIN):
            self.stop()
            raise RuntimeError(self._console.read_text("utf-8", "replace"))

    def _is_up(self) -> bool:
        children = Path(f"/proc/{self._container.pid}/task/{self._container.pid}/children").read_text("utf-8").split()
        if not children:
            return False
        self._first = children[0]
        return self.run("systemctl --quiet is-active multi-user.target").returncode == 0

    def inside(self, *command: str | Path, **environment: str) -> list[str]:
        """The command that runs another one in the container, as root."""
        given = (f"{name}={value}" for name, value in {"PATH": PATH, "HOME": "/root", **environment}.items())
        return ["nsenter", "--target", self._first, "--all", "env", "-i", *given, *map(str, command)]

    def run(self, command: str, within: float = 60.0, **environment: str) -> subprocess.CompletedProcess[str]:
        """What a shell in the container makes of a line that somebody types."""
        return subprocess.run(
            self.inside("/bin/sh", "-c", f"cd /root; {command}", **environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=within,
            check=False,
        )

    def stop(self) -> None:
        """End it, and all that runs in it: that ends with the container's first process, but not with systemd-nspawn."""
        if self._first:
            with suppress(ProcessLookupError):
                os.kill(int(self._first), signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.killpg(self._container.pid, signal.SIGKILL)
        self._container.wait(30)


def foreign(program: Path) -> Sequence[str]:
    """The command for a program of this machine in the container, with this machine's libraries and their own loader.

    `/lib64` has a link to the loader that names a file of the container: another release has another one there.
    """
    [loader] = Path("/lib64").glob("ld-linux-*.so.*")
    libraries = [program.parent.parent / "lib", *Path("/usr/lib").glob("*-linux-gnu")]
    return (
        f"{HOST}{loader.resolve()}",
        "--library-path",
        ":".join(f"{HOST}{path}" for path in libraries),
        f"{HOST}{program}",
    )
