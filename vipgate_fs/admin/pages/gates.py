"""A gate: its settings as a form, its steps, and its part of the file; changed by way of what that changes."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace
from typing import Any, Final

import gevent
from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vipgate_fs.admin import pictures, sounds, words
from vipgate_fs.admin.access import administrators_only
from vipgate_fs.admin.application import desk
from vipgate_fs.admin.days import Day, day_of, week_of, why
from vipgate_fs.admin.desk import Draft, NoConfiguration, StoreTrouble
from vipgate_fs.admin.forms import is_pin, path_of
from vipgate_fs.admin.grafting import copied, renamed
from vipgate_fs.admin.hidden import lines
from vipgate_fs.admin.pages.drafting import Sent, keep, sent, shown, typed
from vipgate_fs.admin.pages.lines import lines as lines_at
from vipgate_fs.admin.pages.prompts import heard, uploaded
from vipgate_fs.admin.sheets import BUTTONS, SHEETS, Sheet, pressed, schedules, sheet
from vipgate_fs.admin.words import phrase
from vipgate_fs.config import Loaded, load_text
from vipgate_fs.document.editing import CannotEdit, decoded
from vipgate_fs.document.findings import Path, shown_path
from vipgate_fs.document.rewriting import rewritten
from vipgate_fs.document.saving import digest
from vipgate_fs.document.sources import MACHINE
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.decision import answer
from vipgate_fs.gate.dialable import as_dialled
from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.reason import Reason
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.store import guests, overrides

page = Blueprint("gates", __name__)

_LONGEST: Final = 40
_PATIENCE: Final = 65.0
"""Seconds for a step that is tested; the schema allows it 60."""
_DAYS: Final = 14
"""Of the week's picture."""
_YEAR: Final = 365


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
    form, focus = sent(), ""
    if form is None:
        return _shown(name, kind, "", phrase("Somebody has changed the file while you were working."), typed()), 409
    what, place, given = form.button, form.place, form.given
    try:
        current = sheet(form.content, name, kind).filled(given)
        if what in BUTTONS:
            current, focus = pressed(sheet(current, name, kind), given["do"], given)
        if what == "upload" and kind == "prompts":
            current = uploaded(name, current, form.base, place)
        if what in ("rename", "copy"):
            return redirect(_named_anew(name, current, form))
    except (CannotEdit, ValueError) as why:
        return _shown(name, kind, form.key, words.said(why.args[0]), given), 422
    key = form.key
    if form.draft or current != form.base or what in ("", "drop"):
        key = keep(_of(name), current, form.base, form.draft)
    loaded = load_text(current, desk().path, form.draft.sources if form.draft else MACHINE)
    if (elsewhere := _elsewhere(name, what, place, key, loaded)) is not None:
        return redirect(elsewhere, 303)
    asked = (place, *_ask(name, loaded, path_of(place), given)) if what == "ask" else None
    typed_before = {each: value for each, value in given.items() if each.startswith("ask.")} if asked else {}
    pin = (place, _pin(name, sheet(current, name, kind), path_of(place))) if what == "pin" else None
    return _shown(name, kind, key, given=typed_before, focus=focus, asked=asked, pin=pin), 200 if what else 422


def _of(name: str) -> str:
    return phrase("gate {name}", name=name)


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
            "file.review", draft=keep(_of(name), rewritten(draft.content, {("gates", name): None}), draft.base, draft)
        )
    is_sound = loaded.configuration is not None
    return url_for("file.review", draft=key) if not what and is_sound else None


def _named_anew(name: str, content: bytes, form: Sent) -> str:
    """Where the gate is under its new name, or its copy. Raises CannotEdit."""
    new, is_copy = form.given.get("new_name", "").strip(), form.button == "copy"
    numbers = [each.strip() for each in form.given.get("new_numbers", "").splitlines() if each.strip()]
    content = copied(content, name, new, numbers) if is_copy else renamed(content, name, new)
    what = phrase("gate {name}: a copy of {old}" if is_copy else "gate {name}, formerly {old}", name=new, old=name)
    draft = form.draft or Draft(form.content, form.base, "", "")
    waits = draft if is_copy else replace(draft, renamed=(*draft.renamed, (name, new)))
    return url_for(".show", name=new, draft=keep(what, content, form.base, waits))


