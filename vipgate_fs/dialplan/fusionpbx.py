"""The gate as rows of FusionPBX's dialplan: in its tables, or as files that its app defaults import.

Its handler does not read conf/dialplan, and answers contexts that have no rows with those of every domain. Each row
here has no domain: with one, the handler would leave it out without a word. Its pages write a row's XML anew from the
details, without escaping them: so none of ours needs any.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from vipgate_fs.config.model import Configuration
from vipgate_fs.dialplan import standard
from vipgate_fs.dialplan.layout import Layout
from vipgate_fs.dialplan.parts import Action, Condition, Extension
from vipgate_fs.dialplan.standard import DIALABLE, NUMBER
from vipgate_fs.gate.dialable import PATTERN
from vipgate_fs.sentences import Sentence, say

ORDER: Final = 20
"""Of the gate's row: behind caller-details (10), before every destination (100 unless chosen)."""
IN_DOMAINS: Final = 38
"""Of the gate's row in the domains' contexts: behind call_direction, before the first that rings."""
GLOBAL: Final = "global"
"""The context whose rows belong to the context of every domain."""
CACHE: Final = "/var/cache/fusionpbx/dialplan.*"
"""Where FusionPBX keeps what it has read, for ever (config.conf, cache.location)."""
_FIRST: Final = 1
_NAMESPACE: Final = uuid.UUID("5d0c4f8e-7a43-5f1e-9a5d-1c3f0b7e2a64")
_UNESCAPED: Final = re.compile(r'[&<>"]|\$\$')
_STEP: Final = 5
_TO: Final = "sip_to_user"
_INVALID: Final = Action("hangup", "INVALID_NUMBER_FORMAT", anti=True)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of v_dialplans, with its details.

    Attributes:
        role: what it is there for; the same in every version, so that a newer row takes the place of an older one.
        domain: FusionPBX's domain whose UUID it needs; "": none.
    """

    role: str
    context: str
    order: int
    extension: Extension
    domain: str = ""

    @property
    def uuid(self) -> str:
        """Its dialplan_uuid."""
        return row_uuid(self.role)

    @property
    def app_uuid(self) -> str:
        """By which FusionPBX's import knows that it is there already."""
        return app_uuid(self.role)

    def detail_uuid(self, number: int) -> str:
        """The dialplan_detail_uuid of one of its details, from 0."""
        return str(uuid.uuid5(_NAMESPACE, f"detail/{number}/{self.role}"))

    @property
    def description(self) -> str:
        """For whoever meets it in the Dialplan Manager."""
        return f"VIPgate: {_DESCRIPTIONS[self.role.partition(' ')[0]]}"


def row_uuid(role: str) -> str:
    """The dialplan_uuid of the row with a role, where no import has given it another."""
    return str(uuid.uuid5(_NAMESPACE, f"row/{role}"))


def app_uuid(role: str) -> str:
    """The app_uuid of the row with a role."""
    return str(uuid.uuid5(_NAMESPACE, f"app/{role}"))


class Detail(NamedTuple):
    """One row of v_dialplan_details, in the words of its columns."""

    tag: str
    type: str
    data: str
    inline: str | None
    group: int
    order: int


_DESCRIPTIONS: Final = {
    "gate": "asks the gate. Keep it without a domain, and before the destinations.",
    "to-dialable": "refuses what can't be dialled in To.",
    "to-number": "goes by the number in To, as the destinations do.",
    "no-gate": "no gate took the call.",
    "marks": "the call has passed.",
    "called-number": "on to the number that was called.",
    "other-target": "on to a target of vipgate.yaml.",
}


