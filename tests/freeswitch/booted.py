"""A machine with FreeSWITCH and without VIPgate, whose package lies there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from freeswitch import site
from freeswitch.machine import Machine
from freeswitch.phone import Phones
from freeswitch.switch import FIRST, SECOND, Switch
from freeswitch.watch import Watch

PASSWORD = "only-for-this-test"
CONTROL, TRUNK, TELEPHONES = 8021, 5080, 5060
"""Ports, as FreeSWITCH's own configuration has them: the network is the test's own."""


def files() -> dict[str, str]:
    """The switch's configuration: calls of the trunk's address come to the context `public`, where VIPgate is not."""
    made = site.files(CONTROL, TRUNK, TELEPHONES, (FIRST, SECOND))
    del made[site.VIPGATE], made[site.CARRIER]
    made[site.EXTERNAL] = made[site.EXTERNAL].replace('"vipgate"', '"public"')
    made[site.MODULES] = made[site.MODULES].replace("</modules>", '<load module="mod_tone_stream"/></modules>')
    return made


@contextmanager
def booted(
    request: pytest.FixtureRequest,
    scratch: Path,
    configuration: dict[str, str],
    folders: Mapping[Path, str],
    programs: Mapping[str, Path],
) -> Iterator[tuple[Machine, Switch, Phones]]:
    """The machine, its switch, and somebody who calls.

    Args:
        request: of the test that needs them; it is skipped where the pieces are missing.
        scratch: an empty folder.
        configuration: of the switch.
        folders, programs: of this machine that are seen in it, besides those of FreeSWITCH.
    """
    prefix = request.getfixturevalue("installed")
    deb, system = (request.config.getoption(name, None) for name in ("--deb", "--system"))
    if not (deb and system and shutil.which("systemd-nspawn")):
        pytest.skip("no package to install, or no Debian to install it in: make test-freeswitch DEB=… SYSTEM=…")
    folder, password = scratch / "freeswitch", scratch / "fs_cli.conf"
    folder.mkdir()
    password.write_text(f"[default]\npassword => {PASSWORD}\n", "utf-8")
    seen = {folder: "/etc/freeswitch", password: "/etc/fs_cli.conf", deb.absolute(): f"/root/{deb.name}", **folders}
    machine = Machine(system, scratch, seen, {"fs_cli": prefix / "bin/fs_cli", **programs})
    switch = phones = None
    try:

        def write(folder: Path) -> None:
            site.write(folder, configuration)

        switch = Switch(prefix, folder, write, 2, (CONTROL, PASSWORD), machine)
        phones = Phones(TRUNK, Watch())
        yield machine, switch, phones
    finally:
        if phones is not None:
            phones.close()
        machine.stop()
        if switch is not None:
            switch.stop()
