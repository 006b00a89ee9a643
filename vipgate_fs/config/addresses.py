"""Addresses: where to listen, and where somebody listens."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final

from vipgate_fs.sentences import say

MOST_PORT: Final = 65535
_HOST_AND_PORT: Final = re.compile(
    r"(\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9][A-Za-z0-9_.-]*)):(?P<port>[0-9]{1,5})", re.ASCII
)
LOCALHOST: Final = "localhost"
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is listened on is no address to call


def host_and_port(text: str, least: int = 1) -> tuple[str, int] | None:
    """Name or address, IPv6 without its brackets, and port, from `least` on; None: it is no such thing."""
    match = _HOST_AND_PORT.fullmatch(text)
    if match is None or not least <= int(match["port"]) <= MOST_PORT:
        return None
    if match["v6"] and not (":" in match["v6"] and is_address(match["v6"])):
        return None
    return match["v6"] or match["host"], int(match["port"])


def listening(text: str) -> tuple[str, int]:
    """Host, without brackets, and port, 0 for any. Raises ValueError: the text says what is allowed."""
    found = host_and_port(text, least=0)
    if found is None:
        raise ValueError(say('found {text}; allowed: host:port, such as 127.0.0.1:8084 or "[::1]:8084"', text=text))
    return found


def is_address(text: str) -> bool:
    """Whether it is an IP address, and no name."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def nearest(host: str) -> str:
    """The address at which this machine reaches who listens there: on all of its addresses, the loopback one."""
    return _EVERYWHERE.get(host, host)


def is_loopback(host: str) -> bool:
    """Whether a name or address, without brackets, is this machine and nothing else."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == LOCALHOST
