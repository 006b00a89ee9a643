"""An installed dialplan, as mod_dialplan_xml would read it."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from vipgate_fs.dialplan.parts import Action, Condition, Context, Extension
from vipgate_fs.sentences import say
from vipgate_fs.simulator.arguments import is_true

_ACTIONS: Final = {"action": False, "anti-action": True}
_PLAIN: Final = ("field", "expression")
_USUAL: Final = ("break", "on-false")
_REVISION: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


class Unreadable(ValueError):
    """The text is no dialplan. Says why."""


def read(text: bytes) -> tuple[Context, ...]:
    """The contexts of a file, in their order; comments and other elements are left out.

    Raises:
        Unreadable: no well-formed XML, or no context in it.
    """
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise Unreadable(say("it declares a document type, which no dialplan needs"))
    try:
        root = ET.fromstring(text)  # noqa: S314 - without a document type nothing expands
    except (ET.ParseError, ValueError, LookupError) as error:
        raise Unreadable(say("no well-formed XML: {error}", error=error)) from None
    found = tuple(map(_context, root.iter("context")))
    if not found:
        raise Unreadable(say("no dialplan: it has no <context>"))
    return found


def _context(element: ET.Element) -> Context:
    revision = element.get("revision", "")
    return Context(
        element.get("name", ""),
        tuple(map(_extension, element.findall("extension"))),
        int(revision) if _REVISION.fullmatch(revision) else None,
    )


def _extension(element: ET.Element) -> Extension:
    conditions = tuple(map(_condition, element.findall("condition")))
    return Extension(element.get("name", ""), conditions, is_true(element.get("continue", "")))


def _condition(element: ET.Element) -> Condition:
    nested = [("nested", f"{len(inner)} more")] if (inner := element.findall("condition")) else []
    further = sorted([each for each in element.items() if each[0] not in _PLAIN and each != _USUAL] + nested)
    actions = tuple(_action(each) for each in element if each.tag in _ACTIONS)
    return Condition(element.get("field", ""), element.get("expression", ""), actions, tuple(further))


def _action(element: ET.Element) -> Action:
    data = (element.text or "").strip() or element.get("data", "")
    return Action(element.get("application", ""), data, _ACTIONS[element.tag], is_true(element.get("inline", "")))
