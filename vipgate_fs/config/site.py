"""`site` and `server`."""

from __future__ import annotations

import re
from functools import partial
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from vipgate_fs.config.holidays import read_holidays
from vipgate_fs.config.model import Server, Site
from vipgate_fs.config.reading import Reader
from vipgate_fs.document.findings import did_you_mean
from vipgate_fs.document.nodes import Mapping, Scalar
from vipgate_fs.duration import duration
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.resources import resource
from vipgate_fs.timezones import names, timezone

COUNTRY: Final = "DE"
TIMEZONE: Final = "Europe/Berlin"
LISTEN: Final = ("127.0.0.1", 8084)
ALLOW: Final = ("127.0.0.0/8", "::1/128")
WORKERS: Final = 1
MAX_CALLS: Final = 2000
DRAIN: Final = 30.0
_MAX_PORT: Final = 65535
_GERMAN: Final = frozenset({"DE", "AT", "CH", "LI", "LU"})
_LISTEN: Final = re.compile(r"(\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9_.-]+)):(?P<port>[0-9]{1,5})", re.ASCII)
_PATH: Final = re.compile(r"[A-Za-z0-9_./-]+", re.ASCII)


def read_site(node: Mapping, reader: Reader) -> Site:
    """The site; what is missing or wrong in it has its default."""
    country = reader.value(node, "country", str, COUNTRY)
    zone = reader.value(node, "timezone", _timezone, timezone(TIMEZONE))
    sounds = reader.value(node, "sounds", Path, resource("sounds"))
    if not _PATH.fullmatch(str(sounds)):
        reader.report.error(
            node, f"VIPgate's own sounds are in {sounds}, which FreeSWITCH can't be told; set site.sounds"
        )
    return Site(
        plan=reader.value(node, "country", NumberPlan, NumberPlan(COUNTRY)),
        calendar=Calendar(zone, read_holidays(node, country, reader)),
        language=reader.value(node, "language", str, "de" if country in _GERMAN else "en"),
        number_format=reader.value(node, "number_format", str, "00"),
        sounds=sounds,
        domain=reader.value(node, "domain", str, None),
    )


def _timezone(text: str) -> ZoneInfo:
    if text in names():
        return timezone(text)
    raise ValueError(
        f"unknown time zone {text}{did_you_mean(text, names())}; allowed: an IANA name such as Europe/Berlin"
    )


def read_server(node: Mapping, reader: Reader) -> Server:
    """The server; what is missing or wrong in it has its default."""
    host, port = reader.value(node, "listen", _listen, LISTEN)
    written = [item for item in node.items("allow") if isinstance(item, Scalar)]
    networks = [reader.parsed(item, _network, None) for item in written]
    allow = tuple(network for network in networks if network) or tuple(map(ip_network, ALLOW))
    if not _is_loopback(host) and all(network.is_loopback for network in allow):
        reader.report.warning(
            node.keys["listen"],
            "a FreeSWITCH on another machine will be refused: allow has only this one; add its address there",
        )
    return Server(
        host,
        port,
        allow,
        workers=reader.value(node, "workers", int, WORKERS),
        max_calls=reader.value(node, "max_calls", int, MAX_CALLS),
        drain=reader.value(node, "drain", partial(duration, least="0s", most="900s"), DRAIN),
    )


def _listen(text: str) -> tuple[str, int]:
    match = _LISTEN.fullmatch(text)
    if match is None or int(match["port"]) > _MAX_PORT or (match["v6"] and not _is_ipv6(match["v6"])):
        raise ValueError(f'found {text}; allowed: host:port, such as 127.0.0.1:8084 or "[::1]:8084"')
    return match["v6"] or match["host"], int(match["port"])


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValueError(f"{error}; allowed: an address or a network, such as 10.1.2.0/24") from None
