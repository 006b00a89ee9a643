"""A call's way: the trunk's context leads to the gate, nothing leads round it, and what passes gets somewhere."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from vipgate_fs.config.model import Configuration
from vipgate_fs.doctor.facts import Facts
from vipgate_fs.doctor.finding import Finding, Mistake, Severity
from vipgate_fs.doctor.numbers import is_protected
from vipgate_fs.doctor.routes import NO_HEADERS, Incoming, onward
from vipgate_fs.doctor.switch import Switch
from vipgate_fs.doctor.way import End, Way, begin, find_context, ways
from vipgate_fs.gate.call import REQUEST_URI
from vipgate_fs.gate.gate import Gate, Route
from vipgate_fs.gate.numbers import folded
from vipgate_fs.gate.verdict import Forward, Reject
from vipgate_fs.sentences import listed

OURS: Final = ("vipgate", "vipgate-no-gate", "vipgate-passed")
"""Contexts of the dialplan that VIPgate ships."""
_HEADERS: Final = re.compile(r"sip_to_user|sip_req_user|sip_to_uri|sip_req_uri|sip_h_[A-Za-z-]+")
_STRANGER: Final = "5550199019901"
"""A number that is nobody's."""
_ANY_HOST: Final = "127.0.0.1"
_PARAMETERS: Final = ";npdi;rn=+4919912345"
"""What the carrier of a ported number adds to it (RFC 4694)."""
_SHORTEST: Final = 6
"""Characters of a number that can't be an extension."""

BYPASSED = Mistake(
    "gate-bypassed",
    Severity.CRITICAL,
    "calls through {entry} go round the gate: {way}",
    "Gate {gate} protects this number, and nobody is asked.",
    "let the context {context} lead to the gate (docs/freeswitch.md, 2); what stands above that goes round it",
)
BYPASSED_IF = Mistake(
    "gate-bypassed-sometimes",
    Severity.WARNING,
    "some calls through {entry} go round the gate, when {when}: {way}",
    "Gate {gate} protects this number, and such a caller is not asked.",
    "move that extension below the gate, or to where only those calls come that have passed",
)
NO_WAY = Mistake(
    "gate-unreached",
    Severity.CRITICAL,
    "no call from outside reaches the gate; one through {entry}: {way}",
    "The gate has nothing to do, and calls to {number} are refused.",
    'in the trunk\'s SIP profile: <param name="context" value="vipgate"/>; fs_cli -x \'sofia profile PROFILE restart\'',
)
ELSEWHERE = Mistake(
    "dialplan-elsewhere",
    Severity.UNKNOWN,
    "the switch gets its dialplan by {modules}, call by call",
    "Whether calls meet the gate can't be read there.",
    "vipgate doctor --call NUMBER tries it, for each number that a gate protects",
)
NO_TRUNK = Mistake(
    "trunk-unknown",
    Severity.UNKNOWN,
    "no SIP profile or gateway takes calls from outside{names}",
    "Whether calls meet the gate stays unknown.",
    "fs_cli -x 'sofia status' lists profiles and gateways; name those of your trunk: --trunk NAME",
)
NO_CONTEXT = Mistake(
    "context-missing",
    Severity.CRITICAL,
    "{entry} leads to the context {context}, which is not there",
    "Its calls are refused.",
    "correct the parameter context of {entry}; or install the dialplan, and fs_cli -x reloadxml",
)
UNKNOWN_WAY = Mistake(
    "way-unknown",
    Severity.UNKNOWN,
    "calls through {entry} can't be followed: {way}",
    "A script, another dialplan, or a database decides about them.",
    "vipgate doctor --call {number} tries it",
)
TWICE = Mistake(
    "context-twice",
    Severity.CRITICAL,
    "the context {context} is there {count} times",
    "FreeSWITCH sees only the first one: what stands in the others does not exist.",
    "put all extensions of {context} into one context, in one file; fs_cli -x reloadxml",
)
NOT_INSTALLED = Mistake(
    "dialplan-missing",
    Severity.CRITICAL,
    "the dialplan has no context {context}, where gate {gate} sends the calls that pass",
    "Whoever passes is hung up on.",
    "install VIPgate's dialplan (docs/freeswitch.md, 2), or correct route.context of the gate; fs_cli -x reloadxml",
)
NOWHERE = Mistake(
    "passed-nowhere",
    Severity.CRITICAL,
    "calls to {number} that pass get nowhere: {way}",
    "Whoever has the right PIN is hung up on.",
    "an extension for {number} in the context {context}; fs_cli -x reloadxml",
)
FORWARD_NOWHERE = Mistake(
    "forwarded-nowhere",
    Severity.CRITICAL,
    "gate {gate} sends calls to {number}, and they get nowhere: {way}",
    "They are hung up on.",
    "an extension for {number} in the context {context}; fs_cli -x reloadxml",
)
AGAIN = Mistake(
    "gate-again",
    Severity.CRITICAL,
    "calls that pass are handed to a gate again: {way}",
    "The caller is asked for ever, or hung up on.",
    'in the context {context}: <action application="export" data="vipgate_passed=true"/> before anything else',
)
OTHER_NUMBER = Mistake(
    "another-number-leads-there",
    Severity.WARNING,
    "a call to {other} meets no gate, and goes where {number} goes: {way}",
    "Whoever can have it dialled reaches gate {gate}'s people unasked.",
    "write ^ at the beginning and $ at the end of that extension's expression; fs_cli -x reloadxml",
)
OTHER_HEADER = Mistake(
    "another-header-decides",
    Severity.CRITICAL,
    "the context {context} goes by {field}, the gate by the Request-URI",
    "A caller who writes another number there is judged by one number and put through to another.",
    "site.called_number in vipgate.yaml: [To] for sip_to_user; or let the context go by destination_number",
)