def rows(layout: Layout, *, order: int = ORDER, in_domains: bool = False, match_to: bool = False) -> tuple[Row, ...]:
    """The rows for a layout. Its contexts of other targets are FusionPBX's domains.

    Args:
        layout: where the gates are, and the site's contexts.
        order: of the gate's row in the context `layout.called`; every destination's must be higher.
        in_domains: ask the gate in the domains' own contexts instead, where the number is an extension, a ring group
            or the like; then other targets are those of the call's domain.
        match_to: the destinations match `${sip_to_user}`, so the gate has to go by it, too.

    Raises:
        ValueError: a value that FusionPBX would spoil, or two options that do not go together.
    """
    if in_domains and match_to:
        raise ValueError(say("in the domains' contexts the number is FusionPBX's own: To plays no part any more"))
    for context in (layout.no_gate, *layout.passed):
        if "public" in context.lower():
            raise ValueError(
                say(
                    "{context}: FusionPBX takes rows of every context with public in its name for those of public, "
                    "so calls would pass unasked; choose another name",
                    context=context,
                )
            )
    made = tuple(_in_domains(layout) if in_domains else _in_public(layout, order, match_to=match_to))
    for row in made:
        _check(row)
    return made


def notes(configuration: Configuration, *, in_domains: bool) -> Iterator[Sentence]:
    """What in a configuration would not do in FusionPBX what it says, each in a sentence."""
    for gate in configuration.gates:
        if gate.protects.groups:
            yield say(
                "gate {gate} protects groups: FusionPBX's ring groups and call groups are no groups of the directory, "
                "so that protects nobody; name the numbers or the users",
                gate=gate.name,
            )
        if gate.protects.users and not in_domains:
            yield say(
                "gate {gate} protects users, but the number called is still that of the trunk: they are found only if "
                "it is their number alias; name the numbers, or use --in-domains",
                gate=gate.name,
            )
        if gate.protects.users and in_domains and configuration.site.domain_variable is None:
            yield say(
                "gate {gate} protects users of every domain: set site.domain_variable: domain_name, or 1001 of another "
                "domain is taken for yours",
                gate=gate.name,
            )


def _in_public(layout: Layout, order: int, *, match_to: bool) -> Iterator[Row]:
    if match_to:
        yield from _matching_to(layout, order)
    yield Row("gate", layout.called, order, _gate(layout))
    yield _no_gate(layout)
    for context, domain in layout.passed.items():
        name = standard.prefix(context, layout)
        yield Row(f"marks {context}", context, _FIRST, standard.marks(name, standard.RINGBACK))
        called = standard.called_number(name, layout.called)
        yield Row(f"called-number {context}", context, _FIRST + 1, called)
        inbound = Action("export", "call_direction=inbound", inline=True)
        home = Action("set", f"domain_uuid={placeholder(domain)}", inline=True)
        named = Action("set", f"domain_name={domain}", inline=True)
        other = standard.other_target(name, domain, inbound, home, named)
        yield Row(f"other-target {context}", context, _FIRST + 2, other, domain)


def _in_domains(layout: Layout) -> Iterator[Row]:
    inbound = Condition("${call_direction}", "^inbound$")
    gate = _gate(layout)
    yield Row("gate", GLOBAL, IN_DOMAINS, replace(gate, conditions=(inbound, *gate.conditions)))
    yield _no_gate(layout)
    for context in layout.passed:
        name = standard.prefix(context, layout)
        yield Row(f"marks {context}", context, _FIRST, standard.marks(name, standard.RINGBACK))
        yield Row(f"called-number {context}", context, _FIRST + 1, standard.other_target(name, "${domain_name}"))


def _gate(layout: Layout) -> Extension:
    actions = standard.ask(layout)
    if layout.only is None:
        conditions: tuple[Condition, ...] = (Condition(NUMBER, DIALABLE, (*actions, _INVALID)),)
    else:
        conditions = (Condition(NUMBER, DIALABLE, (_INVALID,)), Condition(NUMBER, layout.only, actions))
    return Extension(layout.entry, (standard.not_passed(), *conditions))


def _no_gate(layout: Layout) -> Row:
    return Row("no-gate", layout.no_gate, _FIRST, standard.no_gate(layout))


