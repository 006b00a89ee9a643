"""How the switch is asked: where its event socket is, by which password, or by fs_cli.

The password is never an argument, which every user of the machine could read.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from vipgate_fs.config.addresses import nearest
from vipgate_fs.doctor.switch import Ask
from vipgate_fs.document.sources import read_file
from vipgate_fs.esl.inbound import ANSWER_TIMEOUT, Inbound, Unreachable
from vipgate_fs.secret import Secret
from vipgate_fs.sentences import say

PASSWORD: Final = "VIPGATE_ESL_PASSWORD"  # noqa: S105 - the name of the variable that has it
FOLDERS: Final = (
    "/etc/freeswitch",
    "/usr/local/freeswitch/conf",
    "/opt/freeswitch/etc/freeswitch",
    "/opt/freeswitch/conf",
)
"""Where FreeSWITCH's configuration is: Debian's packages and FusionPBX, its own default, and two usual prefixes."""
_FILE: Final = "autoload_configs/event_socket.conf.xml"
_PORT: Final = re.compile(r"[0-9]{1,5}", re.ASCII)
_MOST_PORT: Final = 65535
_SET: Final = re.compile(r'<X-PRE-PROCESS\s+cmd="set"\s+data="([^"=]+)=([^"]*)"\s*/>', re.IGNORECASE)
_REFERENCE: Final = re.compile(r"\$\$\{([^}]+)\}")


def find_socket(
    place: tuple[str, int] | None, password_file: Path | None, settings: Path | None
) -> tuple[str, int, Secret] | None:
    """Host, port and password of the switch's event socket; None: the password is not known.

    Args:
        place: host and port, where they are given.
        password_file: a file that has nothing but the password.
        settings: the switch's event_socket.conf.xml, where it is given.

    Raises:
        OSError: a given file can't be read.
        Unreachable: the port that is written, or the password, is none.
    """
    written = _written(settings)
    host, port = place or (written.get("listen-ip", "127.0.0.1"), _port(written.get("listen-port", "8021")))
    password = os.environ.get(PASSWORD) or written.get("password")
    if password_file is not None:
        password = read_file(password_file).data.decode("utf-8", "surrogateescape").strip()
    if password and not password.isprintable():
        raise Unreachable(
            say("the event socket's password has characters in it that can't be written, or is not UTF-8")
        )
    return (nearest(host), port, Secret(password)) if password else None


def _port(text: str) -> int:
    if _PORT.fullmatch(text) is None or not 0 < int(text) <= _MOST_PORT:
        raise Unreachable(
            say("event_socket.conf.xml has listen-port {text!r}; name the event socket: --switch HOST:PORT", text=text)
        )
    return int(text)


def _written(settings: Path | None) -> dict[str, str]:
    """What event_socket.conf.xml says: the given one, else the first that this user can read."""
    if settings is not None:
        return _read(settings)
    for folder in FOLDERS:
        with suppress(OSError):
            return _read(Path(folder) / _FILE)
    return {}


def _read(file: Path) -> dict[str, str]:
    text = read_file(file).data.decode("utf-8", "replace")
    variables: dict[str, str] = {}
    with suppress(OSError):
        variables = dict(_SET.findall(read_file(file.parent.parent / "vars.xml").data.decode("utf-8", "replace")))
    text = _REFERENCE.sub(lambda found: variables.get(found[1], found[0]), text)
    with suppress(ET.ParseError):
        root = ET.fromstring(text)  # noqa: S314 - the switch's own file, which only root writes
        return {each.get("name", ""): each.get("value", "") for each in root.iter("param")}
    return {}


def connected(socket: tuple[str, int, Secret] | None) -> Inbound:
    """A connection to the switch's event socket. Raises Unreachable."""
    if socket is None:
        raise Unreachable(
            say("no event_socket.conf.xml that this user can read, and no ${password}", password=PASSWORD)
        )
    return Inbound(*socket)


@contextmanager
def asked(socket: tuple[str, int, Secret] | None) -> Iterator[Ask]:
    """A way to ask the switch, by its event socket, else by fs_cli with what that knows itself. Raises Unreachable."""
    if socket is not None:
        with Inbound(*socket) as connection:
            yield connection.api
        return
    command = shutil.which("fs_cli")
    if command is None:
        raise Unreachable(
            say("no event_socket.conf.xml that this user can read, no ${password}, and no fs_cli", password=PASSWORD)
        )
    yield lambda text: _fs_cli(command, text)


def _fs_cli(command: str, text: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fs_cli of the user's PATH
            [command, "-t", "5000", "-x", text], capture_output=True, timeout=ANSWER_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unreachable(say("fs_cli does not answer")) from None
    if done.returncode:
        raise Unreachable(
            say(
                "fs_cli: {why}",
                why=done.stderr.decode(errors="replace").strip() or done.stdout.decode(errors="replace").strip(),
            )
        )
    return done.stdout.decode("utf-8", "replace").rstrip("\n")
