"""A new gate by four questions: the same answers, and the same maker, as `vipgate init`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final

from flask import Blueprint, g, render_template, request

from vipgate_fs.admin.access import administrators_only
from vipgate_fs.admin.application import desk
from vipgate_fs.admin.desk import Draft
from vipgate_fs.admin.grafting import grafted
from vipgate_fs.admin.tables import like_a_number
from vipgate_fs.admin.words import phrase, said
from vipgate_fs.document.editing import CannotEdit, decoded
from vipgate_fs.document.outline import singles
from vipgate_fs.sentences import say
from vipgate_fs.setup.answers import Answers, Proof, Unusable, hours_of, numbers_of
from vipgate_fs.setup.making import make

page = Blueprint("new_gate", __name__)

_NAME: Final = re.compile(r"[^\W\d_][\w-]{0,63}")
_OF_A_CALLER: Final = re.compile(r"[\t ]*(?:\t|;|,)[\t ]*")


@page.get("/new-gate")
@administrators_only
def show() -> str:
    """The questions."""
    return _asked({"proof": Proof.PIN.value, "hours": phrase("mon-fri 8-17")})


@page.post("/new-gate")
@administrators_only
def begin() -> str | tuple[str, int]:
    """Make the gate as a draft, and show the PINs that were chosen for it, here and only now."""
    given = {name: value.strip() for name, value in request.form.items()}
    content = desk().content()
    name = given.get("name", "")
    if _NAME.fullmatch(name) is None:
        return _asked(given, {"name": phrase("Letters, digits, - and _, beginning with a letter.")}), 422
    try:
        answers = answers_of(given, _site(content))
        made = make(answers, desk().path, dt.datetime.now().astimezone().date())
        draft = grafted(content, made.configuration, name)
    except Unusable as fault:
        return _asked(given, {fault.question: "; ".join(said(why) for why in fault.why)}), 422
    except CannotEdit as why:
        return _asked(given, {"name": said(why.args[0])}), 422
    by = g.session.name or phrase("by link")
    kept = desk().drafts.put(Draft(draft, content, by, phrase("new gate {name}", name=name)))
    return render_template("new_gate_made.html", name=name, draft=kept, pins=made.pins)


def _asked(given: dict[str, str], wrong: dict[str, str] | None = None) -> str:
    return render_template("new_gate.html", given=given, wrong=wrong or {})


def _callers(text: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Callers, a line each, with a PIN behind a tab, semicolon or comma if they have one; as pasted from Excel.

    Raises:
        Unusable: what stands behind one is another number, or no PIN.
    """
    callers: list[str] = []
    pins: dict[str, str] = {}
    for line in filter(str.strip, text.splitlines()):
        number, *more = _OF_A_CALLER.split(line.strip())
        callers.append(number)
        if any(like_a_number(each) > 1 for each in more):
            raise Unusable(
                "callers", [say("{caller}: what stands behind it is another number; one a line", caller=number)]
            )
        if more and more[0]:
            pins[number] = more[0]
    return tuple(dict.fromkeys(callers)), pins


def answers_of(given: Mapping[str, str], site: Mapping[str, str | None], page: str | None = None) -> Answers:
    """What the form says, for a site with that country, time zone and holidays. Raises Unusable."""
    callers, pins = _callers(given.get("callers", ""))
    proof = Proof(given["proof"]) if given.get("proof") in set(Proof) else Proof.PIN
    by_pin = proof is Proof.PIN
    return Answers(
        numbers=numbers_of(given.get("numbers", "")),
        hours=hours_of(given.get("hours", "")) if given.get("when", "outside") == "outside" else (),
        proof=proof,
        callers=() if by_pin else callers,
        pins={} if by_pin or proof is Proof.LISTED else pins,
        onward=given.get("onward") or None,
        refused=given.get("refused") or None,
        language=g.language,
        country=site.get("country") or "DE",
        timezone=site.get("timezone") or "Europe/Berlin",
        holidays=site.get("holidays"),
        page=page,
    )


def _site(content: bytes) -> dict[str, str | None]:
    known = dict(singles(decoded(content)[0]))
    return {key: known[("site", key)].text for key in ("country", "timezone", "holidays") if ("site", key) in known}
