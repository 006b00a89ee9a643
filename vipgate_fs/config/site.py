"""`site` and `server`."""

from __future__ import annotations

import datetime as dt
import re
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final, cast
from zoneinfo import ZoneInfo

from vipgate_fs.config.addresses import LOCALHOST, is_address, is_loopback, listening
from vipgate_fs.config.holidays import read_holidays
from vipgate_fs.config.model import Server
from vipgate_fs.config.page import read_page
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

_GERMAN: Final = frozenset({"DE", "AT", "CH", "LI", "LU"})
_OF_THE_CALLER: Final = ("To", "Diversion")
"""Headers that many trunks pass on as the caller's telephone wrote them."""
_HERE: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
OTEL: Final = "pip install 'vipgate-fs[otel]'"
_PATH: Final = re.compile(r"[A-Za-z0-9_./-]+", re.ASCII)


def read_site(section: Section) -> Site:
    """The site."""
    country = section.text("country")
    zone = section.read("timezone", _timezone)
    if zone is not None and zone.key.startswith(("Etc/GMT+", "Etc/GMT-")):
        offset = dt.datetime(2026, 1, 1, tzinfo=zone).isoformat()[len("2026-01-01T00:00:00") :]
        what = say("the clock there shows UTC{offset}: such names turn the sign round; write a place", offset=offset)
        section.warn(what, "timezone")
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
    host, port = section.read("listen", listening)
    metrics = section.find("metrics", _metrics)
    if metrics == (host, port) and port:
        section.error(say("found the address of server.listen; monitors need a port of their own"), "metrics")
    if "traces" in section and find_spec("opentelemetry") is None:
        section.warn(say("OpenTelemetry is not installed: no traces. {install}", install=OTEL), "traces")
    return Server(
        host,
        port,
        _allowed(section, host),
        workers=section.integer("workers"),
        max_calls=section.integer("max_calls"),
        drain=section.duration("drain"),
        metrics=metrics,
        traces=section.find("traces", str),
        admin=read_page(section, (host, port)),
    )


def _allowed(section: Section, host: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks that FreeSWITCH may come from."""
    items = [(item, network) for item in section.items("allow") if (network := section.parsed(item, _network))]
    allow = tuple(network for _, network in items)
    if is_loopback(host):
        here = [network for network in _HERE if host == LOCALHOST or network.version == ip_address(host).version]
        if allow and not any(one.version == other.version and one.overlaps(other) for one in allow for other in here):
            message = say(
                "nobody can connect: FreeSWITCH comes from this machine (listen), which allow does not have; "
                "add {network}",
                network=here[0],
            )
            section.report.warning(section.place("allow"), message)
        return allow
    if allow and all(network.is_loopback for network in allow):
        section.report.warning(
            section.keys["listen"],
            say("a FreeSWITCH on another machine will be refused: allow has only this one; add its address there"),
        )
    for item, network in items:
        if network.prefixlen == 0:
            message = say(
                "{network} is everybody: who reaches the port can make up callers and guess PINs with them; "
                "allowed is best the address of FreeSWITCH alone",
                network=network,
            )
            section.report.warning(item, message)
    return allow


def _metrics(text: str) -> tuple[str, int]:
    """No name that DNS would be asked for: the supervisor tries the port again while it serves."""
    try:
        host = listening(text)[0]
    except ValueError:
        host = ""
    if not (host == LOCALHOST or is_address(host)):
        raise ValueError(
            say("found {text}; allowed: address:port, such as 127.0.0.1:9464, with no name but localhost", text=text)
        )
    return listening(text)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValueError(say("{error}; allowed: an address or a network, such as 10.1.2.0/24", error=error)) from None
