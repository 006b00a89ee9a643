"""Known callers: from whose number the right PIN came, where and when; and forgetting that."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Final

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vipgate_fs.admin.application import desk
from vipgate_fs.admin.asking import sought
from vipgate_fs.gate.lockout import Lockout
from vipgate_fs.store import tallies

page = Blueprint("known", __name__)

_PAGE: Final = 50


@page.get("/known-callers")
def show() -> str:
    """A page of them."""
    configuration = desk().configuration(desk().status())
    calendar, plan = configuration.site.calendar, configuration.site.plan
    number = request.args.get("number", "").strip()[:40]
    part = sought(number, plan)
    now, after = time.time(), _cursor(request.args.get("after", ""))
    found = desk().ask(lambda connection: tallies.known(connection, now, part, _PAGE + 1, after))
    limits = {gate.name: gate.lockout for gate in configuration.gates}
    return render_template(
        "known.html",
        found=[(each, each.failures >= limits.get(each.gate, Lockout()).failures) for each in found[:_PAGE]],
        number=number,
        after=json.dumps((found[_PAGE - 1].gate, found[_PAGE - 1].who)) if len(found) > _PAGE else "",
        now=calendar.at(now),
        at=calendar.at,
    )


@page.post("/known-callers/forget")
def forget() -> Response:
    """Let one of them be a stranger again."""
    gate, who = request.form.get("gate", ""), request.form.get("who", "")
    if desk().change(lambda connection: tallies.forget_known(connection, gate, who)):
        desk().note("known caller forgotten", g.session.name or "link", gate=gate, who=who)
    return redirect(url_for(".show", number=request.form.get("number") or None), 303)


def _cursor(text: str) -> tuple[str, str] | None:
    with suppress(ValueError, TypeError):
        gate, who = json.loads(text)
        return str(gate), str(who)
    return None