PARAMETERS = Mistake(
    "number-parameters",
    Severity.WARNING,
    "a call to {number} through {entry} does not reach the gate as one without parameters does: {way}",
    "Ported numbers and some trunks add them: such a call is refused, or goes round the gate.",
    'in its SIP profile: <param name="parse-invite-tel-params" value="true"/>; '
    "fs_cli -x 'sofia profile PROFILE restart'",
)


def check(facts: Facts) -> Iterator[Finding]:
    """Every way of a call to a protected number."""
    if facts.switch is None or facts.configuration is None:
        return
    if facts.switch.bindings:
        yield ELSEWHERE(modules=listed(facts.switch.bindings))
        return
    yield from _contexts(facts.switch, facts.configuration)
    if not facts.entries:
        yield NO_TRUNK(names=f": {', '.join(facts.trunks)}" if facts.trunks else "")
    yield from _missing_entries(facts)
    yield from _bypasses(facts)
    ends = {each.way.end for each in facts.incoming}
    is_there = all(find_context(facts.switch.dialplan, entry.context) is not None for entry in facts.entries)
    if is_there and facts.incoming and not ends & {End.GATE, End.UNKNOWN, End.THROUGH}:
        first = facts.incoming[0]
        yield NO_WAY(entry=first.entry.name, way=first.way.description, number=first.sample.number)
    yield from _after(facts, facts.switch, facts.configuration)
    yield from _with_parameters(facts, facts.switch)


def _with_parameters(facts: Facts, switch: Switch) -> Iterator[Finding]:
    """Numbers with parameters (RFC 3966, RFC 4694) where nobody cuts them off."""
    met = {(each.entry.name, each.entry.context): each for each in facts.incoming if each.way.end is End.GATE}
    for entry, number in ((each.entry, each.sample.number) for each in met.values()):
        if entry.profile is not None and not entry.profile.has("parse-invite-tel-params"):
            written = f"{number}{_PARAMETERS}"
            found = list(ways(switch.dialplan, begin(written, entry.context, switch.variables)))
            if not any(way.end is End.GATE and ";" not in (way.state.number or "") for way in found):
                yield PARAMETERS(number=written, entry=entry.name, way=found[0].description)


