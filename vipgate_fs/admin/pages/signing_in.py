"""Signing in by password, and signing out."""

from __future__ import annotations

import math

import gevent
from flask import Blueprint, g, redirect, render_template, request, url_for
from flask import session as cookie
from werkzeug.wrappers import Response

from vipgate_fs.admin import passwords
from vipgate_fs.admin.application import access, desk
from vipgate_fs.admin.pages.by_link import begin
from vipgate_fs.store import accounts

page = Blueprint("signing_in", __name__)


@page.get("/sign-in")
def show() -> str | Response:
    """The form."""
    if g.session is not None:
        return redirect(url_for("overview.show"))
    return render_template("signing_in.html", name="", waits=0, left=0)


@page.post("/sign-in")
def enter() -> tuple[str, int] | Response:
    """Try a password. Whoever has tried too often waits, and learns nothing meanwhile."""
    name, password = request.form.get("name", "").strip()[:100], request.form.get("password", "")
    waits, left = access().waits(name), 0
    if not waits:
        account = desk().ask(lambda connection: accounts.find(connection, name))
        pool = gevent.get_hub().threadpool  # argon2 takes its time, and others shall not wait for it
        if pool.apply(passwords.is_right, (password, account and account.proof)) and account is not None:
            access().note_success(name)
            desk().note("sign in", account.name)
            return begin(account.name, account.role, account.proof)
        access().note_failure(name)
        desk().log.warning("a sign-in on the administration page was refused")
        waits, left = access().waits(name), access().left(name)
    minutes = math.ceil(waits / 60)
    return render_template("signing_in.html", name=name, waits=minutes, left=left, refused=True), 403


@page.post("/sign-out")
def leave() -> Response:
    """Sign out."""
    access().end(cookie.pop("key", ""))
    cookie.clear()
    return redirect(url_for("signing_in.show"))
