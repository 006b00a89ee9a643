"""What the forms of gates and settings share: what was sent, what waits as a draft, and what is shown of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import g, request

from vipgate_fs.admin.application import desk
from vipgate_fs.admin.desk import Draft
from vipgate_fs.admin.sheets import Sheet
from vipgate_fs.admin.tables import Changed
from vipgate_fs.admin.words import phrase
from vipgate_fs.config import Loaded
from vipgate_fs.document.saving import digest


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that was sent.

    Attributes:
        given: what is typed, by the names of the fields.
        button: what its button does; "" for the one that leads to the review.
        place: where.
        draft: that it goes on with; None: the file.
        key: of the draft.
        content: what it is about.
        base: the file as it was when the change was begun.
    """

    given: dict[str, str]
    button: str
    place: str
    draft: Draft | None
    key: str
    content: bytes
    base: bytes


def typed() -> dict[str, str]:
    """The fields of the form that was sent."""
    return {name: value for name, value in request.form.items() if name != "csrf_token"}


def sent() -> Sent | None:
    """The form that was sent; None: somebody has changed the file since it was opened, or its draft is gone."""
    given, content = typed(), desk().content()
    button, _, place = given.get("do", "").partition(":")
    key = given.get("draft", "")
    draft = desk().drafts.get(key)
    if (key and draft is None) or (draft is None and given.get("base") != digest(content)):
        return None
    if draft is None:
        return Sent(given, button, place, None, "", content, content)
    return Sent(given, button, place, draft, key, draft.content, draft.base)


def keep(
    what: str, content: bytes, base: bytes, draft: Draft | None = None, tables: Mapping[str, Changed] | None = None
) -> str:
    """Keep a change, with what waits already; its id.

    Args:
        what: what for, in a few words.
        content: all of the file.
        base: the file as it was when the change was begun.
        draft: what waits already.
        tables: callers' tables that change with it.
    """
    all_tables = {**(draft.tables if draft else {}), **(tables or {})}
    renamed = draft.renamed if draft else ()
    return desk().drafts.put(Draft(content, base, g.session.name or phrase("by link"), what, all_tables, renamed))


def shown(found: Sheet, loaded: Loaded, key: str) -> dict[str, Any]:
    """What every sheet's template is made of.

    Args:
        found: the sheet.
        loaded: the content that it is of, as it would be applied.
        key: of the draft that has the content; "" for none.
    """
    faults: dict[str, list[Any]] = {}
    for finding in loaded.findings:
        faults.setdefault(finding.path, []).append(finding)
    widgets = found.widgets
    return {
        "widgets": widgets,
        "faults": faults,
        "errors": [each for each in loaded.findings if each.severity == "error"] if key else [],
        "fields": {each.shown: each for one in widgets for each in one.all()},
        "file": str(desk().path),
        "draft": key,
    }
