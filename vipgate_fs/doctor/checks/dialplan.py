"""The dialplan that VIPgate prints: installed as this configuration and this version need it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from typing import Final

from vipgate_fs.config.model import Configuration
from vipgate_fs.dialplan.differences import differences
from vipgate_fs.dialplan.layout import OWN, layout
from vipgate_fs.dialplan.parts import Action, Context
from vipgate_fs.dialplan.reading import Unreadable, read
from vipgate_fs.dialplan.standard import REVISION, contexts
from vipgate_fs.doctor.facts import Facts
from vipgate_fs.doctor.finding import Finding, Mistake, Severity
from vipgate_fs.sentences import say

_PIN: Final = re.compile(r"pin:\S+")

OUTDATED = Mistake(
    "dialplan-outdated",
    Severity.WARNING,
    "the installed dialplan has {has}, this version of VIPgate needs revision {needs}: {difference}",
    "What VIPgate relies on may be missing in it.",
    "vipgate dialplan --diff /etc/freeswitch/dialplan/vipgate.xml shows what differs; "
    "vipgate dialplan > /etc/freeswitch/dialplan/vipgate.xml; fs_cli -x reloadxml",
)
DIFFERS = Mistake(
    "dialplan-differs",
    Severity.WARNING,
    "the installed dialplan is not the one of this configuration: {difference}",
    "Somebody has edited it, or the configuration needs another one since then.",
    "vipgate dialplan --diff /etc/freeswitch/dialplan/vipgate.xml, with the options that it was printed with",
)


def check(facts: Facts) -> Iterator[Finding]:
    """What is installed does what this configuration needs. A dialplan of the site's own is not compared."""
    if facts.switch is None or facts.switch.bindings or facts.configuration is None:
        return
    try:
        found = read(ET.tostring(facts.switch.dialplan))
    except Unreadable:
        return
    entry = next((each for each in found if each.revision is not None), None)
    entry = entry or next((each for each in found if each.name == OWN), None)
    if entry is None:
        return
    differing = _differing(facts.configuration, entry, found)
    if differing and entry.revision != REVISION:
        has = say("no revision") if entry.revision is None else say("revision {number}", number=entry.revision)
        yield OUTDATED(has=has, needs=REVISION, difference=_without_pins(differing[-1]))
    elif differing:
        yield DIFFERS(difference=_without_pins(differing[0]))


def _without_pins(difference: str) -> str:
    """The sentence; without the PIN that a dialplan may set as a verdict: `vipgate_verdict=pin:0815`."""
    return _PIN.sub("pin:…", difference) if _PIN.search(difference) else difference


def _differing(configuration: Configuration, entry: Context, found: Sequence[Context]) -> Sequence[str]:
    """The differences, where what a site may choose is as it is installed: hosts, contexts, to fail open."""
    routes = {gate.route.context for gate in configuration.gates if gate.route.context.startswith(OWN)}
    passed = [each for each in found if each.name in routes]
    onward = [name for each in passed if (name := _leads_to(each, "-called-number"))]
    others = {each.name: name for each in passed if (name := _leads_to(each, "-other-target"))}
    gates = [host for action in _actions(entry, "socket") for host in action.data.split()[0].split("|")][:8]
    only = [each.expression for one in entry.extensions for each in one.conditions if _asks(each.actions)]
    try:
        made = [
            layout(
                configuration,
                gates=[_bracketed(gate) for gate in gates],
                entry=entry.name,
                called=(onward or ["public"])[0],
                others_of=others,
                only=only[0] if only and only[0] != "^.+$" else None,
                fails_open=opens,
            )
            for opens in (False, True)
        ]
    except ValueError:  # such as a host without a port, which is a finding of its own
        return ()
    return min((differences(contexts(one), found) for one in made), key=len)


def _bracketed(host: str) -> str:
    """`HOST:PORT`, an IPv6 address in brackets."""
    name, _, port = host.rpartition(":")
    return f"[{name}]:{port}" if ":" in name else host


def _actions(context: Context, application: str) -> Iterator[Action]:
    for extension in context.extensions:
        for condition in extension.conditions:
            yield from (action for action in condition.actions if action.application == application and action.data)


def _asks(actions: Sequence[Action]) -> bool:
    return any(action.application == "socket" for action in actions)


def _leads_to(context: Context, which: str) -> str:
    """The context that an extension transfers to; "": none that can be read."""
    for extension in context.extensions:
        if extension.name.endswith(which):
            for condition in extension.conditions:
                for action in condition.actions:
                    words = action.data.split()
                    if action.application == "transfer" and words:
                        return words[-1]
    return ""