def _contexts(switch: Switch, configuration: Configuration) -> Iterator[Finding]:
    names = [folded(context.get("name", "")) for context in switch.dialplan.findall("context")]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield TWICE(context=name, count=names.count(name))
    for gate in configuration.gates:
        if gate.enabled and gate.route.is_xml and folded(gate.route.context) not in names:
            yield NOT_INSTALLED(context=gate.route.context, gate=gate.name)


def _missing_entries(facts: Facts) -> Iterator[Finding]:
    switch = facts.switch
    if switch is None:
        return
    for entry in facts.entries:
        if find_context(switch.dialplan, entry.context) is None:
            yield NO_CONTEXT(entry=entry.name, context=entry.context)


def _bypasses(facts: Facts) -> Iterator[Finding]:
    """One finding for each entry and gate, or one for each thing that must be so, however the number is written."""
    together: defaultdict[tuple[str, str], list[Incoming]] = defaultdict(list)
    for each in facts.incoming:
        together[each.entry.name, each.sample.gate.name].append(each)
    for several in together.values():
        through = [each for each in several if each.way.end is End.THROUGH]
        for each in _fewest(through):
            yield _bypass(each)
        unknown = next((each for each in several if each.way.end is End.UNKNOWN), None)
        if unknown and not through:
            yield UNKNOWN_WAY(entry=unknown.entry.name, way=unknown.way.description, number=unknown.sample.number)


def _fewest(through: Sequence[Incoming]) -> Iterator[Incoming]:
    """Those that need no more than another one does."""
    kept: list[set[str]] = []
    for each in sorted(through, key=lambda each: len(each.way.provided)):
        needs = set(each.way.provided)
        if not any(less <= needs for less in kept):
            kept.append(needs)
            yield each


def _bypass(each: Incoming) -> Finding:
    entry, way, gate = each.entry, each.way, each.sample.gate.name
    if not way.provided:
        return BYPASSED(entry=entry.name, way=way.description, gate=gate, context=entry.context)
    return BYPASSED_IF(entry=entry.name, when=listed(way.provided), way=way.description, gate=gate)


def _after(facts: Facts, switch: Switch, configuration: Configuration) -> Iterator[Finding]:
    """What becomes of those who pass. A number arrives if it does in one of the ways in which a trunk may write it."""
    met: defaultdict[tuple[str, str], dict[str, Incoming]] = defaultdict(dict)
    bypassed = {each.sample.target for each in facts.incoming if each.way.end is End.THROUGH}
    for each in facts.incoming:
        route = each.sample.gate.route
        is_known = route.is_xml and find_context(switch.dialplan, route.context) is not None
        if (
            is_known
            and _lets_in(each.sample.gate)
            and each.sample.target
            and each.sample.target not in bypassed
            and each.way.end is End.GATE
        ):
            met[each.sample.gate.name, each.sample.target].setdefault(each.sample.number, each)
    for several in met.values():
        found = [(each, way) for each in several.values() for way in _passed(each, switch)]
        arrived = [(each, way) for each, way in found if _arrives(way)]
        if not arrived:
            each, way = found[0]
            mistake = AGAIN if way.end in (End.GATE, End.ROUND) else NOWHERE
            yield mistake(number=each.sample.number, way=way.description, context=way.contexts[-1])
            continue
        yield from _others(*arrived[0], switch, configuration)
        contexts = [name for _, way in found for name in way.contexts]
        yield from _headers(arrived[0][0], contexts, switch, configuration)
    for gate, target, before in _targets(next(iter(several.values())) for several in met.values()):
        ways_on = onward(switch, before, target, gate.route.context)
        if not any(map(_arrives, ways_on)):
            way = ways_on[0]
            yield FORWARD_NOWHERE(gate=gate.name, number=target, way=way.description, context=way.contexts[-1])


