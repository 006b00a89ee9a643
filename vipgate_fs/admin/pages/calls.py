"""Calls: the records, looked through, and each of them with how the file decides today."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from flask import Blueprint, Response, abort, get_template_attribute, render_template, request, stream_with_context
from flask import session as cookie

from vipgate_fs.admin import words
from vipgate_fs.admin.application import current_session, desk
from vipgate_fs.admin.asking import explain, memory_of, sought
from vipgate_fs.admin.live import TooMany
from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.dialogue import Result
from vipgate_fs.gate.record import COLUMNS, CallRecord, harmless
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.store import records
from vipgate_fs.store.records import Wanted

page = Blueprint("calls", __name__)

PERIODS: Final = {"today": 0, "7d": 6, "30d": 29, "all": 36_500}
"""Days before today."""
_REFUSED: Final = frozenset(("pin_incorrect", "rejected", "hung_up", "cut_off"))
_MOST_EXPORTED: Final = 10_000
_EARLIER: Final = 10
BEAT: Final = 10.0
"""Seconds after which a listener hears something in any case: so one who is gone is noticed, and who is signed out."""


@page.get("/calls")
def show() -> str:
    """A page of them."""
    configuration = desk().configuration(desk().status())
    calendar = configuration.site.calendar
    now = calendar.now()
    wanted = _wanted(configuration, now)
    after = _cursor(request.args.get("after", ""))
    found = desk().ask(lambda connection: records.latest(connection, wanted, after=after))
    query = {name: request.args.get(name, "") for name in ("number", "outcome", "gate", "since")}
    return render_template(
        "calls.html",
        found=found,
        query={"outcome": "", "gate": "", **query, "since": query["since"] or "today"},
        after=found.after and json.dumps(found.after),
        is_first=after is None,
        outcomes=[(outcome, words.outcome(outcome)[1]) for outcome in Result],
        gates=[(gate.name, gate.name) for gate in configuration.gates],
        retention=round(configuration.records.retention / 86_400),
        now=now,
        at=calendar.at,
    )


@page.get("/calls/live")
def live() -> Response:
    """Calls that fit as they end, as server-sent events: rows of the table. It ends with the session."""
    configuration = desk().configuration(desk().status())
    calendar = configuration.site.calendar
    wanted = _wanted(configuration, calendar.now())
    row = get_template_attribute("macros.html", "call_row")

    def events() -> Iterator[str]:
        try:
            with desk().live.listening(cookie.get("key", "")) as wait:
                yield ": listening\n\n"
                while current_session(prolongs=False) is not None:
                    found = [record for record in wait(BEAT) if wanted.fits(record)]
                    now = calendar.now()
                    yield "".join(_event(row(record, now, calendar.at)) for record in found) or ":\n\n"
                yield "event: end\ndata:\n\n"
        except TooMany:
            yield "event: end\ndata:\n\n"

    headers = {"X-Accel-Buffering": "no"}  # nginx would keep events until it has enough of them
    return Response(stream_with_context(events()), mimetype="text/event-stream", headers=headers)


@page.get("/calls.csv")
def export() -> Response:
    """Those that fit, as a table for spreadsheets, in which nothing is a formula."""
    configuration = desk().configuration(desk().status())
    calendar = configuration.site.calendar
    wanted = _wanted(configuration, calendar.now())
    found = desk().ask(lambda connection: records.latest(connection, wanted, _MOST_EXPORTED))
    headers = {"Content-Disposition": "attachment; filename=calls.csv"}
    return Response(_lines(found.records, calendar), mimetype="text/csv", headers=headers)


@page.get("/calls/<uuid>/<began>")
def show_one(uuid: str, began: str) -> str:
    """One of them."""
    record: CallRecord | None = None
    with suppress(ValueError):
        moment = float(began)
        record = desk().ask(lambda connection: records.find(connection, uuid, moment))
    if record is None:
        abort(404)
    configuration = desk().configuration(desk().status())
    site, calendar = configuration.site, configuration.site.calendar
    call = Call(
        uuid="page",
        caller=site.plan.caller(record.caller),
        called=site.plan.canonical(record.called),
        dialled=record.called,
    )
    wanted = Wanted(0.0, number=record.caller)
    earlier = desk().ask(lambda connection: records.latest(connection, wanted, _EARLIER)) if record.caller else None
    memory = memory_of(desk(), configuration, lambda: moment)
    memory.overrides = {}  # what was switched by hand then is not known any more
    return render_template(
        "call.html",
        call=record,
        explained=explain(configuration, call, calendar.at(record.began), memory),
        masked="*" in record.caller + record.called,
        earlier=earlier.records if earlier else [],
        now=calendar.now(),
        at=calendar.at,
    )


def _wanted(configuration: Configuration, now: dt.datetime) -> Wanted:
    """What the form says; what it does not know counts as nothing."""
    midnight = configuration.site.calendar.midnight(now.date())
    days = PERIODS.get(request.args.get("since", ""), 0)
    since = 0.0 if days > PERIODS["30d"] else (midnight - dt.timedelta(days)).timestamp()
    outcome, gate = request.args.get("outcome", ""), request.args.get("gate", "")
    outcomes = _REFUSED if outcome == "refused" else frozenset((outcome,)) & frozenset(Result)
    number = sought(request.args.get("number", ""), configuration.site.plan)
    return Wanted(since, number, outcomes=outcomes, gate=gate or None)


def _cursor(text: str) -> tuple[float, str, float] | None:
    with suppress(ValueError, TypeError):
        ended, uuid, began = json.loads(text)
        return float(ended), str(uuid), float(began)
    return None


def _lines(found: list[CallRecord], calendar: Calendar) -> Iterator[str]:
    yield _line(COLUMNS)
    for record in found:
        values = {name: getattr(record, name) for name in COLUMNS}
        values["began"] = calendar.at(record.began).isoformat(timespec="seconds")
        yield _line([harmless(value) for value in values.values()])


def _line(cells: Any) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _event(row: str) -> str:
    return "".join(f"data: {line}\n" for line in row.strip().splitlines()) + "\n"
