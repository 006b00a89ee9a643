"""The way into the gate: what the dialplan does before it hands a call over, and to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from vipgate_fs.config.model import Configuration, Server
from vipgate_fs.dialplan.layout import longest, park_timeout
from vipgate_fs.doctor.facts import Facts
from vipgate_fs.doctor.finding import Finding, Mistake, Severity
from vipgate_fs.doctor.way import End, Way

_HOST: Final = re.compile(r"(?P<host>[^|\s]+):(?P<port>[0-9]+)")
_ANYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104 - where the gate listens

ELSEWHERE = Mistake(
    "socket-elsewhere",
    Severity.CRITICAL,
    "the dialplan hands calls to {found}; the gate of this configuration listens on {listen}",
    "Calls go to another gate, or to none and are refused.",
    "in the dialplan's socket action: {listen}; fs_cli -x reloadxml. Or server.listen in vipgate.yaml; vipgate reload",
)
NO_PORT = Mistake(
    "socket-port",
    Severity.CRITICAL,
    "a host of the socket action has no port: {found}",
    "FreeSWITCH takes the port of the host before it: this one is never asked where it listens.",
    "write HOST:PORT for each; fs_cli -x reloadxml",
)
NOT_ASYNC = Mistake(
    "socket-not-async",
    Severity.CRITICAL,
    "the socket action is not async: {found}",
    "A gate sees no hang-up and no digit while a prompt plays; VIPgate refuses such calls.",
    "socket HOST:PORT async full; fs_cli -x reloadxml",
)
NOT_FULL = Mistake(
    "socket-not-full",
    Severity.CRITICAL,
    "the socket action is not full: {found}",
    "The gate can neither look up users and groups nor release a call that passes.",
    "socket HOST:PORT async full; fs_cli -x reloadxml",
)
REFUSED = Mistake(
    "server-allow",
    Severity.CRITICAL,
    "the switch connects from {found}, and server.allow has only {allow}",
    "The gate refuses the connection, and so the call.",
    "server.allow in vipgate.yaml: the address of the switch; vipgate reload",
)
PINS_LOGGED = Mistake(
    "sensitive-dtmf",
    Severity.CRITICAL,
    "the dialplan does not set sensitive_dtmf before socket",
    "Digits that callers key in stand in the switch's log and events: PINs.",
    '<action application="set" data="sensitive_dtmf=true"/> above the socket action; fs_cli -x reloadxml',
)
NO_LIMIT = Mistake(
    "park-timeout",
    Severity.WARNING,
    "the dialplan sets no park_timeout before socket",
    "A call whose gate hangs waits for ever.",
    '<action application="set" data="park_timeout={wanted}:SUBSCRIBER_ABSENT"/> above the socket action; '
    "fs_cli -x reloadxml",
)
SHORT_LIMIT = Mistake(
    "park-timeout-short",
    Severity.CRITICAL,
    "park_timeout is {found} s; a dialogue at gate {gate} may take {seconds} s",
    "The caller is hung up on in the middle of it.",
    '<action application="set" data="park_timeout={wanted}:SUBSCRIBER_ABSENT"/>; fs_cli -x reloadxml',
)
NO_RESUME = Mistake(
    "socket-resume",
    Severity.WARNING,
    "the dialplan does not set socket_resume before socket",
    "A caller whose gate dies hears silence until the prompt is over, or for ever.",
    '<action application="set" data="socket_resume=true"/> above the socket action; fs_cli -x reloadxml',
)
NO_GUARD = Mistake(
    "gate-untaken",
    Severity.WARNING,
    "no sched_transfer with vipgate_untaken stands above socket",
    "A gate that hangs without taking the call keeps the caller waiting until park_timeout.",
    "take both actions over from VIPgate's own dialplan: vipgate files dialplan; fs_cli -x reloadxml",
)


def check(facts: Facts) -> Iterator[Finding]:
    """What each way that leads to a gate has done before."""
    if facts.configuration is None:
        return
    for way in (each.way for each in facts.incoming if each.way.end is End.GATE):
        yield from _socket(way, facts.configuration)
        yield from _before(way, facts.configuration)
        yield from _allowed(way, facts.configuration.server, facts.switch.variables if facts.switch else {})


def _socket(way: Way, configuration: Configuration) -> Iterator[Finding]:
    hosts, *words = way.last.removeprefix("socket ").split() or [""]
    found = [_HOST.fullmatch(host) for host in hosts.split("|")]
    server = configuration.server
    if not all(found):
        yield NO_PORT(found=hosts)
    elif not any(_is_ours(match["host"], match["port"], server) for match in found if match):
        yield ELSEWHERE(found=hosts, listen=f"{server.host}:{server.port}")
    if "async" not in words:
        yield NOT_ASYNC(found=way.last)
    if "full" not in words:
        yield NOT_FULL(found=way.last)


def _allowed(way: Way, server: Server, variables: Mapping[str, str]) -> Iterator[Finding]:
    for found in _HOST.finditer(way.last):
        if _is_ours(found["host"], found["port"], server):
            source = _address(found["host"])
            if source and not source.is_loopback:  # then the switch asks from an address of its own
                source = _address(variables.get("local_ip_v4", ""))
            if source and not any(source in network for network in server.allow):
                yield REFUSED(found=source, allow=", ".join(map(str, server.allow)))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _is_ours(host: str, port: str, server: Server) -> bool:
    """Whether a host of the socket action may be this gate. A name may, and any address if the gate listens on all."""
    is_address = re.fullmatch(r"[0-9.]+|[0-9a-fA-F:]+", host) is not None
    return int(port) == server.port and (host == server.host or server.host in _ANYWHERE or not is_address)


def _before(way: Way, configuration: Configuration) -> Iterator[Finding]:
    variables = way.state.variables
    needed = longest(configuration.gates)
    limit = (variables.get("park_timeout") or "").partition(":")[0]
    if not limit.isdigit():
        yield NO_LIMIT(wanted=park_timeout(needed.seconds))
    elif int(limit) < needed.seconds:
        yield SHORT_LIMIT(found=limit, gate=needed.gate, seconds=needed.seconds, wanted=park_timeout(needed.seconds))
    if variables.get("sensitive_dtmf") != "true":
        yield PINS_LOGGED()
    if variables.get("socket_resume") != "true":
        yield NO_RESUME()
    if not variables.get("vipgate_untaken"):
        yield NO_GUARD()
