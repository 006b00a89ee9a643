"""How an installed dialplan differs in meaning from the one that a configuration needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final

from vipgate_fs.dialplan.layout import OWN
from vipgate_fs.dialplan.parts import Action, Condition, Context, Extension
from vipgate_fs.gate.numbers import folded
from vipgate_fs.sentences import Sentence, say

_GLOBAL: Final = re.compile(r"\$\$\{[^}]*\}")
"""A global variable, which the preprocessor replaces: in a running switch's dialplan there is its value."""
_GATE: Final = "socket"
_Part = Condition | Action


def differences(wanted: Sequence[Context], found: Sequence[Context]) -> tuple[Sentence, ...]:
    """Each difference in a sentence, in the order of the dialplan; none when both do the same.

    Comments, the order of contexts and contexts of the site's own do not matter.

    Args:
        wanted: what the configuration needs.
        found: what is installed; more contexts than those of VIPgate may be in it.
    """
    named: dict[str, list[Context]] = {}
    for context in found:
        named.setdefault(folded(context.name), []).append(context)
    sentences = [sentence for context in wanted for sentence in _context(context, named.get(folded(context.name), []))]
    expected = {folded(context.name) for context in wanted}
    sentences += [
        say("context {name}: this configuration sends no call there", name=name)
        for name in named
        if name.startswith(OWN) and name not in expected
    ]
    return tuple([*_revision(wanted, named), *sentences] if sentences else [])


def _revision(wanted: Sequence[Context], named: dict[str, list[Context]]) -> Iterator[Sentence]:
    """That it is older, or newer, which may explain the other differences."""
    for context in wanted:
        there = next(iter(named.get(folded(context.name), [])), None)
        if context.revision is not None and there is not None and there.revision != context.revision:
            has = say("no revision")
            if there.revision is not None:
                has = say("revision {number}", number=there.revision)
            ours = say("revision {number}", number=context.revision)
            yield say("version: the dialplan has {has}, this VIPgate's is {ours}", has=has, ours=ours)


def _context(wanted: Context, there: list[Context]) -> Iterator[Sentence]:
    if not there:
        yield say("context {name}: missing", name=wanted.name)
        return
    if len(there) > 1:
        yield say(
            "context {name}: there {number} times, and FreeSWITCH sees only the first",
            name=wanted.name,
            number=len(there),
        )
    found = there[0]
    names = [extension.name for extension in wanted.extensions]
    known = [extension.name for extension in found.extensions if extension.name in names]
    for name in names:
        if name not in known:
            yield say("context {context}: extension {name} is missing", context=wanted.name, name=name)
    yield from _further(wanted, found, names)
    if known != [name for name in names if name in known] and len(set(known)) == len(known):
        yield say(
            "context {context}: order: {found}; it must be {wanted}",
            context=wanted.name,
            found=", ".join(known),
            wanted=", ".join(names),
        )
    for extension in wanted.extensions:
        same = [each for each in found.extensions if each.name == extension.name]
        if len(same) > 1:
            yield say(
                "context {context}: extension {name} is there {number} times",
                context=wanted.name,
                name=extension.name,
                number=len(same),
            )
        for each in same[:1]:
            yield from _extension(extension, each)


def _further(wanted: Context, found: Context, names: list[str]) -> Iterator[Sentence]:
    """Extensions that are not VIPgate's; before the gate they may lead round it."""
    leads_to_gate = {each.name for each in wanted.extensions for part in _parts(each) if _is_gate(part)}
    before = bool(leads_to_gate)
    for extension in found.extensions:
        before = before and extension.name not in leads_to_gate
        if extension.name not in names:
            parts = {"context": wanted.name, "name": extension.name or say("without a name")}
            if before:
                yield say(
                    "context {context}: extension {name} stands before the gate and may lead calls round it", **parts
                )
            else:
                yield say("context {context}: extension {name} is not VIPgate's", **parts)


def _extension(wanted: Extension, found: Extension) -> Iterator[Sentence]:
    if wanted.continues != found.continues:
        if wanted.continues:
            yield say('extension {name}: must have continue="true"', name=wanted.name)
        else:
            yield say('extension {name}: must not have continue="true"', name=wanted.name)
    ours = list(_parts(wanted))
    theirs = [_as_wanted(part, ours) for part in _parts(found)]
    missing: list[_Part] = []
    more: list[_Part] = []
    for tag, first, last, begin, end in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if tag != "equal":
            missing += ours[first:last]
            more += theirs[begin:end]
    for part in [part for part in missing if part in more]:
        missing.remove(part)
        more.remove(part)
        yield say("extension {name}: order: {part} stands in another place", name=wanted.name, part=str(part))
    for part in missing:
        other = next((each for each in more if _is_like(part, each)), None)
        if other is None:
            yield say("extension {name}: missing: {part}", name=wanted.name, part=str(part))
        else:
            more.remove(other)
            yield _instead(wanted.name, part, other)
    for part in more:
        yield say("extension {name}: not VIPgate's: {part}", name=wanted.name, part=str(part))


def _instead(name: str, wanted: _Part, found: _Part) -> Sentence:
    if isinstance(wanted, Action) and isinstance(found, Action) and _is_gate(wanted):
        return say(
            "host: calls go to the gates {found}; this configuration's are {wanted}",
            found=found.data,
            wanted=wanted.data,
        )
    return say("extension {name}: found {found}; it must be {wanted}", name=name, found=str(found), wanted=str(wanted))


def _is_like(wanted: _Part, found: _Part) -> bool:
    """Whether the one stands for the other: the same variable with another value, another context, another host."""
    if isinstance(wanted, Condition) or isinstance(found, Condition):
        return isinstance(wanted, Condition) and isinstance(found, Condition) and wanted.field == found.field
    if wanted.application in ("set", "export"):
        names = [each.data.partition("=")[0] for each in (wanted, found)]
        return wanted.application == found.application and names[0] == names[1]
    return wanted.application == found.application


def _is_gate(part: _Part) -> bool:
    return isinstance(part, Action) and part.application == _GATE


def _parts(extension: Extension) -> Iterator[_Part]:
    """Conditions without their actions, and behind each of them the actions."""
    for condition in extension.conditions:
        yield Condition(condition.field, condition.expression, further=condition.further)
        yield from condition.actions


def _as_wanted(part: _Part, wanted: Sequence[_Part]) -> _Part:
    """The wanted action that this is, once the preprocessor has replaced its global variables."""
    for each in wanted:
        if isinstance(each, Action) and isinstance(part, Action) and _GLOBAL.search(each.data):
            pattern = ".*".join(map(re.escape, _GLOBAL.split(each.data)))
            if each.application == part.application and re.fullmatch(pattern, part.data):
                return each
    return part
