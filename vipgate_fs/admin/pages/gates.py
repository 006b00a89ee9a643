"""A gate: its settings as a form, its steps, and its part of the file; changed by way of what that changes."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from typing import Any, Final

import gevent
from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vipgate_fs.admin import pictures, sounds, words
from vipgate_fs.admin.access import administrators_only
from vipgate_fs.admin.application import desk
from vipgate_fs.admin.days import day_of, week_of
from vipgate_fs.admin.desk import Draft, NoConfiguration, StoreTrouble
from vipgate_fs.admin.forms import path_of
from vipgate_fs.admin.hidden import lines
from vipgate_fs.admin.pages.prompts import heard, uploaded
from vipgate_fs.admin.sheets import SHEETS, pressed, schedules, sheet
from vipgate_fs.admin.tables import Changed
from vipgate_fs.admin.words import phrase
from vipgate_fs.config import Loaded, load_text
from vipgate_fs.document.editing import CannotEdit, as_edited, decoded
from vipgate_fs.document.findings import Path
from vipgate_fs.document.outline import lines_of
from vipgate_fs.document.rewriting import rewritten
from vipgate_fs.document.saving import digest
from vipgate_fs.document.sources import MACHINE
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.decision import answer
from vipgate_fs.gate.dialable import as_dialled
from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.reason import Reason
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.store import overrides

page = Blueprint("gates", __name__)

_LONGEST: Final = 40
_PATIENCE: Final = 65.0
"""Seconds for a step that is tested; the schema allows it 60."""
_DAYS: Final = 14
"""Of the week's picture."""


@page.get("/gates/<name>")
@page.get("/gates/<name>/<kind>")
@administrators_only
def show(name: str, kind: str = "general") -> str:
    """A sheet of its settings, perhaps with changes that wait."""
    if kind not in SHEETS:
        abort(404)
    draft = request.args.get("draft", "")
    return _shown(name, kind, draft if desk().drafts.get(draft) else "")


@page.post("/gates/<name>/<kind>")
@administrators_only
def change(name: str, kind: str) -> Response | tuple[str, int]:
    """Take what the form says into a draft; then do what its button says, or look at what that would change."""
    if kind not in SHEETS:
        abort(404)
    given = {key: value for key, value in request.form.items() if key != "csrf_token"}
    button, key = given.get("do", ""), given.get("draft", "")
    draft = desk().drafts.get(key)
    content = desk().content()
    if (key and draft is None) or (draft is None and given.get("base") != digest(content)):
        return _shown(name, kind, "", phrase("Somebody has changed the file while you were working."), given), 409
    base, current, focus = (draft.base, draft.content, "") if draft else (content, content, "")
    try:
        current = sheet(current, name, kind).filled(given)
        if button.partition(":")[0] in ("add", "remove", "up", "down", "schedule"):
            current, focus = pressed(sheet(current, name, kind), button, given)
        if button.startswith("upload:") and kind == "prompts":
            current = uploaded(name, current, base, button.partition(":")[2])
    except (CannotEdit, ValueError) as why:
        return _shown(name, kind, key, words.said(why.args[0]), given), 422
    what, _, place = button.partition(":")
    key = keep(name, current, base, draft) if draft or current != base or what in ("", "drop") else ""
    loaded = load_text(current, desk().path, draft.sources if draft else MACHINE)
    if (elsewhere := _elsewhere(name, what, place, key, loaded)) is not None:
        return redirect(elsewhere, 303)
    asked = (place, *_ask(name, loaded, path_of(place), given)) if what == "ask" else None
    typed = {each: value for each, value in given.items() if each.startswith("ask.")} if asked else {}
    return _shown(name, kind, key, given=typed, focus=focus, asked=asked), 200 if what else 422


def _elsewhere(name: str, what: str, place: str, key: str, loaded: Loaded) -> str | None:
    """Where a button leads, with the draft of that key; None: it stays here, as does what has errors."""
    if what == "table":
        return url_for("tables.show", name=name, index=place.rpartition(".")[2], draft=key or None)
    if what == "sheet":
        return url_for(".show", name=name, kind=place, draft=key or None)
    if what == "drop":
        draft = desk().drafts.get(key)
        assert draft is not None, "it was kept just now"
        return url_for(
            "file.review", draft=keep(name, rewritten(draft.content, {("gates", name): None}), draft.base, draft)
        )
    is_sound = loaded.configuration is not None
    return url_for("file.review", draft=key) if not what and is_sound else None


@page.post("/gates/<name>/edit")
@administrators_only
def edit(name: str) -> str:
    """Its lines, or those of a place in it, in a form with its PINs: whoever asks for this wants to see them."""
    key = request.form.get("draft", "")
    draft = desk().drafts.get(key)
    content = draft.content if draft else desk().content()
    where = request.form.get("place") or f"gates.{name}"
    text, (first, after) = decoded(content)[0], _lines(content, path_of(where))
    part = "\n".join(text.splitlines()[first:after])
    waits = {"base": digest(content), "draft": key if draft else "", "place": where}
    return render_template("gate_edit.html", name=name, text=part, first=first + 1, **waits)


@page.post("/gates/<name>/draft")
@administrators_only
def begin(name: str) -> Response | tuple[str, int]:
    """Look at what its changed lines would change."""
    draft = desk().drafts.get(request.form.get("draft", ""))
    content = draft.content if draft else desk().content()
    if request.form.get("base") != digest(content):
        return _shown(name, "general", "", phrase("Somebody has changed the file while you were working.")), 409
    first, after = _lines(content, path_of(request.form.get("place") or f"gates.{name}"))
    whole = decoded(content)[0].splitlines()
    ends = "\n" if decoded(content)[0].endswith(("\n", "\r")) else ""
    whole[first:after] = request.form.get("text", "").splitlines()
    changed = as_edited(content, "\n".join(whole) + ends)
    return redirect(url_for("file.review", draft=keep(name, changed, draft.base if draft else content, draft)), 303)


