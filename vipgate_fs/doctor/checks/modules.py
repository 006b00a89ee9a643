"""The switch itself: that it can be asked, its version, its modules, its event socket, its logs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from vipgate_fs.doctor.facts import Facts
from vipgate_fs.doctor.finding import Finding, Mistake, Severity
from vipgate_fs.doctor.switch import NEEDED, Switch

OLDEST: Final = (1, 10)
COMMANDS: Final = "mod_commands"
"""What answers nearly every question: without it, nothing else is known of the switch."""
_DEFAULT: Final = "ClueCon"
"""The event socket's password that FreeSWITCH ships (event_socket.conf.xml)."""

NOT_ASKED = Mistake(
    "switch-not-asked",
    Severity.UNKNOWN,
    "the switch can't be asked: {why}",
    "What is wrong there stays unknown.",
    "start FreeSWITCH; or name its event socket, and a file with the password: --switch HOST:PORT --password-file FILE",
)
UNREADABLE = Mistake(
    "answer-unreadable",
    Severity.UNKNOWN,
    "the switch's answer to {question} can't be read",
    "What is wrong there stays unknown.",
    "fs_cli -x '{question}' shows it; please report it",
)
OLD = Mistake(
    "switch-old",
    Severity.CRITICAL,
    "FreeSWITCH is version {version}",
    "VIPgate was tested with 1.10.12 and later.",
    "update FreeSWITCH to 1.10.12 or later",
)
MODULE_MISSING = Mistake(
    "module-missing",
    Severity.CRITICAL,
    "{module} is not loaded",
    "It is needed: without it a call does not reach the gate, or is refused there.",
    "fs_cli -x 'load {module}', and a line <load module=\"{module}\"/> in autoload_configs/modules.conf.xml",
)
SOCKET_OPEN = Mistake(
    "event-socket-open",
    Severity.CRITICAL,
    "the event socket listens on {address} with the password that everybody knows",
    "Whoever reaches it controls the switch, and runs commands on its machine.",
    "in autoload_configs/event_socket.conf.xml: listen-ip 127.0.0.1, and a password of your own; "
    "fs_cli -x 'reload mod_event_socket'",
)
PINS_LOGGED = Mistake(
    "pins-logged",
    Severity.WARNING,
    "{file} is written at level DEBUG",
    "Digits that a telephone sends by SIP INFO appear in it, one a line: PINs.",
    'in autoload_configs/logfile.conf.xml: <map name="all" value="info,notice,warning,err,crit,alert"/>; '
    "fs_cli -x 'reload mod_logfile'",
)


def check(facts: Facts) -> Iterator[Finding]:
    """The switch answers, is new enough, has the modules, and keeps its event socket and PINs to itself."""
    if facts.switch is None:
        if facts.why_no_switch:
            yield NOT_ASKED(why=facts.why_no_switch)
        return
    switch = facts.switch
    if COMMANDS not in switch.modules:
        yield MODULE_MISSING(module=COMMANDS)
        return
    yield from (UNREADABLE(question=question) for question in switch.unreadable)
    found = re.match(r"(\d+)\.(\d+)", switch.version)
    if found and (int(found[1]), int(found[2])) < OLDEST:
        yield OLD(version=switch.version)
    for module in NEEDED:
        if module not in switch.modules:
            yield MODULE_MISSING(module=module)
    yield from _event_socket(switch)
    if facts.profiles:
        yield from (PINS_LOGGED(file=name) for name, levels in switch.log_levels.items() if levels & {"debug", "all"})


def _event_socket(switch: Switch) -> Iterator[Finding]:
    settings = switch.event_socket
    address = settings.get("listen-ip", "127.0.0.1")
    is_known = settings.get("password", _DEFAULT) == _DEFAULT
    if is_known and not _is_loopback(address) and not settings.get("apply-inbound-acl"):
        yield SOCKET_OPEN(address=address)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
