"""Signing in by password, and signing out."""

from __future__ import annotations

import math

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask import session as cookie
from werkzeug.wrappers import Response

from vipgate_fs.admin.application import access, desk
from vipgate_fs.admin.pages.by_link import begin
from vipgate_fs.admin.sign_in import sign_in

page = Blueprint("signing_in", __name__)


@page.get("/sign-in")
def show() -> str | Response:
    """The form."""
    if g.session is not None:
        return redirect(url_for("overview.show"))
    return render_template("signing_in.html", name="", waits=0, left=0)


@page.post("/sign-in")
def enter() -> tuple[str, int] | Response:
    """Try a password, and a code. Whoever has tried too often waits, and learns nothing meanwhile."""
    name, password, code = (request.form.get(key, "") for key in ("name", "password", "code"))
    tried = sign_in(desk(), name.strip()[:100], password, code[:20])
    if tried.account is not None:
        desk().note("sign in", tried.account.name)
        return begin(tried.account.name, tried.account.role, tried.account.stamp)
    desk().log.warning("a sign-in on the administration page was refused")
    minutes = math.ceil(tried.waits / 60)
    return render_template("signing_in.html", name=name, waits=minutes, left=tried.left, refused=True), 403


@page.post("/sign-out")
def leave() -> Response:
    """Sign out."""
    access().end(cookie.pop("key", ""))
    cookie.clear()
    return redirect(url_for("signing_in.show"))
