"""One's own account: one-time codes beside the password (RFC 6238), to be switched on and off."""

from __future__ import annotations

import math
import secrets
from dataclasses import replace

import segno
from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask import session as cookie
from markupsafe import Markup
from werkzeug.wrappers import Response

from vipgate_fs.admin.application import access, desk
from vipgate_fs.admin.pages.by_link import begin
from vipgate_fs.admin.sign_in import Tried, enrol, secret, sign_in, uri
from vipgate_fs.store import accounts
from vipgate_fs.store.accounts import Account

page = Blueprint("account", __name__)


@page.get("/account")
def show() -> str:
    """What it is, and whether codes are asked for."""
    return _shown(_own())


@page.post("/account/codes")
def begin_codes() -> str | tuple[str, int]:
    """After the password: a key for the app, shown in this answer only. Without a code of it, nothing changes."""
    account = _own()
    if account.codes is not None:
        abort(409)
    tried = _tried(account)
    if tried.account is None:
        return _shown(account, tried), 403
    draft = replace(account, codes=secrets.token_hex(16))
    access().wait_for(cookie["key"], draft.codes)
    return _key(draft)


@page.post("/account/codes/confirm")
def confirm() -> Response | tuple[str, int]:
    """A code of the key: from now on they are asked for."""
    account = _own()
    draft = replace(account, codes=access().waiting(cookie["key"]))
    if draft.codes is None or account.codes is not None:
        return redirect(url_for(".show"), 303)
    if not enrol(desk(), draft, request.form.get("code", "")[:20]):
        return _key(draft, wrong=True), 422
    desk().note("codes on", account.name)
    return _begin_anew(draft)


@page.post("/account/codes/off")
def end_codes() -> Response | tuple[str, int]:
    """After password and code: no more codes."""
    account = _own()
    tried = _tried(account)
    if tried.account is None:
        return _shown(account, tried), 403
    desk().change(lambda connection: accounts.set_codes(connection, account.name, None))
    desk().note("codes off", account.name)
    return _begin_anew(replace(account, codes=None))


def _own() -> Account:
    """Whose session it is; whoever came by a link has no account."""
    name = g.session.name
    account = desk().ask(lambda connection: accounts.find(connection, name)) if name else None
    if account is None:
        abort(404)
    return account


def _tried(account: Account) -> Tried:
    """The password again, and the code: who has found a screen unlocked has neither. It counts as signing in does."""
    return sign_in(desk(), account.name, request.form.get("password", ""), request.form.get("code", "")[:20])


def _begin_anew(account: Account) -> Response:
    """What one signs in with is another, so all sessions of the account have ended."""
    begin(account.name, account.role, account.stamp)
    return redirect(url_for(".show"), 303)


def _shown(account: Account, tried: Tried | None = None) -> str:
    minutes = math.ceil(tried.waits / 60) if tried else 0
    return render_template("account.html", account=account, tried=tried, waits=minutes)


def _key(draft: Account, *, wrong: bool = False) -> str:
    of_draft = secret(desk(), draft, makes=True)
    address = uri(of_draft, draft.name)
    drawn = segno.make(address, error="m", micro=False).svg_inline(scale=4, border=4, omitsize=True, light="#fff")
    return render_template(
        "account_codes.html",
        key=" ".join(of_draft[begin : begin + 4] for begin in range(0, len(of_draft), 4)),
        address=address,
        qr=Markup(drawn),  # noqa: S704 - of a library, of what is made here
        wrong=wrong,
    )
