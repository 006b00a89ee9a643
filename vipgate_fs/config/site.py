"""`site` and `server`."""

from __future__ import annotations

import re
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final, cast
from zoneinfo import ZoneInfo

from vipgate_fs.config.holidays import read_holidays
from vipgate_fs.config.model import Server
from vipgate_fs.document.findings import did_you_mean
from vipgate_fs.document.section import Section
from vipgate_fs.gate.call import REQUEST_URI
from vipgate_fs.gate.numbers import NumberPlan, TrunkFormat
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.gate.site import Site
from vipgate_fs.identify.channel_variable import is_filled
from vipgate_fs.resources import resource
from vipgate_fs.sentences import listed, say
from vipgate_fs.timezones import names, timezone

_MAX_PORT: Final = 65535
_GERMAN: Final = frozenset({"DE", "AT", "CH", "LI", "LU"})
_LISTEN: Final = re.compile(r"(\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9_.-]+)):(?P<port>[0-9]{1,5})", re.ASCII)
_OF_THE_CALLER: Final = ("To", "Diversion")
"""Headers that many trunks pass on as the caller's telephone wrote them."""
_LOCALHOST: Final = "localhost"
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is listened on is no address to call
OTEL: Final = "pip install 'vipgate-fs[otel]'"
_PATH: Final = re.compile(r"[A-Za-z0-9_./-]+", re.ASCII)


def read_site(section: Section) -> Site:
    """The site."""
    country = section.text("country")
    zone = section.read("timezone", _timezone)
    sounds = section.find("sounds", Path) or resource("sounds")
    if not _PATH.fullmatch(str(sounds)):
        section.error(
            say(
                "VIPgate's own sounds are in {sounds}, a path that FreeSWITCH can't use; set site.sounds", sounds=sounds
            )
        )
    withheld = tuple(item.text for item in section.items("withheld"))
    trunk_format = cast("TrunkFormat | None", section.find("trunk_format", str))
    return Site(
        plan=section.read("country", lambda text: NumberPlan(text, withheld)),
        trunk=section.read("country", lambda text: NumberPlan(text, withheld, trunk_format)),
        calendar=Calendar(zone, read_holidays(section, country)),
        language=section.find("language", str) or ("de" if country in _GERMAN else "en"),
        number_format=section.text("number_format"),
        sounds=sounds,
        domain=section.find("domain", str),
        domain_variable=section.find("domain_variable", _variable),
        called_number=_called_number(section),
    )


def _variable(name: str) -> str:
    if is_filled(name):
        raise ValueError(
            say(
                "a SIP message or the switch itself fills {name}, so the caller could choose the domain; "
                "allowed: one that only your dialplan sets, such as domain_name",
                name=name,
            )
        )
    return name


def _called_number(section: Section) -> tuple[str, ...]:
    """Headers with the called number. If the Request-URI is not among them, none of them can bypass its gate."""
    headers = tuple(item.text for item in section.items("called_number"))
    if REQUEST_URI not in headers:
        return (REQUEST_URI, *headers)
    before = [header for header in headers[: headers.index(REQUEST_URI)] if header in _OF_THE_CALLER]
    if before:
        section.warn(
            say(
                "whoever can write {before} chooses the gate, also for a Request-URI that another gate "
                "protects; if your trunk does not set it itself, put it behind Request-URI",
                before=listed(before),
            ),
            "called_number",
        )
    return headers


def _timezone(text: str) -> ZoneInfo:
    if text in names():
        return timezone(text)
    raise ValueError(
        say(
            "unknown time zone {name}{hint}; allowed: an IANA name such as Europe/Berlin",
            name=text,
            hint=did_you_mean(text, names()),
        )
    )


def read_server(section: Section) -> Server:
    """The server."""
    host, port = section.read("listen", _listen)
    allow = tuple(network for item in section.items("allow") if (network := section.parsed(item, _network)))
    if not is_loopback(host) and allow and all(network.is_loopback for network in allow):
        section.report.warning(
            section.keys["listen"],
            say("a FreeSWITCH on another machine will be refused: allow has only this one; add its address there"),
        )
    metrics = section.find("metrics", _metrics)
    if metrics == (host, port) and port:
        section.error(say("found the address of server.listen; monitors need a port of their own"), "metrics")
    if "traces" in section and find_spec("opentelemetry") is None:
        section.warn(say("OpenTelemetry is not installed: no traces. {install}", install=OTEL), "traces")
    return Server(
        host,
        port,
        allow,
        workers=section.integer("workers"),
        max_calls=section.integer("max_calls"),
        drain=section.duration("drain"),
        metrics=metrics,
        traces=section.find("traces", str),
        admin=section.find("admin", lambda text: _admin(text, (host, port))),
    )


def page_address(text: str) -> tuple[str, int]:
    """Where the page is: on this machine, because it has no TLS of its own, and its passwords are not for others.

    Raises:
        ValueError: this is no such address. The text says what is allowed.
    """
    host, port = _listen(text)
    if not is_loopback(host):
        raise ValueError(
            f"found {text}; allowed: an address of this machine only, such as 127.0.0.1:8085, because the page has no "
            "TLS; reach it from elsewhere by an SSH tunnel: ssh -L 8085:127.0.0.1:8085 HOST"
        )
    return host, port


def _admin(text: str, listen: tuple[str, int]) -> tuple[str, int]:
    where = page_address(text)
    if where == listen and where[1]:
        raise ValueError(f"found {text}, where FreeSWITCH connects (server.listen); allowed: another port")
    return where


def _listen(text: str) -> tuple[str, int]:
    match = _LISTEN.fullmatch(text)
    if match is None or int(match["port"]) > _MAX_PORT or (match["v6"] and not _is_ipv6(match["v6"])):
        raise ValueError(say('found {text}; allowed: host:port, such as 127.0.0.1:8084 or "[::1]:8084"', text=text))
    return match["v6"] or match["host"], int(match["port"])


def _metrics(text: str) -> tuple[str, int]:
    """No name that DNS would be asked for: the supervisor tries the port again while it serves."""
    match = _LISTEN.fullmatch(text)
    host = match and (match["v6"] or match["host"])
    if host is None or not (host == _LOCALHOST or _is_address(host)):
        raise ValueError(f"found {text}; allowed: address:port, such as 127.0.0.1:9464, with no name but localhost")
    return _listen(text)


def _is_address(text: str) -> bool:
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
        return host == _LOCALHOST


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
        raise ValueError(say("{error}; allowed: an address or a network, such as 10.1.2.0/24", error=error)) from None
