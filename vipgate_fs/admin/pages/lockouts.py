"""Lockouts: who is locked out or close to it, and clearing that."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast, get_args

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vipgate_fs.admin.application import desk
from vipgate_fs.gate.lockout import Account, AccountKind, Lockout
from vipgate_fs.store import tallies

page = Blueprint("lockouts", __name__)

_PAIRS: Final = {"customer": ("customer", "known_customer"), "gate": ("gate", "known_gate")}
"""Accounts that are cleared together."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An account on the page.

    Attributes:
        failures: failed attempts that are not forgiven.
        most: of them before a lockout.
        until: Unix time of the lockout's end; None: it is not locked out.
        lasts: minutes of the lockout's rest, at least 1.
    """

    account: Account
    failures: int
    most: int
    until: float | None
    lasts: int


@page.get("/lockouts")
def show() -> str:
    """All of them."""
    configuration = desk().configuration(desk().status())
    calendar = configuration.site.calendar
    now = time.time()
    limits = {gate.name: gate.lockout for gate in configuration.gates}
    kept = desk().ask(lambda connection: list(tallies.kept(connection)))
    found = [_standing(each, limits.get(each.account.gate, Lockout()), now) for each in kept]
    return render_template(
        "lockouts.html",
        locked=[each for each in found if each.until],
        near=[each for each in found if not each.until and each.failures],
        now=calendar.at(now),
        at=calendar.at,
    )


@page.post("/lockouts/clear")
def clear() -> Response:
    """Forget failed attempts and lockouts: of an account, or all."""
    by = g.session.name or "link"
    if request.form.get("all"):
        cleared = desk().change(tallies.clear)
        desk().note("lockouts clear", by, all=True, cleared=cleared)
        return redirect(url_for(".show"), 303)
    gate, kind, who = (request.form.get(name, "") for name in ("gate", "kind", "who"))
    if kind not in get_args(AccountKind):
        abort(400)
    kinds = cast("Sequence[AccountKind]", _PAIRS.get(kind.removeprefix("known_"), (kind,)))
    cleared = desk().change(lambda connection: tallies.clear(connection, gate, kinds, who))
    desk().note("lockouts clear", by, gate=gate, kind=kind, who=who, cleared=cleared)
    return redirect(url_for(".show"), 303)


def _standing(kept: tallies.Kept, lockout: Lockout, now: float) -> Standing:
    tally, limit = kept.tally, lockout.of(kept.account)
    return Standing(
        kept.account,
        tally.at(now, limit).failures,
        limit.failures,
        tally.locked_until if tally.is_locked(now) else None,
        max(1, round((tally.locked_until - now) / 60)),
    )
