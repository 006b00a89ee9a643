"""A gate: its settings as a form, its steps, and its part of the file; changed by way of what that changes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vipgate_fs.admin.access import administrators_only
from vipgate_fs.admin.application import desk
from vipgate_fs.admin.days import day_of
from vipgate_fs.admin.desk import Draft
from vipgate_fs.admin.hidden import lines
from vipgate_fs.admin.settings import Field, block, changed, fields
from vipgate_fs.admin.words import phrase
from vipgate_fs.document import schema
from vipgate_fs.document.editing import CannotEdit, as_edited, decoded
from vipgate_fs.document.saving import digest
from vipgate_fs.gate.gate import Gate
from vipgate_fs.store import overrides

page = Blueprint("gates", __name__)


@page.get("/gates/<name>")
@administrators_only
def show(name: str) -> str:
    """Its settings, steps and lines."""
    return _shown(name)


@page.post("/gates/<name>/settings")
@administrators_only
def change(name: str) -> Response | tuple[str, int]:
    """Look at what the form would change."""
    content = desk().content()
    given = dict(request.form.items())
    if given.get("base") != digest(content):
        return _shown(name, phrase("Somebody has changed the file while you were working."), given), 409
    try:
        draft = changed(content, ("gates", name), _fields(content, name), given)
    except CannotEdit as why:
        return _shown(name, str(why), given), 422
    return _review(draft, content, name)


@page.post("/gates/<name>/edit")
@administrators_only
def edit(name: str) -> str:
    """Its lines in a form, with its PINs: whoever asks for this wants to see them."""
    content = desk().content()
    text, (first, after) = decoded(content)[0], _block(content, name)
    part = "\n".join(text.splitlines()[first:after])
    return render_template("gate_edit.html", name=name, text=part, base=digest(content), first=first + 1)


@page.post("/gates/<name>/draft")
@administrators_only
def begin(name: str) -> Response | tuple[str, int]:
    """Look at what its changed lines would change."""
    content = desk().content()
    if request.form.get("base") != digest(content):
        return _shown(name, phrase("Somebody has changed the file while you were working.")), 409
    first, after = _block(content, name)
    whole = decoded(content)[0].splitlines()
    ends = "\n" if decoded(content)[0].endswith(("\n", "\r")) else ""
    whole[first:after] = request.form.get("text", "").splitlines()
    return _review(as_edited(content, "\n".join(whole) + ends), content, name)


def _shown(name: str, wrong: str = "", given: dict[str, str] | None = None) -> str:
    content, loaded = desk().content(), desk().loaded()
    configuration = desk().configuration(desk().status())
    gate = next((each for each in configuration.gates if each.name == name), None)
    first, after = _block(content, name)
    calendar = configuration.site.calendar
    now = calendar.local(dt.datetime.now(dt.UTC))
    file = str(desk().path)
    return render_template(
        "gate.html",
        name=name,
        title=gate.title if gate and gate.title else name,
        gate=gate,
        wrong=wrong,
        given=given or {},
        groups=_grouped(_fields(content, name)),
        lines=list(lines(decoded(content)[0], loaded.findings, file))[first:after],
        base=digest(content),
        changes=_coming(gate, now, calendar) if gate else [],
        now=now,
    )


def _coming(gate: Gate, now: dt.datetime, calendar: Any, most: int = 6) -> list[tuple[dt.datetime | None, bool]]:
    """How the gate stands from now on: since when, and whether it checks callers."""
    known = desk().ask(overrides.read).get(gate.name) if desk().configuration().store.url else None
    found: list[tuple[dt.datetime | None, bool]] = []
    at: dt.datetime | None = now
    while at is not None and len(found) < most:
        day = day_of(gate, known, at, calendar)
        found.append((at if found else None, day.active))
        at = day.until
    return found


def _fields(content: bytes, name: str) -> list[Field]:
    return fields(content, ("gates", name), schema.load()["$defs"]["gate"])


def _grouped(shown: list[Field]) -> dict[str, list[Field]]:
    """By the section that they stand in; those of the gate itself first."""
    groups: dict[str, list[Field]] = {"": []}
    for field in shown:
        groups.setdefault(str(field.path[0]) if len(field.path) > 1 else "", []).append(field)
    return groups


def _block(content: bytes, name: str) -> tuple[int, int]:
    try:
        return block(content, ("gates", name))
    except CannotEdit:
        abort(404)


def _review(content: bytes, base: bytes, name: str) -> Response:
    draft = Draft(content, base, g.session.name or phrase("by link"), phrase("gate {name}", name=name))
    return redirect(url_for("file.review", draft=desk().drafts.put(draft)), 303)