def _pin(name: str, on: Sheet, path: Path) -> str:
    """A PIN as it stands in a place, for whoever asked for this one; "": there is none that can be shown."""
    found = on.at(path) if on.owns(path) and is_pin(path) else None
    if not isinstance(found, str):
        return ""
    table, row = on.at(path[:-1]), path[-1]
    caller = [*table][row] if isinstance(table, dict) and isinstance(row, int) else None
    desk().note("pin shown", g.session.name or "link", gate=name, place=shown_path(path), caller=caller)
    return found


def _shown(  # noqa: PLR0913, PLR0917 - all that may be on the page
    name: str,
    kind: str,
    key: str,
    wrong: str = "",
    given: dict[str, str] | None = None,
    focus: str = "",
    asked: tuple[str, Reason | None, float] | None = None,
    pin: tuple[str, str] | None = None,
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
    now = calendar.now()
    first, after = lines_at(content, ("gates", name))
    shown_lines = list(lines(decoded(content)[0], loaded.findings, str(desk().path)))[first:after]
    gate = drafted or in_force
    day = _day(in_force, now, calendar) if in_force else None
    return render_template(
        "gate.html",
        name=name,
        title=gate.title if gate and gate.title else name,
        gate=in_force,
        day=day,
        why=why(in_force, day, now, calendar) if in_force and day else "",
        kind=kind,
        wrong=wrong,
        given=given or {},
        known={"schedules": schedules(found.tree)},
        heard=heard(name, loaded) if kind == "prompts" else (),
        has_sox=sounds.is_possible(),
        lines=shown_lines,
        base=digest(base),
        focus=focus,
        asked=asked,
        pin=pin,
        guests=_guests(name) if kind == "general" else 0,
        changes=_coming(in_force, now, calendar) if in_force and kind == "when" else [],
        week=_week(gate, now, calendar) if gate and kind == "when" else None,
        holidays=_holidays(calendar, now.date()) if kind == "when" else [],
        now=now,
        **shown(found, loaded, key if draft else ""),
    )


def _guests(name: str) -> int:
    """Guest PINs of the gate that are good; 0 when the store can't be asked."""
    try:
        issued = desk().ask(lambda connection: [*guests.read(connection)])
    except (StoreTrouble, NoConfiguration):
        return 0
    return sum(each.gate == name and each.is_valid(time.time()) for each in issued)


def _day(gate: Gate, at: dt.datetime, calendar: Calendar) -> Day:
    """How it stands then; by its schedule alone when the store can't be asked."""
    try:
        known = desk().ask(overrides.read).get(gate.name)
    except (StoreTrouble, NoConfiguration):
        known = None
    return day_of(gate, known, at, calendar)


def _coming(gate: Gate, now: dt.datetime, calendar: Calendar, most: int = 6) -> list[tuple[dt.datetime | None, bool]]:
    """How the gate stands from now on: since when, and whether it checks callers."""
    found: list[tuple[dt.datetime | None, bool]] = []
    at: dt.datetime | None = now
    while at is not None and len(found) < most:
        day = _day(gate, at, calendar)
        found.append((at if found else None, day.active))
        at = day.until
    return found


def _week(gate: Gate, now: dt.datetime, calendar: Calendar) -> dict[str, Any]:
    """Two weeks from Monday on, as a picture and in words."""
    first = now.date() - dt.timedelta(days=now.weekday())
    days = week_of(gate, first, _DAYS, calendar)
    drawn = [(words.short_day(day), checks, day == now.date()) for day, checks in days]
    spoken = [(words.day(day), [(_clock(begin), _clock(end)) for begin, end in checks]) for day, checks in days]
    return {"picture": pictures.week(drawn, now.hour + now.minute / 60), "days": spoken}


def _holidays(calendar: Calendar, first: dt.date) -> list[tuple[str, str]]:
    """The site's public holidays within a year."""
    if calendar.holidays is None:
        return []
    known = {**calendar.holidays.of(first.year), **calendar.holidays.of(first.year + 1)}
    return [
        (f"{words.short_day(day)} {day.year}", name)
        for day, name in sorted(known.items())
        if first <= day < first + dt.timedelta(days=_YEAR)
    ]


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
