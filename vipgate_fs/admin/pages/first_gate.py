"""The first gate by four questions, while there is no configuration yet: `vipgate admin setup`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Final

from flask import Blueprint, current_app, g, render_template, request

from vipgate_fs.admin.application import desk
from vipgate_fs.admin.pages.new_gate import answers_of
from vipgate_fs.admin.words import phrase, said
from vipgate_fs.preview import expectations
from vipgate_fs.sentences.system import system_says
from vipgate_fs.setup import files, place
from vipgate_fs.setup.answers import Proof, Unusable, numbers_of
from vipgate_fs.setup.making import make

page = Blueprint("first_gate", __name__)

_MARKED: Final = frozenset(("numbers", "hours", "holidays", "callers", "onward", "refused"))
"""Questions with a field of their own."""


@page.get("/")
def show() -> str:
    """The questions."""
    return _asked({"proof": Proof.PIN.value, "hours": phrase("mon-fri 8-17")})


@page.post("/")
def begin() -> str | tuple[str, int]:
    """Write the configuration, and show what it does, and the PINs that were chosen for it, here and only now."""
    given = {name: value.strip() for name, value in request.form.items()}
    path, where, end = _setup()
    zone = place.machines_zone()
    country = place.country_of(numbers_of(given.get("numbers", "")), zone, g.language)
    holidays = given.get("holidays") or (place.holidays_of(country) if given.get("when") == "outside" else None)
    site = {"country": country, "timezone": place.timezone_of(country, zone), "holidays": holidays}
    if there := next(iter(files.taken(path)), None):
        return _asked(given, {"file": phrase("{file} exists and is not overwritten.", file=there)}), 409
    try:
        made = make(answers_of(given, site, where), path, dt.datetime.now().astimezone().date())
        files.write(path, made)
    except Unusable as fault:
        question = fault.question if fault.question in _MARKED else "numbers"
        return _asked(given, {question: "; ".join(said(why) for why in fault.why)}), 422
    except OSError as error:
        why = said(system_says(error))
        return _asked(given, {"file": phrase("{file} can't be written: {why}", file=error.filename, why=why)}), 500
    desk().note("first configuration", "link", path=str(path))
    end()
    return render_template("first_gate_made.html", path=path, pins=made.pins, trials=_trials())


def _setup() -> tuple[Path, str, Callable[[], None]]:
    """The file, where the page listens, and what ends the set-up."""
    where, end = current_app.extensions["vipgate_setup"]
    return desk().path, where, end


def _trials() -> list[tuple[expectations.Expectation, bool]]:
    """The calls for trial that were written beside the configuration, and whether they end as expected."""
    configuration = desk().loaded().configuration
    _, expected, _ = expectations.load(files.beside(desk().path))
    return [
        (each, configuration is not None and not expectations.play(each, configuration).faults) for each in expected
    ]


def _asked(given: dict[str, str], wrong: dict[str, str] | None = None) -> str:
    return render_template("first_gate.html", given=given, wrong=wrong or {})