def _matching_to(layout: Layout, order: int) -> Iterator[Row]:
    """Two rows for destinations that go by the header To, whatever the Request-URI says."""
    dialable = Condition(f"${{{_TO}}}", DIALABLE, (_INVALID,))
    yield Row(
        "to-dialable",
        layout.called,
        order - 2,
        Extension(f"{layout.entry}-to-dialable", (standard.not_passed(), dialable), continues=True),
    )
    other = Condition(
        f"${{{_TO}}}|${{{NUMBER}}}",
        rf"^(?!([^|]*)\|\1$)({PATTERN})\|",
        (Action("transfer", f"$2 XML {layout.called}"),),
    )
    yield Row(
        "to-number", layout.called, order - 1, Extension(f"{layout.entry}-to-number", (standard.not_passed(), other))
    )


def placeholder(domain: str) -> str:
    """What stands for a domain's UUID until it is known."""
    return f"{{domain_uuid of {domain}}}" if domain else ""


def details(row: Row) -> tuple[Detail, ...]:
    """The details, in groups and orders as FusionPBX's import makes them.

    A condition without actions shares its group with the next one.
    """
    made: list[Detail] = []
    group, order = 0, _STEP
    for condition in row.extension.conditions:
        made.append(Detail("condition", condition.field, condition.expression, None, group, order))
        order += _STEP
        for action in sorted(condition.actions, key=lambda each: each.anti):
            inline = "true" if action.inline else None
            tag = "anti-action" if action.anti else "action"
            made.append(Detail(tag, action.application, action.data, inline, group, order))
            order += _STEP
        group += bool(condition.actions)
    return tuple(made)


def rendered(row: Row) -> str:
    """What FusionPBX's pages make of the details, and its handler gives to FreeSWITCH."""
    is_public = row.context == "public" or row.context.startswith("public@") or row.context.endswith(".public")
    inbound = '\t\t<action application="export" data="call_direction=inbound" inline="true"/>\n' if is_public else ""
    lines = []
    for condition in row.extension.conditions:
        begin = f'\t<condition field="{condition.field}" expression="{condition.expression}"'
        if not condition.actions:
            lines.append(f"{begin}/>\n")
            continue
        lines.append(f"{begin}>\n")
        for action in sorted(condition.actions, key=lambda each: each.anti):
            if not action.anti:
                lines.append(inbound)
                inbound = ""
            tag, inline = ("anti-action" if action.anti else "action"), ' inline="true"' if action.inline else ""
            lines.append(f'\t\t<{tag} application="{action.application}" data="{action.data}"{inline}/>\n')
        lines.append("\t</condition>\n")
    continues = "true" if row.extension.continues else "false"
    head = f'<extension name="{row.extension.name}" continue="{continues}" uuid="{row.uuid}">\n'
    return f"{head}{''.join(lines)}</extension>\n"


def files(made: tuple[Row, ...], uuids: Mapping[str, str]) -> dict[str, str]:
    """The files of an app folder that app defaults import, by their path below it.

    Args:
        made: the rows.
        uuids: of the domains that rows need.

    Raises:
        ValueError: the UUID of a domain is missing.
    """
    found = {}
    for row in made:
        if row.domain and row.domain not in uuids:
            raise ValueError(
                say("files need the UUID of the domain {domain}: --domain-uuid {domain}=UUID", domain=row.domain)
            )
        text = _file(row).replace(placeholder(row.domain) or "\0", uuids.get(row.domain, ""))
        found[f"resources/switch/conf/dialplan/{row.order:03}_{row.extension.name}.xml"] = text
    return found


def _file(row: Row) -> str:
    """One extension. It has no comment: the import would take that for a value."""
    _, _, body = rendered(replace(row, context="")).partition("\n")
    continues = "true" if row.extension.continues else "false"
    return (
        f'<extension name="{row.extension.name}" number="" context="{row.context}" continue="{continues}" '
        f'app_uuid="{row.app_uuid}" global="true" order="{row.order}" description="{row.description}">\n{body}'
    )


def _check(row: Row) -> None:
    values = [row.context, row.extension.name, row.description]
    for condition in row.extension.conditions:
        values += [condition.field, condition.expression]
        values += [text for action in condition.actions for text in (action.application, action.data)]
    for value in values:
        if _UNESCAPED.search(value):
            raise ValueError(
                say('FusionPBX would spoil {value!r}: it writes & < > " and two $ into XML as they are', value=value)
            )
