"""The overview: how the gates and the service stand, and switching a gate by hand."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vipgate_fs.admin import pictures
from vipgate_fs.admin.application import desk
from vipgate_fs.admin.days import Day, day_of, why
from vipgate_fs.admin.desk import StoreTrouble
from vipgate_fs.admin.words import phrase
from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.call import storable
from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.override import Override
from vipgate_fs.store import overrides, records

page = Blueprint("overview", __name__)

LENGTHS: Final = {"30m": 1800.0, "2h": 7200.0, "today": None, "open": None}
"""How long an override holds, by the form's value; `today` ends at the site's midnight, `open` not at all."""
_LONGEST_NOTE: Final = 200
LATEST: Final = 8
"""Calls that are shown."""


@page.get("/")
def show() -> str:
    """How it all stands."""
    status = desk().status()
    configuration = desk().configuration(status)
    calendar = configuration.site.calendar
    now = calendar.now()
    midnight = calendar.midnight(now.date()).timestamp()
    trouble: StoreTrouble | None = None
    switched: dict[str, Override] = {}
    figures: dict[tuple[str | None, str], int] = {}
    latest: list[Any] = []
    try:
        switched = desk().ask(overrides.read)
        figures = desk().ask(lambda connection: records.counts(connection, midnight))
        latest = desk().ask(lambda connection: records.latest(connection, records.Wanted(0.0), LATEST).records)
    except StoreTrouble as error:
        trouble = error
    rows = [_row(gate, switched.get(gate.name), figures, now, configuration) for gate in configuration.gates]
    return render_template(
        "overview.html",
        status=status,
        trouble=trouble,
        configuration=configuration,
        rows=rows,
        latest=latest,
        now=now,
        calendar=calendar,
        changed=status is not None and status.is_changed(),
        at=calendar.at,
    )


@page.post("/gates/<name>/switch")
def switch(name: str) -> Response:
    """Switch a gate by hand, or let its schedule decide again."""
    configuration = desk().configuration(desk().status())
    if name not in {gate.name for gate in configuration.gates}:
        return redirect(url_for(".show"), 303)
    state, length = request.form.get("state", "auto"), request.form.get("length", "2h")
    override: Override | None = None
    if state in {"on", "off"}:
        calendar = configuration.site.calendar
        tomorrow = calendar.now().date() + dt.timedelta(days=1)
        ends = {"open": None, "today": calendar.midnight(tomorrow).timestamp()}
        until = ends[length] if length in ends else time.time() + (LENGTHS.get(length) or LENGTHS["2h"] or 0.0)
        override = Override(state == "on", until, None, storable(request.form.get("note", ""), longest=_LONGEST_NOTE))
    desk().change(lambda connection: overrides.write(connection, name, override))
    desk().note("override", g.session.name or "link", gate=name, state=state if override else "auto")
    return redirect(url_for(".show"), 303)


def _row(
    gate: Gate,
    override: Override | None,
    figures: Mapping[tuple[str | None, str], int],
    now: dt.datetime,
    configuration: Configuration,
) -> dict[str, Any]:
    day = day_of(gate, override, now, configuration.site.calendar)
    sums = {
        "through": figures.get((gate.name, "passed"), 0) + figures.get((gate.name, "forwarded"), 0),
        "right": figures.get((gate.name, "pin_correct"), 0),
        "wrong": figures.get((gate.name, "pin_incorrect"), 0),
        "away": figures.get((gate.name, "rejected"), 0),
    }
    hours = now.hour + now.minute / 60
    clock = f"{now.hour}:{now:%M}"
    planned = day.planned if day.by_hand else ()
    return {
        "gate": gate,
        "day": day,
        "why": why(gate, day, now, configuration.site.calendar),
        "bar": pictures.bar(_label(day), day.checks, hours, clock, by_hand=day.by_hand, planned=planned),
        "sums": sums,
        "forwarded": figures.get((gate.name, "forwarded"), 0),
        "protects": _protects(gate),
    }


def _label(day: Day) -> str:
    if day.is_whole:
        return phrase("Checks callers all day")
    if not day.checks:
        return phrase("All get through all day")
    spans = ", ".join(phrase("{begin} to {end}", begin=_clock(begin), end=_clock(end)) for begin, end in day.checks)
    return phrase("Checks callers today {spans}", spans=spans)


def _clock(hours: float) -> str:
    minutes = round(hours * 60)
    return f"{minutes // 60}:{minutes % 60:02}"


def _protects(gate: Gate) -> str:
    protects = gate.protects
    parts = [str(pattern) for pattern, _ in protects.numbers]
    parts += [phrase("user {name}", name=name) for name in protects.users]
    parts += [phrase("group {name}", name=name) for name in protects.groups]
    return ", ".join(parts)