def _lets_in(gate: Gate) -> bool:
    """Whether a gate lets anybody through, ever."""
    return bool(gate.steps or gate.active or not isinstance(gate.otherwise, Reject))


def _passed(each: Incoming, switch: Switch, headers: Mapping[str, str] = NO_HEADERS) -> list[Way]:
    return onward(switch, each.way, each.sample.number, each.sample.gate.route.context, headers)


def _arrives(way: Way) -> bool:
    return way.end in (End.THROUGH, End.UNKNOWN) or (way.end is End.REFUSED and way.is_heard)


def _targets(met: Iterable[Incoming]) -> Iterator[tuple[Gate, str, Way]]:
    """The numbers that a gate's configuration sends calls to, once each, and a way on which such a call came."""
    seen: set[tuple[str, str]] = set()
    for each in met:
        gate = each.sample.gate
        for target in _named_targets(gate):
            if (gate.name, target) not in seen and gate.route.is_xml:
                seen.add((gate.name, target))
                yield gate, target, each.way


def _named_targets(gate: Gate) -> Iterator[str]:
    verdicts = (gate.otherwise, *(step.on_failure for step in gate.steps))
    yield from (verdict.target for verdict in verdicts if isinstance(verdict, Forward))
    yield from filter(None, gate.targets)


def _others(each: Incoming, arrived: Way, switch: Switch, configuration: Configuration) -> Iterator[Finding]:
    """Numbers that no gate protects, and that lead to where a protected one leads."""
    number, entry = each.sample.number, each.entry
    if not number.lstrip("+").isdigit() or len(number) < _SHORTEST or arrived.provided:
        return
    for other in (f"99{number.lstrip('+')}", f"{number}9"):
        if is_protected(configuration, other):
            continue
        way = _unjudged(other, entry.context, switch, configuration)
        if way and way.end is End.THROUGH and way.last == arrived.last:
            stranger = _unjudged(_STRANGER, entry.context, switch, configuration)
            if stranger is None or stranger.last != way.last:
                yield OTHER_NUMBER(other=other, number=number, way=way.description, gate=each.sample.gate.name)


def _unjudged(
    number: str, context: str, switch: Switch, configuration: Configuration, headers: Mapping[str, str] = NO_HEADERS
) -> Way | None:
    """Where a call to a number goes that no gate protects: a gate lets it pass. None: a gate judges it after all."""
    call = begin(number, context, switch.variables, headers)
    before = next(ways(switch.dialplan, call, most=1))
    if before.end is not End.GATE:
        return before
    asked = before.state.number or number
    if is_protected(configuration, asked):
        return None
    return next(iter(onward(switch, before, asked, Route().context, headers)), None)


def _headers(
    each: Incoming, contexts: Iterable[str], switch: Switch, configuration: Configuration
) -> Iterator[Finding]:
    """Headers that lead a call to nobody's number, which no gate judges, to where a protected one goes."""
    if configuration.site.called_number[0] != REQUEST_URI:
        return
    number, entry = each.sample.number, each.entry.context
    for name in dict.fromkeys(name for name in contexts if folded(name) not in OURS):
        for field in _header_fields(find_context(switch.dialplan, name)):
            headers = {field: f"{number}@{_ANY_HOST}" if field.endswith("_uri") else number}
            there = {way.last for way in _passed(each, switch, headers) if way.end is End.THROUGH}
            way = _unjudged(_STRANGER, entry, switch, configuration, headers)
            without = _unjudged(_STRANGER, entry, switch, configuration)
            if way and way.end is End.THROUGH and way.last in there and (without is None or without.last != way.last):
                yield OTHER_HEADER(context=name, field=field)


def _header_fields(context: ET.Element | None) -> Iterator[str]:
    """The headers that a context's conditions or actions go by, once each."""
    written = () if context is None else (value for each in context.iter() for value in each.attrib.values())
    yield from dict.fromkeys(found for value in written for found in _HEADERS.findall(value))
