"""Guest PINs: issued here and shown once, listed without their digits, revoked."""

from __future__ import annotations

import datetime as dt
import time
from typing import Final

import segno
from flask import Blueprint, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from vipgate_fs.admin.application import desk
from vipgate_fs.admin.words import phrase, said
from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.call import WITHHELD, storable
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.identify.caller_pin import NUMBER
from vipgate_fs.store import guests, issuing
from vipgate_fs.store.key import KeyUnusable

page = Blueprint("guest_pins", __name__)

_USES: Final = {"1": 1, "5": 5, "any": None}
_LENGTHS: Final = {"24h": 86_400.0, "7d": 7 * 86_400.0}
_SHORTEST, _LONGEST, _USUAL = 6, 12, 8
"""Digits of a PIN."""
_LONGEST_NOTE: Final = 200


@page.get("/guest-pins")
def show() -> str:
    """The form, and those that are valid."""
    return _listed()


@page.post("/guest-pins")
def issue() -> str | tuple[str, int]:
    """Issue one, and show it in this answer only."""
    configuration = desk().configuration(desk().status())
    calendar = configuration.site.calendar
    now = calendar.now()
    gate, written = request.form.get("gate", ""), request.form.get("caller", "").strip()
    if gate not in _gates(configuration):
        return _listed(phrase("Choose a gate.")), 422
    caller = configuration.site.plan.caller(written) if written else None
    if caller is not None and (caller == WITHHELD or not NUMBER.fullmatch(caller)):
        return _listed(phrase("{written} is not a telephone number.", written=written)), 422
    try:
        digits = min(max(int(request.form.get("digits", _USUAL)), _SHORTEST), _LONGEST)
        until = _end(calendar, request.form.get("length", "24h"), request.form.get("until", ""))
    except ValueError:
        return _listed(phrase("Say until when: a moment that is yet to come.")), 422
    uses = _USES.get(request.form.get("uses", "1"), 1)
    note = storable(request.form.get("note", ""), longest=_LONGEST_NOTE)
    guest = guests.IssuedPin("", gate, caller, until, uses, note, time.time())
    try:
        pin, guest = issuing.issue(desk().change, configuration.store.key_file, guest, digits)
    except issuing.KeyLost as lost:
        return _listed(phrase("The key of guest PINs is lost; on the server:") + f" {lost}"), 422
    except KeyUnusable as error:
        return _listed(said(str(error))), 422
    desk().note("pin issue", g.session.name or "link", gate=gate, id=guest.id, uses=uses)
    number = _dialled(configuration, gate)
    return render_template(
        "guest_pin_issued.html",
        pin=pin,
        guest=guest,
        number=number,
        picture=_picture(number, pin) if number else None,
        now=now,
        until=calendar.at(guest.valid_until),
    )


@page.post("/guest-pins/<guest>/revoke")
def revoke(guest: str) -> Response:
    """Revoke one at once."""
    if desk().change(lambda connection: guests.revoke(connection, guest)):
        desk().note("pin revoke", g.session.name or "link", id=guest)
    return redirect(url_for(".show"), 303)


def _listed(wrong: str = "") -> str:
    configuration = desk().configuration(desk().status())
    calendar, now = configuration.site.calendar, time.time()
    listed = desk().ask(lambda connection: list(guests.read(connection)))
    return render_template(
        "guest_pins.html",
        wrong=wrong,
        form=request.form,
        gates=_gates(configuration),
        choices=[(name, name) for name in _gates(configuration)],
        valid=[guest for guest in listed if guest.is_valid(now)],
        now=calendar.at(now),
        at=calendar.at,
    )


def _gates(configuration: Configuration) -> list[str]:
    """Those with the step."""
    return [gate.name for gate in configuration.gates if any(step.kind == "guest_pin" for step in gate.steps)]


def _end(calendar: Calendar, length: str, until: str) -> float:
    """The Unix time of its end. Raises ValueError."""
    now = calendar.now()
    if length == "today":
        return calendar.midnight(now.date() + dt.timedelta(days=1)).timestamp()
    if length == "until":
        end = dt.datetime.fromisoformat(until).replace(tzinfo=calendar.timezone)
        if end <= now:
            raise ValueError
        return end.timestamp()
    return time.time() + _LENGTHS.get(length, _LENGTHS["24h"])


def _dialled(configuration: Configuration, name: str) -> str | None:
    """A number of the gate's that can be dialled from anywhere; None when it protects none such."""
    gate = next(gate for gate in configuration.gates if gate.name == name)
    numbers = (str(pattern) for pattern, _ in gate.protects.numbers)
    plan = configuration.site.plan
    return next((plan.canonical(each) for each in numbers if each.startswith("+") and plan.is_complete(each)), None)


def _picture(number: str, pin: str) -> Markup:
    """A QR code that dials the number, waits and keys in the PIN."""
    drawn = segno.make(f"tel:{number},,{pin}", error="m").svg_inline(scale=4, border=0, svgclass="qr", omitsize=True)
    label = phrase("QR code: dials the number and keys in the PIN")
    return Markup(drawn.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1))  # noqa: S704 - digits only
