"""Try it: a call for trial, with who decides and what the caller experiences. It changes nothing."""

from __future__ import annotations

import datetime as dt
import re
from contextlib import suppress
from dataclasses import replace
from typing import Final

import gevent
from flask import Blueprint, render_template, request

from vipgate_fs.admin.application import desk
from vipgate_fs.admin.asking import explain, memory_of
from vipgate_fs.admin.words import phrase
from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.dialable import as_dialled
from vipgate_fs.gate.memory import ReadOnly
from vipgate_fs.service.embedded import embedded_gate
from vipgate_fs.service.logs import silent
from vipgate_fs.simulator import Caller, Dialplan, Directory, Extension, Simulator
from vipgate_fs.simulator.experience import Experience, Moment, What

page = Blueprint("trying", __name__)

_KEYS: Final = re.compile(r"[0-9*#]{0,32}", re.ASCII)
_ENTRIES: Final = ("first", "second", "third")
_LONGEST: Final = 40
_SPEED: Final = 50.0
_PATIENCE: Final = 30.0
"""Seconds for a call for trial."""


@page.get("/try")
def show() -> str:
    """The form, perhaps filled in with a call that was recorded."""
    now = desk().configuration(desk().status()).site.calendar.now()
    given = {name: request.args.get(name, "")[:_LONGEST] for name in ("caller", "called", "at")}
    return render_template("trying.html", given={**given, "at": given["at"] or _written(now)}, now=now, keys=_ENTRIES)


@page.post("/try")
def place() -> str | tuple[str, int]:
    """Place it."""
    configuration = desk().configuration(desk().status())
    now = configuration.site.calendar.now()
    form = {name: value.strip()[:_LONGEST] for name, value in request.form.items()}
    at = now
    with suppress(ValueError):
        at = dt.datetime.fromisoformat(form.get("at", "")).replace(tzinfo=now.tzinfo)
    entries = tuple(filter(None, (form.get(name, "") for name in _ENTRIES)))
    wrong = ""
    if not form.get("called"):
        wrong = phrase("Say which number is called.")
    elif not all(_KEYS.fullmatch(keys) for keys in entries):
        wrong = phrase("The keys of a telephone are 0 to 9, * and #.")
    if wrong:
        return render_template("trying.html", given=form, now=now, keys=_ENTRIES, wrong=wrong), 422
    called, caller = as_dialled(form["called"]), as_dialled(form.get("caller", "")) or "anonymous"
    user, group = form.get("user", ""), form.get("group", "")
    site = configuration.site
    call = Call(
        uuid="page",
        caller=site.trunk.caller(caller),
        called=site.trunk.canonical(called),
        dialled=called,
        called_users=frozenset(filter(None, [user])),
        called_groups=frozenset(filter(None, [group])),
    )
    memory = memory_of(desk(), configuration, at.timestamp)
    live = "live" in form
    explained = explain(configuration, call, at, memory, live=live)
    experience, trouble = None, ""
    steps = explained.decision.gate.steps if explained.decision.gate else ()
    if live or not any(step.waits for step in steps[: len(steps) - len(explained.unreached)]):
        with gevent.Timeout(_PATIENCE, False):  # noqa: FBT003 - gevent's way to be silent
            try:
                experience = _experience(configuration, caller, called, entries, at, memory, user, group)
            except ValueError as error:
                trouble = str(error)
    return render_template(
        "trying.html",
        given=form,
        now=now,
        keys=_ENTRIES,
        explained=explained,
        experience=experience,
        moments=_until_transfer(experience.moments) if experience else [],
        trouble=trouble,
    )


def _experience(  # noqa: PLR0913, PLR0917 - all that a call depends on
    configuration: Configuration,
    caller: str,
    called: str,
    entries: tuple[str, ...],
    at: dt.datetime,
    memory: ReadOnly,
    user: str,
    group: str,
) -> Experience:
    """What the caller experiences, by a simulated switch. Raises ValueError."""
    who = user or called
    directory = Directory(users={who: called}, groups={group: [who]} if group else {}, knows_all=True)
    anywhere = replace(configuration, site=replace(configuration.site, domain=None))
    dialplan = Dialplan(Extension((("socket", "127.0.0.1:0 async full"),), matches=True))
    with embedded_gate(anywhere, lambda: at, memory=memory, log=silent()) as dial:
        simulator = Simulator(speed=_SPEED, directory=directory, dialplan=dialplan, dial=dial)
        return simulator.call(Caller(caller, dial=entries), called)


def _until_transfer(moments: list[Moment]) -> list[Moment]:
    """What happens while the gate has the call."""
    ends = [index for index, moment in enumerate(moments, 1) if moment.what == What.TRANSFERRED]
    return moments[: ends[0]] if ends else moments


def _written(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"
