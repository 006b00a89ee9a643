"""Signing in by a link of `vipgate admin link` or `vipgate admin setup`."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template
from flask import session as cookie
from werkzeug.wrappers import Response

from vipgate_fs.admin.application import access, desk
from vipgate_fs.store.accounts import ADMINISTRATOR

page = Blueprint("by_link", __name__)


@page.get("/link")
def show() -> tuple[str, int]:
    """Where links come from."""
    return render_template("link.html", token=None), 403


@page.get("/link/<token>")
def link(token: str) -> tuple[str, int] | str:
    """A button: what only looks at a link, such as a messenger, does not use it up."""
    if not access().is_good(token):
        return render_template("link.html", token=None), 403
    return render_template("link.html", token=token)


@page.post("/link/<token>")
def follow(token: str) -> tuple[str, int] | Response:
    """Sign in by a link."""
    if not access().use(token):
        return render_template("link.html", token=None), 403
    desk().note("sign in", "link")
    return begin("", ADMINISTRATOR)


def begin(name: str, role: str, stamp: str = "") -> Response:
    """Begin a session under a key, and with a token for forms, that nobody has seen before (CWE-384)."""
    access().end(cookie.get("key", ""))
    cookie.clear()
    cookie["key"] = access().begin(name, role, stamp)
    return redirect("/", 303)