def _shown(  # noqa: PLR0913, PLR0917 - all that may be on the page
    name: str,
    kind: str,
    key: str,
    wrong: str = "",
    given: dict[str, str] | None = None,
    focus: str = "",
    asked: tuple[str, Reason | None, float] | None = None,
) -> str:
    draft = desk().drafts.get(key)
    base = desk().content()
    content = draft.content if draft else base
    try:
        found = sheet(content, name, kind)
    except CannotEdit:
        abort(404)
    loaded = load_text(content, desk().path, draft.sources) if draft else desk().loaded()
    configuration = desk().configuration(desk().status())
    in_force = next((each for each in configuration.gates if each.name == name), None)
    drafted = loaded.configuration and next((each for each in loaded.configuration.gates if each.name == name), None)
    calendar = (loaded.configuration or configuration).site.calendar
    now = calendar.local(dt.datetime.now(dt.UTC))
    faults: dict[str, list[Any]] = {}
    for finding in loaded.findings:
        faults.setdefault(finding.path, []).append(finding)
    widgets = found.widgets
    fields = {each.shown: each.name for one in widgets for each in one.all()}
    first, after = _lines(content, ("gates", name))
    shown_lines = list(lines(decoded(content)[0], loaded.findings, str(desk().path)))[first:after]
    gate = drafted or in_force
    return render_template(
        "gate.html",
        name=name,
        title=gate.title if gate and gate.title else name,
        gate=in_force,
        kind=kind,
        wrong=wrong,
        given=given or {},
        widgets=widgets,
        faults=faults,
        errors=[each for each in loaded.findings if each.severity == "error"] if draft else [],
        fields=fields,
        file=str(desk().path),
        known={"schedules": schedules(found.tree)},
        heard=heard(name, loaded) if kind == "prompts" else (),
        has_sox=sounds.is_possible(),
        lines=shown_lines,
        base=digest(base),
        draft=key if draft else "",
        focus=focus,
        asked=asked,
        changes=_coming(in_force, now, calendar) if in_force and kind == "when" else [],
        week=_week(gate, now, calendar) if gate and kind == "when" else None,
        now=now,
    )


def _coming(gate: Gate, now: dt.datetime, calendar: Calendar, most: int = 6) -> list[tuple[dt.datetime | None, bool]]:
    """How the gate stands from now on: since when, and whether it checks callers."""
    try:
        known = desk().ask(overrides.read).get(gate.name)
    except (StoreTrouble, NoConfiguration):
        known = None
    found: list[tuple[dt.datetime | None, bool]] = []
    at: dt.datetime | None = now
    while at is not None and len(found) < most:
        day = day_of(gate, known, at, calendar)
        found.append((at if found else None, day.active))
        at = day.until
    return found


def _week(gate: Gate, now: dt.datetime, calendar: Calendar) -> dict[str, Any]:
    """Two weeks from Monday on, as a picture and in words."""
    first = now.date() - dt.timedelta(days=now.weekday())
    days = week_of(gate, first, _DAYS, calendar)
    drawn = [(words.short_day(day), checks, day == now.date()) for day, checks in days]
    holidays = [(words.day(day), calendar.holiday(day)) for day, _ in days if calendar.holiday(day)]
    spoken = [(words.day(day), [(_clock(begin), _clock(end)) for begin, end in checks]) for day, checks in days]
    return {"picture": pictures.week(drawn, now.hour + now.minute / 60), "days": spoken, "holidays": holidays}


def _clock(hours: float) -> str:
    minutes = round(hours * 60)
    return f"{minutes // 60}:{minutes % 60:02}"


def _ask(name: str, loaded: Loaded, path: Path, given: dict[str, str]) -> tuple[Reason | None, float]:
    """What a step of a draft answers for a caller, and how long that took; None: it has errors, or no such step."""
    configuration = loaded.configuration
    gates = configuration.gates if configuration else ()
    gate = next((each for each in gates if each.name == name), None)
    index = path[3] if len(path) > 3 and isinstance(path[3], int) else -1  # noqa: PLR2004 - gates.NAME.identify.INDEX
    if configuration is None or gate is None or not 0 <= index < len(gate.steps):
        return None, 0.0
    caller = as_dialled(given.get(f"ask.{index}.caller", "")[:_LONGEST]) or "anonymous"
    called = as_dialled(given.get(f"ask.{index}.called", "")[:_LONGEST]) or "0"
    trunk = configuration.site.trunk
    call = Call(uuid="page", caller=trunk.caller(caller), called=trunk.canonical(called), dialled=called)
    began, reason = time.monotonic(), None
    with gevent.Timeout(_PATIENCE, False):  # noqa: FBT003 - gevent's way to be silent
        reason = answer(gate.steps[index], call)[1]
    return reason, time.monotonic() - began


def _lines(content: bytes, path: Path) -> tuple[int, int]:
    try:
        return lines_of(decoded(content)[0], path)
    except CannotEdit:
        abort(404)


def keep(
    name: str, content: bytes, base: bytes, draft: Draft | None = None, tables: Mapping[str, Changed] | None = None
) -> str:
    """Keep a change of a gate's, with what waits already; its id."""
    by = g.session.name or phrase("by link")
    all_tables = {**(draft.tables if draft else {}), **(tables or {})}
    return desk().drafts.put(Draft(content, base, by, phrase("gate {name}", name=name), all_tables))
